import { LANGUAGES, THEMES } from '@lakelet/theme'
import { useState } from 'react'
import { chosenTheme, switchTheme } from '../../shell/theme.ts'
import { LANGUAGE_NAMES } from '../../shell/UserMenu.tsx'
import { language, switchLanguage, t } from '../../text/index.ts'
import { SelectField } from '../../ui/form.tsx'
import { Page, Section } from '../../ui/page.tsx'

export function PreferencesPage() {
  const [theme, setTheme] = useState(chosenTheme())
  const pick = (value: string) => {
    const next = THEMES.find((each) => each === value) ?? 'system'
    switchTheme(next)
    setTheme(next)
  }
  const speak = (value: string) => switchLanguage(LANGUAGES.find((each) => each === value) ?? 'en')
  return (
    <Page title={t.preferences.title}>
      <div className="mb-8 max-w-[320px]">
        <SelectField
          label={t.preferences.language}
          value={language()}
          onChange={(event) => speak(event.target.value)}
          options={LANGUAGES.map((each) => [each, LANGUAGE_NAMES[each]])}
        />
        <SelectField
          label={t.preferences.theme}
          value={theme}
          onChange={(event) => pick(event.target.value)}
          options={THEMES.map((each) => [each, t.preferences.themes[each]])}
        />
      </div>
      <Section title={t.preferences.keys}>
        <dl className="panel divide-y divide-line">
          {t.preferences.keyList.map(([keys, what]) => (
            <div key={keys} className="flex flex-wrap items-baseline gap-x-6 px-5 py-2">
              <dt className="w-56">
                <kbd>{keys}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
      </Section>
    </Page>
  )
}
