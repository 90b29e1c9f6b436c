// Variables as text that a shell or another tool reads.
export const SHELLS = ['sh', 'fish', 'json', 'dotenv'] as const

export type Shell = (typeof SHELLS)[number]

export type Variables = Readonly<Record<string, string>>

/** The text; every value is quoted where its characters mean something to the reader. */
export function formatVariables(variables: Variables, shell: Shell): string {
  if (shell === 'json') return `${JSON.stringify(variables, null, 2)}\n`
  const lines = Object.entries(variables).map(([name, value]) => FORMATS[shell](name, value))
  return lines.map((line) => `${line}\n`).join('')
}

const FORMATS: Readonly<Record<Exclude<Shell, 'json'>, (name: string, value: string) => string>> = {
  sh: (name, value) => `export ${name}=${isPlain(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`}`,
  fish: (name, value) => `set -gx ${name} ${isPlain(value) ? value : `'${value.replace(/[\\']/g, '\\$&')}'`}`,
  dotenv: (name, value) => `${name}=${isPlain(value) ? value : `"${value.replace(/[\\"$]/g, '\\$&')}"`}`,
}

function isPlain(value: string): boolean {
  return /^[\w@%+=:,./-]+$/.test(value)
}
