// The pages that a browser sees on the way to being signed in. They need no script; their styles are the theme's.
import type { FastifyReply } from 'fastify'
import { html, type Html } from './html.ts'

/** A whole page. */
export function page(title: string, body: Html): string {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="same-origin" />
        <title>${title} · Lakelet</title>
        <link rel="stylesheet" href="/assets/pages.css" />
      </head>
      <body>
        <main>
          <p class="brand">Lakelet</p>
          ${body}
        </main>
      </body>
    </html>`
  return document.markup
}

/** What every page is sent with; `formTargets` are the origins that a form's redirects may end at. */
export function pageHeaders(formTargets: readonly string[] = []): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': [
      "default-src 'none'",
      "style-src 'self'",
      `form-action ${["'self'", ...formTargets].join(' ')}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
    // Under `no-referrer` browsers send `Origin: null` with the forms of these pages (Fetch standard, "append a request Origin header").
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  }
}

/** Sends a page. */
export function sendPage(
  reply: FastifyReply,
  title: string,
  body: Html,
  options: { readonly status?: number; readonly formTargets?: readonly string[] } = {},
): FastifyReply {
  return reply
    .code(options.status ?? 200)
    .headers(pageHeaders(options.formTargets))
    .send(page(title, body))
}

/** For visitors without a session. */
export function signInPage(next: string | undefined, command: string): Html {
  const after = next
    ? html`<p class="dim">When you are signed in, come back to this tab.</p>
        <div class="row"><a class="button primary" href="${next}">I am signed in: continue</a></div>`
    : html``
  return html`<h1>Sign in</h1>
    <p>
      This workspace belongs to somebody at this machine. To sign in, open the sign-in link from its terminal:
    </p>
    <ul>
      <li>the link that <code>${command} up</code> printed when it started, if it has not been used, or</li>
      <li>a new one: run <code>${command} open</code> on the machine.</li>
    </ul>
    <p class="dim">A link works once and for a short time.</p>
    ${after}`
}

/** Asks before a one-time link is used up, so that a mail scanner or a preview cannot. */
export function confirmSignInPage(options: { readonly code: string; readonly next: string }): Html {
  return html`<h1>Sign in to the workspace?</h1>
    <p>This link signs this browser in.</p>
    <form method="post" action="/sign-in/link">
      <input type="hidden" name="code" value="${options.code}" />
      <input type="hidden" name="next" value="${options.next}" />
      <div class="row"><button class="primary" type="submit">Sign in</button></div>
    </form>`
}

export function messagePage(title: string, text: string): Html {
  return html`<h1>${title}</h1>
    <p>${text}</p>`
}

/** Asks whether an application may act for the user. */
export function consentPage(options: {
  readonly clientName: string
  readonly userName: string
  readonly scopes: readonly string[]
  readonly redirectHost: string
  readonly action: string
  readonly csrf: string
}): Html {
  const scopes = options.scopes.map((scope) => html`<li>${SCOPE_TEXTS[scope] ?? scope}</li>`)
  return html`<h1>Let ${options.clientName} act for you?</h1>
    <p>You are signed in as <strong>${options.userName}</strong>. It asks to:</p>
    <ul>
      ${scopes}
    </ul>
    <p class="dim">
      The answer goes to ${options.redirectHost}. Allow this only if you have just started a sign-in yourself.
    </p>
    <form method="post" action="${options.action}">
      <input type="hidden" name="csrf" value="${options.csrf}" />
      <div class="row">
        <button type="submit" name="decision" value="deny">Deny</button>
        <button class="primary" type="submit" name="decision" value="allow">Allow</button>
      </div>
    </form>`
}

const SCOPE_TEXTS: Readonly<Record<string, string>> = {
  'all-apis': 'use every API of this workspace with your rights',
  offline_access: 'stay signed in until you revoke it',
  postgres: 'use Postgres projects and log in to their databases',
  openid: 'learn who you are',
  email: 'learn your e-mail address',
  profile: 'learn your name',
}
