import { type Theme, THEME_COOKIE, THEMES } from '@lakelet/theme'
import { rememberChoice } from '../text/index.ts'

export function chosenTheme(): Theme {
  const chosen = document.documentElement.dataset['theme']
  return THEMES.find((each) => each === chosen) ?? 'system'
}

/** Shows the theme at once and remembers it. */
export function switchTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme
  rememberChoice(THEME_COOKIE, theme)
}
