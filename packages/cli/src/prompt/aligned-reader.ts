// What statements give, shown at a prompt while it arrives.
import { types } from 'pg'
import type { Column, SqlReader } from '../postgres/statement-stream.ts'
import {
  type Expanded,
  type Layout,
  type TableColumn,
  type TableRow,
  countOf,
  headerOf,
  layoutOf,
  rowOf,
} from './aligned-table.ts'

/** Rows that decide how wide the columns are; wider values further down stick out. */
const MEASURED_ROWS = 1000
/** Characters that are collected before they are written. */
const BLOCK = 65_536

const { INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC, OID, MONEY } = types.builtins
const NUMBERS: ReadonlySet<number> = new Set([INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC, OID, MONEY])

/** Tags of statements that change rows also where they give some. */
const CHANGES = /^(INSERT|UPDATE|DELETE|MERGE) /

export interface AlignedReaderOptions {
  readonly write: (text: string | Uint8Array) => void
  /** A promise while no more should be written. */
  readonly pressure: () => Promise<unknown> | undefined
  readonly expanded: Expanded
  /** Columns of the terminal. */
  readonly width: number
}

export class AlignedReader implements SqlReader {
  /** The tag of the statement that ended last, such as `CREATE TABLE`. */
  tag = ''
  readonly #options: AlignedReaderOptions
  #columns: readonly TableColumn[] | undefined
  #layout: Layout | undefined
  #waiting: TableRow[] = []
  #count = 0
  #text = ''

  constructor(options: AlignedReaderOptions) {
    this.#options = options
  }

  columns(columns: readonly Column[]): void {
    this.#columns = columns.map(({ name, type }) => ({ name, isNumber: NUMBERS.has(type) }))
    this.#layout = undefined
    this.#waiting = []
    this.#count = 0
  }

  row(values: readonly (string | null)[]): void {
    if (this.#layout) this.#row(values)
    else if (this.#waiting.push(values) > MEASURED_ROWS) this.#measure()
  }

  copied(chunk: Uint8Array): void {
    this.#options.write(chunk)
  }

  done(tag: string): void {
    this.tag = tag
    if (this.#columns) {
      this.#measure()
      this.#text += `${this.#layout?.isExpanded && this.#count > 0 ? '' : `${countOf(this.#count)}\n`}\n`
    }
    if (!this.#columns || CHANGES.test(tag)) this.#text += `${tag}\n`
    this.#columns = undefined
    this.flush()
  }

  pressure(): Promise<unknown> | undefined {
    return this.#options.pressure()
  }

  /** Writes what has come so far. */
  flush(): void {
    if (this.#waiting.length > 0) this.#measure()
    if (this.#text !== '') this.#options.write(this.#text)
    this.#text = ''
  }

  #measure(): void {
    if (this.#layout || !this.#columns) return
    const { expanded, width } = this.#options
    this.#layout = layoutOf(this.#columns, this.#waiting, expanded, width)
    this.#text += headerOf(this.#columns, this.#layout)
    const rows = this.#waiting
    this.#waiting = []
    for (const row of rows) this.#row(row)
  }

  #row(values: TableRow): void {
    if (!this.#columns || !this.#layout) return
    this.#count += 1
    this.#text += rowOf(this.#columns, values, this.#layout, this.#count)
    if (this.#text.length > BLOCK) this.flush()
  }
}
