// The log of a workspace as people read it. The file holds one JSON object a line (pino), written by the server.

/** Names of levels by pino's numbers. */
const LEVELS: Readonly<Record<number, string>> = {
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
}

/** Names of levels that a reader may ask for, and the numbers from which on a line is shown. */
export const SEVERITIES = { debug: 20, info: 30, warn: 40, error: 50 } as const

/** Fields that the text shows at a place of its own. */
const SHOWN = new Set(['level', 'time', 'component', 'msg', 'err'])

/** The level of a line; that of an error for one that is no JSON, so that nothing is hidden. */
export function levelOf(line: string): number {
  const { level } = parsed(line) ?? {}
  return typeof level === 'number' ? level : SEVERITIES.error
}

/** One line as text: time, level, component, message, and the rest as `name=value`. */
export function textOf(line: string): string {
  const entry = parsed(line)
  if (!entry) return line
  const { level, time, component, msg, err } = entry
  const others = Object.entries(entry).filter(([name]) => !SHOWN.has(name))
  return [
    typeof time === 'number' ? new Date(time).toISOString() : '',
    (LEVELS[Number(level)] ?? String(level)).padEnd(5),
    typeof component === 'string' ? `${component}:` : '',
    typeof msg === 'string' ? msg : '',
    ...others.map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`),
    errorText(err),
  ]
    .filter((part) => part !== '')
    .join(' ')
}

function errorText(err: unknown): string {
  if (typeof err !== 'object' || err === null) return ''
  const { stack, message } = err as { readonly stack?: unknown; readonly message?: unknown }
  if (typeof stack === 'string') return `\n${stack.replace(/^/gm, '    ')}`
  return typeof message === 'string' ? `(${message})` : ''
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
