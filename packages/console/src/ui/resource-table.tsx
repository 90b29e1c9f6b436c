// Lists of resources: columns as data, a filter, and an empty state it insists on having. On narrow screens the cells of a row stand
// below each other, with the titles of their columns; the roles keep it a table for who hears it.
import { type ReactNode, useState } from 'react'
import { t } from '../text/index.ts'

export interface Column<T> {
  readonly key: string
  readonly title: string
  readonly cell: (row: T) => ReactNode
  readonly isNumber?: boolean
  /** Left out on narrow screens. */
  readonly isMinor?: boolean
  /** What rows are sorted by when the column's title is pressed: numbers the largest first. */
  readonly sortBy?: (row: T) => number | string
}

interface ResourceTableProps<T> {
  readonly label: string
  readonly rows: readonly T[]
  readonly columns: readonly Column<T>[]
  readonly rowKey: (row: T) => string
  /** What the filter looks in; without it there is no filter. */
  readonly textOf?: (row: T) => string
  readonly actions?: (row: T) => ReactNode
  readonly empty: ReactNode
}

const FILTER_FROM = 8

export function ResourceTable<T>({
  label,
  rows,
  columns,
  rowKey,
  textOf,
  actions,
  empty,
}: ResourceTableProps<T>) {
  const [filter, setFilter] = useState('')
  const { sorted, orderOf, press } = useOrder(rows, columns)
  if (rows.length === 0) return empty
  const wanted = filter.trim().toLowerCase()
  const shown = wanted && textOf ? sorted.filter((row) => textOf(row).toLowerCase().includes(wanted)) : sorted
  return (
    <>
      {textOf && rows.length >= FILTER_FROM && <Filter value={filter} onChange={setFilter} />}
      <div className="panel relative overflow-x-auto">
        <table className="table table-stacked" aria-label={label} role="table">
          <thead>
            <tr role="row">
              {columns.map((column) => (
                <Heading
                  key={column.key}
                  column={column}
                  order={orderOf(column)}
                  onPress={() => press(column)}
                />
              ))}
              {actions && (
                <th scope="col" role="columnheader">
                  <span className="sr-only">{t.common.actions}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={rowKey(row)} role="row">
                {columns.map((column) => (
                  <td key={column.key} role="cell" data-title={column.title} className={cellClass(column)}>
                    {column.cell(row)}
                  </td>
                ))}
                {actions && (
                  <td role="cell" className="w-px text-right max-sm:w-auto">
                    {actions(row)}
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === 0 && <p className="mt-3 text-dim">{t.common.nothingMatches}</p>}
    </>
  )
}

function Filter({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  return (
    <input
      type="search"
      data-filter
      className="control mb-3 max-w-64"
      placeholder={t.common.filter}
      aria-label={t.common.filter}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  )
}

function Heading<T>({
  column,
  order,
  onPress,
}: {
  readonly column: Column<T>
  readonly order: Order
  readonly onPress: () => void
}) {
  return (
    <th
      scope="col"
      role="columnheader"
      className={cellClass(column)}
      aria-sort={column.sortBy ? order : undefined}
    >
      {column.sortBy ? (
        <button type="button" className="min-h-6 cursor-pointer" onClick={onPress}>
          {column.title}
          <span aria-hidden="true">{ARROWS[order]}</span>
        </button>
      ) : (
        column.title
      )}
    </th>
  )
}

type Order = 'none' | 'ascending' | 'descending'

const ARROWS: Readonly<Record<Order, string>> = { none: '', ascending: ' ↑', descending: ' ↓' }

/** Rows in the order of the column that was pressed last; pressed again it turns round. */
function useOrder<T>(rows: readonly T[], columns: readonly Column<T>[]) {
  const [chosen, setChosen] = useState<{ readonly key: string; readonly order: Order }>()
  const sortBy = columns.find(({ key }) => key === chosen?.key)?.sortBy
  const sign = chosen?.order === 'ascending' ? 1 : -1
  const compare = (one: number | string, other: number | string) => (one < other ? -1 : one > other ? 1 : 0)
  return {
    sorted: sortBy ? rows.toSorted((a, b) => sign * compare(sortBy(a), sortBy(b))) : rows,
    orderOf: ({ key }: Column<T>): Order => (key === chosen?.key ? chosen.order : 'none'),
    press: (column: Column<T>) => {
      const first = column.isNumber ? 'descending' : 'ascending'
      const other = column.isNumber ? 'ascending' : 'descending'
      const isAgain = chosen?.key === column.key && chosen.order === first
      setChosen({ key: column.key, order: isAgain ? other : first })
    },
  }
}

function cellClass<T>({ isNumber, isMinor }: Column<T>): string {
  return `${isNumber ? 'text-right' : ''} ${isMinor ? 'max-sm:hidden' : ''}`
}
