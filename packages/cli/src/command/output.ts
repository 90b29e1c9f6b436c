// The one writer: data goes to standard output as text or JSON, everything else to standard error.
import { COMMAND, asTyped } from './command-name.ts'
import { usageFailure } from './failure.ts'
import type { Terminal } from './terminal.ts'

export type OutputFormat = 'text' | 'json'

/** How a value looks as text: lines, or rows under a header. */
export type TextView =
  | { readonly lines: readonly string[] }
  | { readonly header: readonly string[]; readonly rows: Rows }

type Outside = Pick<Terminal, 'stdout' | 'stderr' | 'command' | 'isInteractive'>

type Rows = readonly (readonly (string | number | undefined)[])[]

export class Output {
  readonly format: OutputFormat
  readonly #field: string | undefined
  readonly #terminal: Outside

  constructor(terminal: Outside, format: OutputFormat, field?: string) {
    this.#terminal = terminal
    this.format = format
    this.#field = field
  }

  /** Whether only a field of the result is wanted. */
  get isField(): boolean {
    return this.#field !== undefined
  }

  /** Prints the result of a command. Without a view it is JSON in both formats. */
  data(value: unknown, view?: TextView): void {
    if (this.#field !== undefined) this.#terminal.stdout(`${fieldOf(value, this.#field)}\n`)
    else if (this.format === 'json' || !view) this.#terminal.stdout(`${JSON.stringify(value, null, 2)}\n`)
    else this.#terminal.stdout(textOf(view))
  }

  /** Prints `text` as it is, in both formats: a file's content, a script. */
  raw(text: string | Uint8Array): void {
    this.#terminal.stdout(text)
  }

  /** One event of a running command: a line of text, or one line of JSON. An empty text prints nothing. */
  event(value: object, text: string): void {
    if (this.format === 'json') this.#terminal.stdout(`${JSON.stringify(value)}\n`)
    else if (text !== '') this.#terminal.stdout(`${text}\n`)
  }

  /** `text` with the commands that it quotes as they are typed here. */
  typed(text: string): string {
    return asTyped(text, this.#terminal.command ?? COMMAND)
  }

  /** A remark for the person at the terminal; never data. */
  note(text: string): void {
    this.#terminal.stderr(`${this.typed(text)}\n`)
  }

  /** What a person may do next; a script is not told. */
  next(...lines: readonly string[]): void {
    if (this.#terminal.isInteractive) for (const line of lines) this.note(line)
  }
}

/** The text of one field: `status.hosts.host`, or `0.name` in a list. Anything but a single value is JSON. */
function fieldOf(value: unknown, path: string): string {
  const field = path.split('.').reduce((inner: unknown, name) => {
    const isInside = typeof inner === 'object' && inner !== null && Object.hasOwn(inner, name)
    if (!isInside) throw usageFailure(`The result has no field '${path}'.`, "'-o json' shows which it has.")
    return (inner as Readonly<Record<string, unknown>>)[name]
  }, value)
  return typeof field === 'string' ? field : JSON.stringify(field)
}

function textOf(view: TextView): string {
  if ('lines' in view) return view.lines.map((line) => `${line}\n`).join('')
  const rows = [view.header, ...view.rows].map((row) => row.map((cell) => String(cell ?? '')))
  const widths = view.header.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}
