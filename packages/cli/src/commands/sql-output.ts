// What statements give, written while it arrives: as text, or as JSON with one entry a statement.
import type { Output } from '../command/output.ts'
import { toJsonOf } from '../postgres/json-value.ts'
import { widthOf } from '../postgres/sql-failure.ts'
import type { Column, SqlReader } from '../postgres/statement-stream.ts'

/** Where text goes. */
export interface SqlSink {
  readonly out: Pick<Output, 'raw' | 'note'>
  /** A promise while no more should be written. */
  readonly pressure: () => Promise<unknown> | undefined
}

/** Rows that decide how wide the columns are; wider values further down stick out. */
const MEASURED_ROWS = 1000
/** Characters that are collected before they are written. */
const BLOCK = 65_536

/** Tables and command tags, and the data of COPY as they come. */
export class TextReader implements SqlReader {
  readonly #sink: SqlSink
  #columns: readonly Column[] | undefined
  #widths: readonly number[] | undefined
  #rows: string[][] = []
  #text = ''
  #hasCopied = false

  constructor(sink: SqlSink) {
    this.#sink = sink
  }

  columns(columns: readonly Column[]): void {
    this.#columns = columns
    this.#widths = undefined
    this.#rows = [columns.map(({ name }) => visible(name))]
  }

  row(values: readonly (string | null)[]): void {
    const row = values.map((value) => (value === null ? 'NULL' : visible(value)))
    if (this.#widths) this.#line(row)
    else if (this.#rows.push(row) > MEASURED_ROWS) this.#measure()
  }

  copied(chunk: Uint8Array): void {
    this.#hasCopied = true
    this.#sink.out.raw(chunk)
  }

  done(tag: string): void {
    if (this.#columns) {
      if (!this.#widths) this.#measure()
    } else if (this.#hasCopied) this.#sink.out.note(tag)
    else this.#text += `${tag}\n`
    this.#columns = undefined
    this.#hasCopied = false
    this.flush()
  }

  pressure(): Promise<unknown> | undefined {
    return this.#sink.pressure()
  }

  /** Writes what has come so far. */
  flush(): void {
    if (this.#columns && !this.#widths && this.#rows.length > 1) this.#measure()
    if (this.#text !== '') this.#sink.out.raw(this.#text)
    this.#text = ''
  }

  #measure(): void {
    const rows = this.#rows
    this.#widths = (rows[0] ?? []).map((_, column) =>
      rows.reduce((most, row) => Math.max(most, widthOf(row[column] ?? '')), 0),
    )
    this.#rows = []
    for (const row of rows) this.#line(row)
  }

  #line(row: readonly string[]): void {
    const cells = row.map((cell, column) => cell + ' '.repeat(this.#padding(cell, column)))
    this.#text += `${cells.join('  ').trimEnd()}\n`
    if (this.#text.length > BLOCK) this.flush()
  }

  #padding(cell: string, column: number): number {
    return Math.max(0, (this.#widths?.[column] ?? 0) - widthOf(cell))
  }
}

/** A value on one line, and nothing in it that a terminal would obey. */
export function visible(value: string): string {
  return value.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const known = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character]
    return known ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** `[{"rows": […], "command": "SELECT", "row_count": 3}, …]`, a row a line. */
export class JsonReader implements SqlReader {
  readonly #write: (text: string) => void
  readonly #pressure: () => Promise<unknown> | undefined
  #text = '['
  #separator = ''
  #fields: readonly { readonly key: string; readonly toJson: (text: string) => string }[] | undefined
  #rows = 0

  constructor(write: (text: string) => void, pressure: SqlSink['pressure']) {
    this.#write = write
    this.#pressure = pressure
  }

  columns(columns: readonly Column[]): void {
    const names = new Set<string>()
    this.#fields = columns.map(({ name, type }) => ({
      key: JSON.stringify(unused(name, names)),
      toJson: toJsonOf(type),
    }))
    this.#begin()
  }

  row(values: readonly (string | null)[]): void {
    const members = (this.#fields ?? []).map(({ key, toJson }, column) => {
      const value = values[column] ?? null
      return `${key}: ${value === null ? 'null' : toJson(value)}`
    })
    this.#text += `${this.#rows++ === 0 ? '' : ','}\n    {${members.join(', ')}}`
    if (this.#text.length > BLOCK) this.#flush()
  }

  /** COPY … TO STDOUT is refused before. */
  copied(): void {}

  done(tag: string): void {
    if (!this.#fields) this.#begin()
    const [, command = tag, count] = /^(\D*?)(?: (?:\d+ )?(\d+))?$/.exec(tag) ?? []
    const end = this.#rows > 0 ? '\n  ' : ''
    this.#text += `${end}], "command": ${JSON.stringify(command)}, "row_count": ${count ?? 'null'}}`
    this.#fields = undefined
    this.#flush()
  }

  pressure(): Promise<unknown> | undefined {
    return this.#pressure()
  }

  /** Closes the list; without it, as after an error, what was written is no JSON, which is right. */
  end(): void {
    this.#text += '\n]\n'
    this.#flush()
  }

  #begin(): void {
    this.#text += `${this.#separator}\n  {"rows": [`
    this.#separator = ','
    this.#rows = 0
  }

  #flush(): void {
    this.#write(this.#text)
    this.#text = ''
  }
}

/** `name`, or with a number behind it where a column before has it: an object cannot have both. */
function unused(name: string, names: Set<string>): string {
  let free = name
  for (let count = 2; names.has(free); count++) free = `${name}_${count}`
  names.add(free)
  return free
}
