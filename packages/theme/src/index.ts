// The choice of language and theme, which a person makes once: cookies say it, so that the first byte of a page has it already.

/** The languages of Lakelet's pages. */
export const LANGUAGES = ['en', 'ja'] as const
export type Language = (typeof LANGUAGES)[number]

/** `system` follows the operating system. */
export const THEMES = ['system', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

export const LANGUAGE_COOKIE = 'lakelet_lang'
export const THEME_COOKIE = 'lakelet_theme'

/** The headers of a request that the choice is made from. */
export interface ChoiceHeaders {
  readonly cookie?: string | undefined
  readonly 'accept-language'?: string | undefined
}

/** The language of a page: the cookie's, else the first of Accept-Language that there is, else English. */
export function chooseLanguage(headers: ChoiceHeaders): Language {
  const chosen = cookieValue(headers.cookie, LANGUAGE_COOKIE)
  return LANGUAGES.find((each) => each === chosen) ?? preferred(headers['accept-language'] ?? '')
}

/** The theme of a page: the cookie's, else the operating system's. */
export function chooseTheme(headers: ChoiceHeaders): Theme {
  const chosen = cookieValue(headers.cookie, THEME_COOKIE)
  return THEMES.find((each) => each === chosen) ?? 'system'
}

/** The best language of an Accept-Language header (RFC 9110, 12.5.4). */
function preferred(header: string): Language {
  const ranges = header
    .split(',')
    .map((range) => {
      const [tag = '', ...parameters] = range
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/)
      const quality = parameters.find((each) => each.startsWith('q='))
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 }
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
  for (const { tag } of ranges) {
    const found = LANGUAGES.find((language) => tag === language || tag.startsWith(`${language}-`))
    if (found) return found
  }
  return 'en'
}

function cookieValue(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}
