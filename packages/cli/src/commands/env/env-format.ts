// Variables as text that a shell or another tool reads.
import { dotenvLine } from '../../config/dotenv-file.ts'

export const FORMATS = ['sh', 'fish', 'json', 'dotenv'] as const

export type Format = (typeof FORMATS)[number]

export type Variables = Readonly<Record<string, string>>

/** The text; every value is quoted where its characters mean something to the reader. */
export function formatVariables(variables: Variables, format: Format): string {
  if (format === 'json') return `${JSON.stringify(variables, null, 2)}\n`
  const lines = Object.entries(variables).map(([name, value]) => LINES[format](name, value))
  return lines.map((line) => `${line}\n`).join('')
}

const LINES: Readonly<Record<Exclude<Format, 'json'>, (name: string, value: string) => string>> = {
  sh: (name, value) => `export ${name}=${isPlain(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`}`,
  fish: (name, value) => `set -gx ${name} ${isPlain(value) ? value : `'${value.replace(/[\\']/g, '\\$&')}'`}`,
  dotenv: dotenvLine,
}

function isPlain(value: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(value)
}
