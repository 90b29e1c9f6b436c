// Postgres' own words, framed so that they cannot be taken for ours.
import type { SqlNotice } from '@lakelet/api'
import { t } from '../../text/index.ts'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { placeOf } from './positions.ts'

export function PostgresErrorPanel({ error, text }: { readonly error: SqlNotice; readonly text?: string }) {
  const place = text !== undefined && error.position !== undefined ? placeOf(text, error.position) : undefined
  return (
    <div
      role="alert"
      className="m-3 max-h-60 shrink-0 overflow-auto rounded-panel border border-danger bg-danger-tint px-4 py-3"
    >
      <p className="font-semibold">
        {error.severity} {error.code}
        {place && <span className="font-normal text-dim"> · {t.sql.place(place.line, place.column)}</span>}
      </p>
      <p className="font-mono text-[13px] [overflow-wrap:anywhere] whitespace-pre-wrap">
        <ForeignText text={error.message} />
      </p>
      {error.detail && <Line title={t.sql.detail} text={error.detail} />}
      {error.hint && <Line title={t.sql.hint} text={error.hint} />}
    </div>
  )
}

function Line({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <p className="mt-1 [overflow-wrap:anywhere]">
      <span className="text-dim">{title}: </span>
      <ForeignText text={text} />
    </p>
  )
}
