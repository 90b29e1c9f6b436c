// What a person sees in a browser in the place of an error's JSON: an address that is none, or one of the API's that was typed in.
import type { LakeletError } from '@lakelet/api'
import { html, type PageLook, pageDocument } from '@lakelet/theme/pages'
import { pageHeaders } from '../identity/pages.ts'

const en = {
  nothing: 'There is nothing at this address',
  failed: 'This address cannot be shown',
  said: 'The workspace says:',
  home: 'Go to the workspace',
}

const ja: typeof en = {
  nothing: 'このアドレスには何もありません',
  failed: 'このアドレスは表示できません',
  said: 'ワークスペースからのメッセージ:',
  home: 'ワークスペースへ移動',
}

const texts = { en, ja } as const

/** The page for `error`, in the words of the catalogue. */
export async function errorPage(
  error: LakeletError,
  look: PageLook,
): Promise<{ readonly headers: Readonly<Record<string, string>>; readonly markup: string }> {
  const words = texts[look.language]
  const message =
    look.language === 'ja' ? (await import('@lakelet/api/errors-ja')).sayInJapanese(error) : error.message
  const title = error.code === 'endpoint_not_found' ? words.nothing : words.failed
  const body = html`<h1>${title}</h1>
    <p>${words.said}</p>
    <pre>${message}</pre>
    <div class="row"><a class="button primary" href="/">${words.home}</a></div>`
  return { headers: pageHeaders(), markup: pageDocument({ title, body }, look) }
}
