// What a server said before it ended, for people.

const TELLING = /FATAL|PANIC|HINT|DETAIL|could not|invalid|unrecognized|outside the valid range/

/** In one line, the lines that tell most. */
export function lastWords(exit: {
  readonly code: number | null
  readonly signal: string | null
  readonly lastLines: readonly string[]
}): string {
  const telling = exit.lastLines.filter((line) => TELLING.test(line))
  const said = (telling.length > 0 ? telling : exit.lastLines).slice(-4)
  // Without the time and pid of `log_line_prefix`.
  const words = said.map((line) => line.replace(/^\S+ \S+ \S+ \[\d+\] /, '').replace(/\s+/g, ' ')).join('; ')
  return words || `exit code ${exit.code}, signal ${exit.signal}`
}
