// The pages that a browser sees on the way to being signed in. They need no script; their styles are the theme's.
import { html, type Html, lookOf, PAGE_HEADERS, pageDocument, type PageLook } from '@lakelet/theme/pages'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type PageTexts, pageTexts } from './page-texts.ts'

/** A page in the words of one language. */
export interface SignInPage {
  readonly title: string
  readonly body: Html
}

/** Makes a page of the texts of the language that is asked for. */
export type Say = (texts: PageTexts) => SignInPage

/** A whole page. */
export function page(say: Say, look: PageLook): string {
  return pageDocument(say(pageTexts[look.language]), look)
}

/** What every page is sent with; `formTargets` are the origins that a form's redirects may end at. */
export function pageHeaders(formTargets: readonly string[] = []): Record<string, string> {
  return {
    ...PAGE_HEADERS,
    vary: 'accept-language, cookie',
    'content-security-policy': [
      "default-src 'none'",
      "style-src 'self'",
      `form-action ${["'self'", ...formTargets].join(' ')}`,
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
  }
}

/** Sends a page in the language of `request`. */
export function sendPage(
  request: FastifyRequest,
  reply: FastifyReply,
  say: Say,
  options: { readonly status?: number; readonly formTargets?: readonly string[] } = {},
): FastifyReply {
  return reply
    .code(options.status ?? 200)
    .headers(pageHeaders(options.formTargets))
    .send(page(say, lookOf(request.headers)))
}

/** For visitors without a session. */
export function signInPage(next: string | undefined, command: string): Say {
  return ({ signIn }) => {
    const after = next
      ? html`<p class="dim">${signIn.comeBack}</p>
          <div class="row"><a class="button primary" href="${next}">${signIn.goOn}</a></div>`
      : html``
    const body = html`<h1>${signIn.title}</h1>
      <p>${signIn.how}</p>
      <ul>
        <li>${signIn.printed(html`<code>${command} up</code>`)}</li>
        <li>${signIn.fresh(html`<code>${command} open</code>`)}</li>
      </ul>
      <p class="dim">${signIn.once}</p>
      ${after}`
    return { title: signIn.title, body }
  }
}

/** Asks before a one-time link is used up, so that a mail scanner or a preview cannot. */
export function confirmSignInPage(options: { readonly code: string; readonly next: string }): Say {
  return ({ signIn }) => ({
    title: signIn.title,
    body: html`<h1>${signIn.confirmTitle}</h1>
      <p>${signIn.confirm}</p>
      <form method="post" action="/sign-in/link">
        <input type="hidden" name="code" value="${options.code}" />
        <input type="hidden" name="next" value="${options.next}" />
        <div class="row"><button class="primary" type="submit">${signIn.title}</button></div>
      </form>`,
  })
}

/** A link that was used or is too old. */
export function spentPage(command: string): Say {
  return ({ signIn }) => messagePage(signIn.spentTitle, signIn.spent(html`<code>${command} open</code>`))
}

/** A form that another page sent. */
export const refusedPage: Say = ({ refused }) => messagePage(refused.title, html`${refused.text}`)

/** An authorization that is over. */
export const endedPage: Say = ({ ended }) => messagePage(ended.title, html`${ended.text}`)

/** What the OAuth server refuses, with its own words, which are for who wrote the program. */
export function failedPage(error: string, description: string | undefined): Say {
  return ({ failed }) =>
    messagePage(failed.title, html`${failed.text}`, description ? `${error}: ${description}` : error)
}

function messagePage(title: string, text: Html, foreign?: string): SignInPage {
  const quoted = foreign === undefined ? html`` : html`<p><code lang="en">${foreign}</code></p>`
  return {
    title,
    body: html`<h1>${title}</h1>
      <p>${text}</p>
      ${quoted}`,
  }
}

/** Asks whether an application may act for the user. */
export function consentPage(options: {
  readonly clientName: string
  readonly userName: string
  readonly scopes: readonly string[]
  readonly redirectHost: string
  readonly action: string
  readonly csrf: string
}): Say {
  return ({ consent, scopes }) => {
    const asked = options.scopes.map((scope) => html`<li>${scopes[scope] ?? scope}</li>`)
    const body = html`<h1>${consent.title(html`<bdi>${options.clientName}</bdi>`)}</h1>
      <p>${consent.who(html`<strong>${options.userName}</strong>`)}</p>
      <ul>
        ${asked}
      </ul>
      <p class="dim">${consent.answer(options.redirectHost)}</p>
      <form method="post" action="${options.action}">
        <input type="hidden" name="csrf" value="${options.csrf}" />
        <div class="row">
          <button type="submit" name="decision" value="deny">${consent.deny}</button>
          <button class="primary" type="submit" name="decision" value="allow">${consent.allow}</button>
        </div>
      </form>`
    return { title: consent.pageTitle, body }
  }
}
