import { LANGUAGES, type Language } from '@lakelet/theme'
import { useNavigate } from '@tanstack/react-router'
import { useRead } from '../api/queries.ts'
import { paths } from '../paths.ts'
import { language, switchLanguage, t } from '../text/index.ts'
import { Button } from '../ui/button.tsx'
import { User } from '../ui/icons.ts'
import { Menu } from '../ui/menu.tsx'
import { signOut } from './sign-out.ts'
import { chosenTheme, switchTheme } from './theme.ts'

/** Each in its own language, whatever the page's is. */
export const LANGUAGE_NAMES: Readonly<Record<Language, string>> = { en: 'English', ja: '日本語' }

export function UserMenu() {
  const navigate = useNavigate()
  const { data } = useRead('scim.me', {})
  const theme = chosenTheme()
  return (
    <Menu
      trigger={
        <Button variant="quiet" className="px-2" aria-label={t.shell.account}>
          <User size={16} aria-hidden />
        </Button>
      }
      groups={[
        {
          // A line of its own from the start: nothing moves under the pointer when the name comes.
          title: data?.userName ?? '\u00a0',
          entries: [{ label: t.preferences.title, onSelect: () => void navigate({ to: paths.preferences }) }],
        },
        {
          title: t.preferences.language,
          entries: LANGUAGES.map((each) => ({
            label: LANGUAGE_NAMES[each],
            isChosen: each === language(),
            onSelect: () => switchLanguage(each),
          })),
        },
        {
          title: t.preferences.theme,
          entries: (['system', 'light', 'dark'] as const).map((each) => ({
            label: t.preferences.themes[each],
            isChosen: each === theme,
            onSelect: () => switchTheme(each),
          })),
        },
        { entries: [{ label: t.shell.signOut, onSelect: signOut }] },
      ]}
    />
  )
}
