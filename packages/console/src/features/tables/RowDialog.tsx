// A change of one row: first its values, then the SQL that will run, then it runs.
import { useState } from 'react'
import { t } from '../../text/index.ts'
import { FormDialog, TextField } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { runOnce } from '../sql/run-once.ts'
import { deleteSql, insertSql, type TableShape, updateSql, type Values } from './table-sql.ts'

export type RowChange =
  | { readonly kind: 'insert' }
  | { readonly kind: 'update' | 'delete'; readonly row: Values }

interface RowDialogProps {
  readonly params: { readonly project: string; readonly branch: string }
  readonly table: TableShape
  readonly change: RowChange
  readonly onClose: () => void
  readonly onDone: () => Promise<void>
}

export function RowDialog({ params, table, change, onClose, onDone }: RowDialogProps) {
  const [sql, setSql] = useState(change.kind === 'delete' ? deleteSql(table, change.row) : undefined)
  const review = async (values: FormData) => setSql(sqlOf(table, change, values))
  const run = async () => {
    const { tag } = await runOnce({ ...params, statements: [sql ?? ''] })
    if (tag.endsWith(' 0') && change.kind !== 'insert') throw new Error(t.tables.raceLost)
    say(t.tables.changed)
    await onDone()
  }
  const title = { insert: t.tables.insert, update: t.tables.editRow, delete: t.tables.deleteRow }[change.kind]
  if (sql !== undefined) {
    return (
      <FormDialog
        key="review"
        title={title}
        description={t.tables.review}
        submit={t.tables.runIt}
        isDanger={change.kind === 'delete'}
        onClose={onClose}
        onSubmit={run}
      >
        <pre
          tabIndex={0}
          className="mb-4 max-h-[50dvh] overflow-auto rounded-panel bg-sunken p-4 break-all whitespace-pre-wrap"
        >
          {sql}
        </pre>
      </FormDialog>
    )
  }
  const row = change.kind === 'insert' ? undefined : change.row
  return (
    <FormDialog key="values" title={title} submit={t.tables.review} onClose={onClose} onSubmit={review}>
      {table.columns.map(({ name, type }) => (
        <div key={name} className="flex items-start gap-3">
          <div className="min-w-0 flex-1">
            <TextField name={`value ${name}`} label={name} hint={type} defaultValue={row?.[name] ?? ''} />
          </div>
          <label className="mt-8 flex items-center gap-1.5">
            <input
              type="checkbox"
              name={`null ${name}`}
              className="size-4 accent-(--accent)"
              defaultChecked={row !== undefined && row[name] === null}
            />
            {t.tables.asNull}
          </label>
        </div>
      ))}
    </FormDialog>
  )
}

/** Only what was given is inserted, so that defaults count; only what differs is updated. */
function sqlOf(table: TableShape, change: RowChange, form: FormData): string {
  const values: Record<string, string | null> = {}
  for (const { name } of table.columns) {
    const given = form.get(`value ${name}`)
    const text = typeof given === 'string' ? given : ''
    const value = form.get(`null ${name}`) === 'on' ? null : text
    if (change.kind === 'insert' ? value !== '' : value !== (change as { row: Values }).row[name])
      values[name] = value
  }
  return change.kind === 'insert' ? insertSql(table, values) : updateSql(table, change.row, values)
}
