// The rows of a table, a page at a time.
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { TextField, textOf } from '../../ui/form.tsx'
import { Notice, Skeleton } from '../../ui/page.tsx'
import type { Relation } from '../sql/catalog.ts'
import { runOnce } from '../sql/run-once.ts'
import { RowDialog, type RowChange } from './RowDialog.tsx'
import { pageSql, shapeSql, type TableShape, type Values } from './table-sql.ts'

const PAGE_ROWS = 100

interface BranchParams {
  readonly project: string
  readonly branch: string
}

export function TableView({
  params,
  relation,
}: {
  readonly params: BranchParams
  readonly relation: Relation
}) {
  const [after, setAfter] = useState<Values>()
  const [condition, setCondition] = useState('')
  const [change, setChange] = useState<RowChange>()
  const shape = useShape(params, relation)
  const table = shape.data
  const page = useRows(params, relation, table, { after, condition })
  const problem = shape.error ?? page.error
  const rows = page.data?.rows ?? []
  const hasKey = table?.columns.some(({ isKey }) => isKey) ?? false
  const isReadOnly = !hasKey || relation.kind === 'view'
  const done = async () => {
    setChange(undefined)
    await page.refetch()
  }
  return (
    <>
      <FilterBar
        onFilter={(wanted) => {
          setAfter(undefined)
          setCondition(wanted)
        }}
        onInsert={relation.kind === 'table' ? () => setChange({ kind: 'insert' }) : undefined}
      />
      {problem && <ErrorPanel error={problem} />}
      {isReadOnly && table && (
        <div className="mb-3">
          <Notice>{relation.kind === 'view' ? t.tables.isView : t.tables.noKey}</Notice>
        </div>
      )}
      {table && page.data ? (
        <Rows table={table} rows={rows} {...(isReadOnly ? {} : { onChange: setChange })} />
      ) : (
        !problem && <Skeleton />
      )}
      <div className="mt-3 flex gap-2">
        {after && <Button onClick={() => setAfter(undefined)}>{t.tables.first}</Button>}
        {hasKey && rows.length === PAGE_ROWS && (
          <Button onClick={() => setAfter(rows.at(-1))}>{t.tables.next}</Button>
        )}
      </div>
      {change && table && (
        <RowDialog
          params={params}
          table={table}
          change={change}
          onClose={() => setChange(undefined)}
          onDone={done}
        />
      )}
    </>
  )
}

function FilterBar(props: {
  readonly onFilter: (condition: string) => void
  readonly onInsert: (() => void) | undefined
}) {
  return (
    <form
      className="mb-2 flex flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        props.onFilter(textOf(new FormData(event.currentTarget), 'condition'))
      }}
    >
      <div className="min-w-64 flex-1">
        <TextField name="condition" label={t.tables.filter} hint={t.tables.filterHint} />
      </div>
      <div className="mb-9 flex gap-2">
        <Button type="submit">{t.tables.apply}</Button>
        {props.onInsert && (
          <Button variant="primary" onClick={props.onInsert}>
            {t.tables.insert}
          </Button>
        )}
      </div>
    </form>
  )
}

function useRows(
  params: BranchParams,
  relation: Relation,
  table: TableShape | undefined,
  { after, condition }: { readonly after: Values | undefined; readonly condition: string },
) {
  return useQuery({
    queryKey: ['rows', params, relation.schema, relation.name, after, condition],
    queryFn: ({ signal }) => {
      const statements = [pageSql(tableOf(table), { after, condition, limit: PAGE_ROWS })]
      return runOnce({ ...params, statements, isReadOnly: true }, signal)
    },
    enabled: table !== undefined,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
    retry: false,
  })
}

function tableOf(table: TableShape | undefined): TableShape {
  if (!table) throw new Error('the table is not known yet')
  return table
}

function useShape(params: BranchParams, { schema, name, kind }: Relation) {
  return useQuery({
    queryKey: ['shape', params, schema, name],
    queryFn: async ({ signal }): Promise<TableShape> => {
      const { rows } = await runOnce(
        { ...params, statements: [shapeSql(schema, name)], isReadOnly: true },
        signal,
      )
      const columns = rows.map((row) => ({
        name: row['name'] ?? '',
        type: row['type'] ?? '',
        isKey: row['key'] === 't',
      }))
      return { schema, name, kind, columns }
    },
    staleTime: Infinity,
    retry: false,
  })
}

function Rows({
  table,
  rows,
  onChange,
}: {
  readonly table: TableShape
  readonly rows: readonly Values[]
  readonly onChange?: (change: RowChange) => void
}) {
  return (
    <div className="panel relative overflow-x-auto" tabIndex={0} role="region" aria-label={t.tables.title}>
      <table className="table">
        <thead>
          <tr>
            {table.columns.map(({ name, type, isKey }) => (
              <th key={name} scope="col">
                <ColumnTitle name={name} type={type} isKey={isKey} />
              </th>
            ))}
            {onChange && (
              <th scope="col">
                <span className="sr-only">{t.common.actions}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {table.columns.map(({ name }) => (
                <td key={name} className="min-w-32 font-mono text-[13px]">
                  {row[name] === null || row[name] === undefined ? (
                    <span className="text-dim">∅</span>
                  ) : (
                    <ForeignText text={row[name]} longest={200} />
                  )}
                </td>
              ))}
              {onChange && (
                <td className="text-right">
                  <Button variant="quiet" onClick={() => onChange({ kind: 'update', row })}>
                    {t.common.edit}
                  </Button>
                  <Button variant="quiet" onClick={() => onChange({ kind: 'delete', row })}>
                    {t.common.delete}
                  </Button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function ColumnTitle({ name, type, isKey }: TableShape['columns'][number]) {
  return (
    <>
      <bdi>
        <ForeignText text={name} longest={63} />
      </bdi>{' '}
      <span className="font-normal">
        <bdi>{type}</bdi>
        {isKey && ` · ${t.tables.key}`}
      </span>
    </>
  )
}
