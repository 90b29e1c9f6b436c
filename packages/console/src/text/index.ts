// The texts of the chosen language. `t` is filled before the first paint.
import { LANGUAGE_COOKIE, type Language } from '@lakelet/theme'
import type { Messages } from './messages.ts'

/** Read it while rendering, not when a module is loaded. */
export const t = {} as Messages

let chosen: Language = 'en'

export function language(): Language {
  return chosen
}

/** Loads the texts of the page's language. */
export async function loadTexts(): Promise<void> {
  chosen = document.documentElement.lang === 'ja' ? 'ja' : 'en'
  Object.assign(t, chosen === 'ja' ? (await import('./ja/index.ts')).ja : (await import('./en/index.ts')).en)
}

/** Remembers the language for a year and shows this page in it; the server writes it into the page's first byte. */
export function switchLanguage(next: Language): void {
  rememberChoice(LANGUAGE_COOKIE, next)
  location.reload()
}

/** Keeps a choice in a cookie that the server reads. */
export function rememberChoice(cookie: string, value: string): void {
  document.cookie = `${cookie}=${value}; Path=/; Max-Age=31536000; SameSite=Lax`
}
