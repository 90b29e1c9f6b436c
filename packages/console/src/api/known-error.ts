// Errors of the workspace in the language of the page. What a reply's body says is English.
import { useEffect, useState } from 'react'
import { language } from '../text/index.ts'

/** The error that a header `lakelet-error` (or an operation's `lakelet_error`) names; undefined where the body's own words are right. */
export async function inOurLanguage(header: string | null | undefined): Promise<string | undefined> {
  if (language() !== 'ja' || !header) return undefined
  const { headerInJapanese } = await import('@lakelet/api/errors-ja')
  return headerInJapanese(header)
}

/** The same for a page; undefined until it is known. */
export function useInOurLanguage(header: string | undefined): string | undefined {
  const [said, setSaid] = useState<string>()
  useEffect(() => {
    void inOurLanguage(header).then(setSaid)
  }, [header])
  return said
}
