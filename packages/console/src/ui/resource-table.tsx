// Lists of resources: columns as data, a filter, and an empty state it insists on having.
import { type ReactNode, useState } from 'react'
import { t } from '../text/index.ts'

export interface Column<T> {
  readonly key: string
  readonly title: string
  readonly cell: (row: T) => ReactNode
  readonly isNumber?: boolean
  /** Left out on narrow screens. */
  readonly isMinor?: boolean
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
  if (rows.length === 0) return empty
  const wanted = filter.trim().toLowerCase()
  const shown = wanted && textOf ? rows.filter((row) => textOf(row).toLowerCase().includes(wanted)) : rows
  return (
    <>
      {textOf && rows.length >= FILTER_FROM && (
        <input
          type="search"
          data-filter
          className="control mb-3 max-w-64"
          placeholder={t.common.filter}
          aria-label={t.common.filter}
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
        />
      )}
      <div className="panel overflow-x-auto">
        <table className="table" aria-label={label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th key={column.key} scope="col" className={cellClass(column)}>
                  {column.title}
                </th>
              ))}
              {actions && (
                <th scope="col">
                  <span className="sr-only">{t.common.actions}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={rowKey(row)}>
                {columns.map((column) => (
                  <td key={column.key} className={cellClass(column)}>
                    {column.cell(row)}
                  </td>
                ))}
                {actions && <td className="w-px text-right">{actions(row)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === 0 && <p className="mt-3 text-dim">{t.common.nothingMatches}</p>}
    </>
  )
}

function cellClass<T>({ isNumber, isMinor }: Column<T>): string {
  return `${isNumber ? 'text-right' : ''} ${isMinor ? 'max-sm:hidden' : ''}`
}
