// The server's own pages: sign-in, consent, an app that is down, its log, errors. One frame for all of them, in the language and the
// theme that the browser asks for. They need no script but the log's.
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { html, type Html } from './html.ts'
import { type ChoiceHeaders, chooseLanguage, chooseTheme, type Language, type Theme } from './index.ts'

export { html, type Html } from './html.ts'

/** How a page is to look for who asks. */
export interface PageLook {
  readonly language: Language
  readonly theme: Theme
}

export interface PageContent {
  readonly title: string
  readonly body: Html
  /** More in the head: a refresh. */
  readonly head?: Html
  readonly isWide?: boolean
}

/** The look that a request asks for, by its cookies and its Accept-Language. */
export function lookOf(headers: ChoiceHeaders): PageLook {
  return { language: chooseLanguage(headers), theme: chooseTheme(headers) }
}

/** A whole page with `styles` in its head: a link where the workspace serves them, else the styles themselves. */
export function pageDocument(
  { title, body, head = html``, isWide = false }: PageContent,
  { language, theme }: PageLook,
  styles: Html = html`<link rel="stylesheet" href="/assets/pages.css" />`,
): string {
  const width = isWide ? html` class="wide"` : html``
  return html`<!doctype html>
    <html lang="${language}" data-theme="${theme}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="referrer" content="same-origin" />
        <title>${title} · Lakelet</title>
        ${head} ${styles}
      </head>
      <body>
        <main${width}>
          <p class="brand">Lakelet</p>
          ${body}
        </main>
      </body>
    </html>`.markup
}

/** A page for an address whose paths are not ours, an app's: everything is in it, and its policy lets nothing else in. */
export function standalonePage(
  content: Omit<PageContent, 'body'> & {
    /** Gets the nonce that a script of the page has to bear. */
    readonly body: (nonce: string) => Html
  },
  look: PageLook,
): { readonly markup: string; readonly headers: Readonly<Record<string, string>> } {
  const nonce = randomBytes(16).toString('base64')
  const styles = html`<style nonce="${nonce}">
    ${{ markup: pagesCss() }}
  </style>`
  return {
    markup: pageDocument({ ...content, body: content.body(nonce) }, look, styles),
    headers: {
      ...PAGE_HEADERS,
      'content-security-policy': [
        "default-src 'none'",
        `style-src 'nonce-${nonce}'`,
        `script-src 'nonce-${nonce}'`,
        "connect-src 'self'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ].join('; '),
    },
  }
}

/** What every page is sent with, beside its policy. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  // Under `no-referrer` browsers send `Origin: null` with the forms of these pages (Fetch standard, "append a request Origin header").
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const

let styles: string | undefined

/** The styles of these pages, in one piece: an import would cost a second request. */
export function pagesCss(): string {
  return (styles ??= `${read('tokens.css')}${read('pages.css').replace("@import './tokens.css';", '')}`)
}

function read(name: string): string {
  return readFileSync(new URL(name, import.meta.url), 'utf8')
}
