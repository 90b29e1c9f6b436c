// Editing `app.yaml` as the tutorial asks: values of environment variables are filled in, everything else stays as written.

/** `text` with each variable of `values` set: its entry under `env` is changed, or added at the end. */
export function withEnvironment(text: string, values: Readonly<Record<string, string>>): string {
  return Object.entries(values).reduce((edited, [name, value]) => withVariable(edited, name, value), text)
}

function withVariable(text: string, name: string, value: string): string {
  const lines = text.replace(/\n$/, '').split('\n')
  const at = lines.findIndex((line) =>
    new RegExp(`^\\s*-\\s+name:\\s*['"]?${name}['"]?\\s*(#.*)?$`).test(line),
  )
  if (at === -1) return `${appended(lines, name, value).join('\n')}\n`
  const end = lines.findIndex((line, index) => index > at && !/^\s+[^\s-]/.test(line))
  const entry = lines.slice(at + 1, end === -1 ? undefined : end)
  const valueAt = entry.findIndex((line) => /^\s+(value|valueFrom)\s*:/.test(line))
  const indent = /^\s*/.exec(lines[at] ?? '')?.[0] ?? ''
  const valueLine = `${indent}  value: ${quoted(value)}`
  if (valueAt === -1) lines.splice(at + 1, 0, valueLine)
  else if (!hasValue(entry[valueAt] ?? '', value)) lines[at + 1 + valueAt] = valueLine
  return `${lines.join('\n')}\n`
}

/** Adds an entry after the last one of `env`, or an `env` section at the end. */
function appended(lines: readonly string[], name: string, value: string): string[] {
  const start = lines.findIndex((line) => /^env\s*:/.test(line))
  if (start === -1) return [...lines, 'env:', ...entryOf('  ', name, value)]
  const after = lines.findIndex((line, index) => index > start && /^[^\s#-]/.test(line))
  const end = after === -1 ? lines.length : after
  const first = lines.slice(start + 1, end).find((line) => /^\s*-\s/.test(line))
  const indent = /^\s*/.exec(first ?? '  ')?.[0] ?? '  '
  const head = lines.slice(0, end)
  head[start] = 'env:'
  return [...head, ...entryOf(indent, name, value), ...lines.slice(end)]
}

function entryOf(indent: string, name: string, value: string): string[] {
  return [`${indent}- name: ${name}`, `${indent}  value: ${quoted(value)}`]
}

function hasValue(line: string, value: string): boolean {
  const text = /:\s*(.*?)\s*$/.exec(line)?.[1] ?? ''
  return text === value || text === quoted(value) || text === `"${value}"`
}

/** A YAML string in single quotes. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
