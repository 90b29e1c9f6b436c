// The button that reads a moment of the past, and what was there beside what is there now.
import { useEffect, useRef, useState } from 'react'
import { formatNumber } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { SchemaChanges } from '../diff/SchemaChanges.tsx'
import { type Moment, wordOf } from './moment.ts'
import { isMore, type PastTable, type Preview, previewPast } from './preview.ts'
import type { BranchParams } from './use-past.ts'

const DATABASE = 'databricks_postgres'

interface PreviewState {
  /** What was looked at. */
  readonly of: string
  readonly step?: string
  readonly found?: Preview
  readonly failure?: unknown
}

export function PastPreview({
  params,
  moment,
}: {
  readonly params: BranchParams
  readonly moment: Moment | undefined
}) {
  const [state, setState] = useState<PreviewState>()
  const running = useRef<AbortController>(undefined)
  // Who leaves does not wait for it.
  useEffect(() => () => running.current?.abort(), [])
  const of = moment === undefined ? '' : `${params.branch} ${wordOf(moment)}`
  const look = async (wanted: Moment) => {
    const controller = new AbortController()
    running.current = controller
    const onStep = (step: string) => setState({ of, step })
    try {
      const options = { database: DATABASE, signal: controller.signal, onStep }
      const found = await previewPast(params, wanted, options)
      setState({ of, found })
    } catch (failure) {
      if (!controller.signal.aborted) setState({ of, failure })
    } finally {
      running.current = undefined
    }
  }
  const step = state?.step
  // What is shown is of the moment that is chosen, or it is not shown.
  const isOfThis = state?.of === of
  return (
    <div className="mb-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Button
          isBusy={step !== undefined}
          disabledReason={moment === undefined ? t.past.chooseFirst : undefined}
          onClick={() => moment && void look(moment)}
        >
          {t.past.preview}
        </Button>
        <span className="text-meta text-dim" role="status">
          {step ?? (state?.found && isOfThis ? t.past.previewed : t.past.previewHint)}
        </span>
      </div>
      {isOfThis && state.failure !== undefined && (
        <div className="mt-3">
          <ErrorPanel error={state.failure} />
        </div>
      )}
      {isOfThis && state.found && <Found preview={state.found} />}
    </div>
  )
}

function Found({ preview }: { readonly preview: Preview }) {
  const { tables, changes, database } = preview
  return (
    <div className="mt-3">
      <p className="mb-2 text-dim">
        {t.past.inDatabase} <code>{database}</code>
      </p>
      <ResourceTable
        label={t.past.tables}
        rows={tables}
        rowKey={({ name }) => name}
        textOf={({ name }) => name}
        empty={<p className="text-dim">{t.past.noTables}</p>}
        columns={COLUMNS()}
      />
      <h3 className="mt-4 mb-2 font-semibold">{t.past.schemaSince}</h3>
      {changes === undefined ? (
        <p className="text-dim">{t.past.notCompared}</p>
      ) : (
        <SchemaChanges changes={changes} />
      )}
    </div>
  )
}

const COLUMNS = () => [
  { key: 'name', title: t.past.table, cell: ({ name }: PastTable) => <ForeignText text={name} /> },
  { key: 'before', title: t.past.rowsThen, isNumber: true, cell: ({ before }: PastTable) => rowsOf(before) },
  {
    key: 'now',
    title: t.past.rowsNow,
    isNumber: true,
    cell: ({ before, now }: PastTable) => (
      <span className={before === now ? 'text-dim' : 'font-semibold'}>{rowsOf(now)}</span>
    ),
  },
]

function rowsOf(rows: number | undefined): string {
  if (rows === undefined) return t.past.notThere
  return isMore(rows) ? t.past.moreThan(formatNumber(rows - 1)) : formatNumber(rows)
}
