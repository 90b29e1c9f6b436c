// Text that comes from a user, a database or an app: isolated from ours, control characters made visible, bounded.
import { t } from '../text/index.ts'

const LONGEST = 2000
const HIDDEN =
  // oxlint-disable-next-line no-control-regex -- control characters are what this looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Foreign text in a line of ours. */
export function ForeignText({
  text,
  longest = LONGEST,
}: {
  readonly text: string
  readonly longest?: number
}) {
  const cut = text.length > longest
  return (
    <bdi>
      {visible(cut ? text.slice(0, longest) : text)}
      {cut && <span className="text-dim"> … {t.common.characters(text.length)}</span>}
    </bdi>
  )
}

/** Text with control and direction characters written out, so that none of them can act. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (each) => {
    const code = each.codePointAt(0) ?? 0
    return code < 0x20
      ? String.fromCodePoint(0x2400 + code)
      : `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
}
