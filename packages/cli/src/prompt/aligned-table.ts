// Tables as psql draws them: aligned under a header, or a record at a time where a row is wider than the terminal.
import { visible } from '../commands/sql-output.ts'
import { widthOf } from '../postgres/sql-failure.ts'

/** `auto`: a record at a time where a row does not fit. */
export type Expanded = 'on' | 'off' | 'auto'

export interface TableColumn {
  readonly name: string
  /** Numbers stand on the right. */
  readonly isNumber: boolean
}

export type TableRow = readonly (string | null)[]

export interface Layout {
  readonly isExpanded: boolean
  /** Width of each column; of an expanded one that of names and of values. */
  readonly widths: readonly number[]
}

/** The look of a table of which `rows` are the first rows. `width` is that of the terminal. */
export function layoutOf(
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
  expanded: Expanded,
  width: number,
): Layout {
  const widest = columns.map((_, column) =>
    rows.reduce((most, row) => Math.max(most, cellWidth(row[column] ?? null)), 0),
  )
  const names = columns.map(({ name }) => widthOf(visible(name)))
  const aligned = names.map((each, column) => Math.max(each, widest[column] ?? 0))
  const needed = aligned.reduce((sum, each) => sum + each + 3, -1)
  if (expanded === 'on' || (expanded === 'auto' && needed > width && rows.length > 0))
    return { isExpanded: true, widths: [Math.max(0, ...names), Math.max(0, ...widest)] }
  return { isExpanded: false, widths: aligned }
}

/** The header of an aligned table; of an expanded one there is none. */
export function headerOf(columns: readonly TableColumn[], { isExpanded, widths }: Layout): string {
  if (isExpanded) return ''
  const names = columns.map(({ name }, column) => centred(visible(name), widths[column] ?? 0))
  const rules = columns.map((_, column) => '-'.repeat((widths[column] ?? 0) + 2))
  return `${names.map((name) => ` ${name} `).join('|')}\n${rules.join('+')}\n`
}

/** One row; `number` counts from 1. */
export function rowOf(
  columns: readonly TableColumn[],
  row: TableRow,
  layout: Layout,
  number: number,
): string {
  return layout.isExpanded ? recordOf(columns, row, layout, number) : lineOf(columns, row, layout)
}

/** A table whose rows are all known, with the lines that follow it. */
export function tableOf(
  table: {
    readonly title?: string
    readonly columns: readonly TableColumn[]
    readonly rows: readonly TableRow[]
    readonly footers?: readonly string[]
  },
  expanded: Expanded,
  width: number,
): string {
  const { title, columns, rows, footers } = table
  const layout = layoutOf(columns, rows, expanded, width)
  const total = layout.widths.reduce((sum, each) => sum + each + 3, -1)
  const head = title === undefined ? '' : `${layout.isExpanded ? title : centred(title, total).trimEnd()}\n`
  const body = rows.map((row, index) => rowOf(columns, row, layout, index + 1)).join('')
  const foot = footers ?? [countOf(rows.length)]
  return `${head}${headerOf(columns, layout)}${body}${foot.map((line) => `${line}\n`).join('')}\n`
}

/** `(1 row)`. */
export function countOf(rows: number): string {
  return `(${rows} ${rows === 1 ? 'row' : 'rows'})`
}

/** A value's lines, and nothing in them that a terminal would obey. */
function linesOf(value: string | null): string[] {
  if (value === null) return ['NULL']
  return value.split('\n').map((line) => visible(line.replaceAll('\t', '    ')))
}

function cellWidth(value: string | null): number {
  return linesOf(value).reduce((most, line) => Math.max(most, widthOf(line)), 0)
}

/** A `+` behind a line says that the value goes on below. */
function lineOf(columns: readonly TableColumn[], row: TableRow, { widths }: Layout): string {
  const cells = columns.map((_, column) => linesOf(row[column] ?? null))
  const height = Math.max(1, ...cells.map((lines) => lines.length))
  const isLast = (column: number) => column === columns.length - 1
  return Array.from({ length: height }, (_, line) => {
    const parts = columns.map(({ isNumber }, column) => {
      const text = cells[column]?.[line] ?? ''
      const space = ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(text)))
      const goesOn = line + 1 < (cells[column]?.length ?? 0)
      const padded = isNumber ? space + text : isLast(column) && !goesOn ? text : text + space
      return ` ${padded}${goesOn ? '+' : isLast(column) ? '' : ' '}`
    })
    return `${parts.join('|')}\n`
  }).join('')
}

function recordOf(
  columns: readonly TableColumn[],
  row: TableRow,
  { widths }: Layout,
  number: number,
): string {
  const [names = 0, values = 0] = widths
  const head = `-[ RECORD ${number} ]`
  // A long value does not lengthen the line; the `+` stands above the bars.
  const line = head
    .padEnd(names + 1, '-')
    .padEnd(names + 2, '+')
    .padEnd(names + 3 + Math.min(values, 60), '-')
  const fields = columns.flatMap(({ name }, column) =>
    linesOf(row[column] ?? null).map((text, index) => {
      const label = index === 0 ? visible(name) : ''
      return `${label}${' '.repeat(names - widthOf(label))} | ${text}\n`
    }),
  )
  return `${line}\n${fields.join('')}`
}

function centred(text: string, width: number): string {
  const space = Math.max(0, width - widthOf(text))
  return `${' '.repeat(Math.floor(space / 2))}${text}${' '.repeat(Math.ceil(space / 2))}`
}
