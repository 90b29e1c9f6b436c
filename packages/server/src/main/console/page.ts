// The console's page: made for each response, so that language and theme are in its first byte and its nonce is used once.
import { html, pageDocument, type PageLook } from '@lakelet/theme/pages'
import type { ConsoleBuild } from './builds.ts'

export interface PageChoice extends PageLook {
  readonly nonce: string
}

/** The shell: no script but the build's own file. */
export function consolePage(build: ConsoleBuild, { language, theme, nonce }: PageChoice): string {
  const styles = build.styles.map((file) => html`<link rel="stylesheet" href="/${file}" />`)
  const preload = build.preload.map((file) => html`<link rel="modulepreload" href="/${file}" />`)
  const page = html`<!doctype html>
    <html lang="${language}" data-theme="${theme}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="lakelet-nonce" content="${nonce}" />
        <title>Lakelet</title>
        ${styles} ${preload}
        <script type="module" src="/${build.script}"></script>
      </head>
      <body>
        <div id="root"></div>
        <noscript>${NO_SCRIPT[language]}</noscript>
      </body>
    </html>`
  return page.markup
}

/** Shown while the console is being built; it looks again by itself. */
export function buildingPage(look: PageLook): string {
  const { title, text } = BUILDING[look.language]
  const body = html`<h1>${title}</h1>
    <p class="dim">${text}</p>`
  return pageDocument({ title, body, head: html`<meta http-equiv="refresh" content="1" />` }, look)
}

/** Headers of the console's page (CSP Level 3). Styles of the editor carry the nonce; there is no inline script at all. */
export function consoleHeaders(nonce: string): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': [
      "default-src 'none'",
      "script-src 'self'",
      `style-src 'self' 'nonce-${nonce}'`,
      // Browsers themselves write style attributes while one types over a selection in the editor.
      "style-src-attr 'unsafe-inline'",
      "img-src 'self' data:",
      "font-src 'self'",
      "connect-src 'self'",
      "form-action 'self'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ].join('; '),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'same-origin',
    'x-frame-options': 'DENY',
  }
}

const NO_SCRIPT = {
  en: 'The console needs JavaScript. The command line `lakelet` does everything without it.',
  ja: 'コンソールには JavaScript が必要です。コマンドライン `lakelet` は JavaScript なしですべて実行できます。',
} as const

const BUILDING = {
  en: {
    title: 'The console is being built',
    text: 'This happens once after a change of its sources and takes some seconds. The page opens by itself. The API works already.',
  },
  ja: {
    title: 'コンソールをビルドしています',
    text: 'ソースの変更後に一度だけ行われ、数秒かかります。ページは自動的に開きます。API はすでに利用できます。',
  },
} as const
