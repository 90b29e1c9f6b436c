// The page on which a sign-in for the command line ends, in the language of the browser.
import type { IncomingHttpHeaders } from 'node:http'
import { html, lookOf, standalonePage } from '@lakelet/theme/pages'

const texts = {
  en: {
    done: ['You are signed in', 'The command line has its token. You can close this window.'],
    refused: ['The sign-in was refused', 'Nothing was given to the command line. Run the command again.'],
    foreign: [
      'This is not the answer to a sign-in',
      'Go back to the terminal and open the address it shows.',
    ],
  },
  ja: {
    done: [
      'サインインしました',
      'コマンドラインがトークンを受け取りました。このウィンドウは閉じてかまいません。',
    ],
    refused: [
      'サインインは拒否されました',
      'コマンドラインには何も渡されていません。コマンドをもう一度実行してください。',
    ],
    foreign: [
      'これはサインインへの応答ではありません',
      'ターミナルに戻り、表示されているアドレスを開いてください。',
    ],
  },
} as const

/** A page that says how a sign-in ended; `error` is the OAuth server's code of a refusal. */
export function signedInPage(
  outcome: keyof (typeof texts)['en'],
  headers: IncomingHttpHeaders,
  error: string,
): ReturnType<typeof standalonePage> {
  const look = lookOf(headers)
  const [title, text] = texts[look.language][outcome]
  const code = outcome === 'refused' ? html`<p><code>${error.slice(0, 200)}</code></p>` : html``
  const body = html`<h1>${title}</h1>
    <p>${text}</p>
    ${code}`
  return standalonePage({ title, body: () => body }, look)
}
