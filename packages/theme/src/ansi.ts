// Colours of what programs write to terminals (ECMA-48, "select graphic rendition"), for the log's page. The page runs this function as
// its text, so it stands alone. Nothing here makes HTML: the page puts the parts into text nodes. Other control sequences are left out.

/** A part of a line that looks the same throughout. */
export interface AnsiPart {
  readonly text: string
  /** Class names: `bold`, `dim`, `italic`, `underline`, `inverse`, `fg-1` … `fg-15`, `bg-0` … */
  readonly classes: string
  /** Colours beyond the sixteen with a name, as `rgb(…)`. */
  readonly color: string
  readonly background: string
}

/** `line` in parts. */
export function ansiParts(line: string): AnsiPart[] {
  const parts: AnsiPart[] = []
  const styles = new Set<string>()
  const colors: Record<'fg' | 'bg', string> = { fg: '', bg: '' }
  const names: Record<number, string> = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 7: 'inverse' }
  const isNamed = (color: string) => /^\d+$/.test(color)
  const cube = (index: number) => (index === 0 ? 0 : 55 + 40 * index)
  const extended = (n: number): string => {
    if (n < 16) return String(n)
    if (n > 231) return `rgb(${[8, 8, 8].map((low) => low + 10 * (n - 232)).join(',')})`
    const at = n - 16
    return `rgb(${[Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map(cube).join(',')})`
  }
  const set = (codes: number[]) => {
    for (let at = 0; at < codes.length; at++) {
      const code = codes[at] ?? 0
      const side = code >= 40 && code < 50 ? 'bg' : 'fg'
      if (code === 0) {
        styles.clear()
        colors.fg = colors.bg = ''
      } else if (names[code] !== undefined) styles.add(names[code])
      else if (code === 22) for (const each of ['bold', 'dim']) styles.delete(each)
      else if (code > 22 && code < 28) styles.delete(names[code - 20] ?? '')
      else if (code === 38 || code === 48) {
        const [kind, a = 0, b = 0, c = 0] = codes.slice(at + 1, at + 5).map((each) => Math.min(each, 255))
        if (kind === 5) colors[side] = extended(a)
        if (kind === 2) colors[side] = `rgb(${a},${b},${c})`
        at += kind === 5 ? 2 : kind === 2 ? 4 : 0
      } else if (code === 39 || code === 49) colors[side] = ''
      else if (code >= 30 && code < 48) colors[side] = String(code % 10)
      else if (code >= 90 && code < 98) colors.fg = String(code - 82)
      else if (code >= 100 && code < 108) colors.bg = String(code - 92)
    }
  }
  // A sequence of control (CSI), a text for the terminal such as its title or a link (OSC), another escape, and what no page shows.
  const control =
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    /(?:\x1b\[|\x9b)([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\|$)|\x1b[ -/]*[0-~]?|[\0-\x08\x0b-\x1f\x7f]/g
  const add = (text: string) => {
    if (text === '') return
    const named = (['fg', 'bg'] as const).flatMap((side) =>
      isNamed(colors[side]) ? [`${side}-${colors[side]}`] : [],
    )
    parts.push({
      text,
      classes: [...styles, ...named].join(' '),
      color: isNamed(colors.fg) ? '' : colors.fg,
      background: isNamed(colors.bg) ? '' : colors.bg,
    })
  }
  let end = 0
  for (const match of line.matchAll(control)) {
    add(line.slice(end, match.index))
    end = match.index + match[0].length
    if (match[2] === 'm') set((match[1] ?? '').split(/[;:]/).map(Number))
  }
  add(line.slice(end))
  return parts
}

/** Styles of the classes; the sixteen colours are legible on both themes. */
export const ANSI_STYLES = `
.bold { font-weight: 700 } .dim { opacity: 0.7 } .italic { font-style: italic } .underline { text-decoration: underline }
.inverse { filter: invert(1); background: var(--sunken) }
${[
  ['#3b3b3b', '#9a9a9a'],
  ['#b3261e', '#ff8a80'],
  ['#1b6e20', '#7fd88a'],
  ['#7a5c00', '#e6c35c'],
  ['#1a56b0', '#8ab4ff'],
  ['#8e24aa', '#e39bff'],
  ['#00696f', '#6bd9df'],
  ['#5c5c5c', '#d5d5d5'],
]
  .flatMap(([light, dark], index) =>
    [index, index + 8].map(
      (n) =>
        `.fg-${n} { color: light-dark(${light}, ${dark}) } .bg-${n} { background: light-dark(${dark}, ${light}) }`,
    ),
  )
  .join('\n')}`
