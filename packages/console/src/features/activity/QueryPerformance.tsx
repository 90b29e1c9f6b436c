// Which statements cost the most, from pg_stat_statements.
import { useState } from 'react'
import { refresh } from '../../api/queries.ts'
import { formatNumber, formatTime } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Empty, Section, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { say } from '../../ui/toast.tsx'
import { PostgresError, runOnce } from '../sql/run-once.ts'
import { Statement } from './ActiveQueries.tsx'
import { type BranchParams, type Row, useSql } from './use-sql.ts'

/** The costliest of one database, with when counting began. */
const STATEMENTS = `select queryid, left(query, 500) as query, calls, mean_exec_time as mean, total_exec_time as total, rows,
  shared_blks_hit as hit, shared_blks_read as read, (select stats_reset from pg_stat_statements_info) as since
from pg_stat_statements
where dbid = (select oid from pg_catalog.pg_database where datname = current_database())
order by total_exec_time desc limit 200`

const UNDEFINED_TABLE = '42P01'

export function QueryPerformance({ params }: { readonly params: BranchParams }) {
  const { data, error, refetch } = useSql(params, STATEMENTS)
  const [isResetting, setResetting] = useState(false)
  const reset = async () => {
    await runOnce({ ...params, statements: ['select pg_stat_statements_reset()'] })
    await refresh('activity')
    say(t.activity.wasReset)
    setResetting(false)
  }
  const since = data?.rows[0]?.['since']
  const isMissing = error instanceof PostgresError && error.notice.code === UNDEFINED_TABLE
  return (
    <Section
      title={t.activity.performance}
      intro={since ? t.activity.performanceIntro(formatTime(since)) : undefined}
      actions={
        data && (
          <span className="flex gap-2">
            <Button onClick={() => setResetting(true)}>{t.activity.reset}</Button>
            <Button onClick={() => void refetch()}>{t.activity.refresh}</Button>
          </span>
        )
      }
    >
      {isMissing && <Missing params={params} />}
      {error && !isMissing && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data && (
        <ResourceTable
          label={t.activity.performance}
          rows={data.rows}
          rowKey={(row) => `${row['queryid']} ${row['total']} ${row['query']}`}
          textOf={(row) => row['query'] ?? ''}
          empty={<p className="text-dim">{t.activity.noStatistics}</p>}
          columns={columns()}
        />
      )}
      {isResetting && (
        <ConfirmDestructive
          title={t.activity.resetTitle}
          action={t.activity.reset}
          name=""
          lost={t.activity.resetLost}
          onClose={() => setResetting(false)}
          onConfirm={reset}
        />
      )}
    </Section>
  )
}

/** The server has it loaded; the database does not show it until it is created there. */
function Missing({ params }: { readonly params: BranchParams }) {
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<unknown>()
  const create = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      await runOnce({ ...params, statements: ['create extension if not exists pg_stat_statements'] })
      await refresh('activity')
    } catch (caught) {
      setFailure(caught)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Empty title={t.activity.missing}>
      <p>{t.activity.missingText}</p>
      <Button onClick={() => void create()} isBusy={isBusy}>
        {t.activity.createExtension}
      </Button>
      {failure !== undefined && <ErrorPanel error={failure} />}
    </Empty>
  )
}

function columns(): Column<Row>[] {
  const numbers = [
    ['calls', t.activity.calls, (value: number) => formatNumber(value)],
    ['mean', t.activity.mean, milliseconds],
    ['total', t.activity.total, milliseconds],
    ['rows', t.activity.rows, (value: number) => formatNumber(value)],
  ] as const
  return [
    { key: 'query', title: t.activity.query, cell: (row) => <Statement text={row['query']} /> },
    ...numbers.map(([key, title, show]) => ({
      key,
      title,
      isNumber: true,
      isMinor: key === 'rows',
      sortBy: (row: Row) => Number(row[key]),
      cell: (row: Row) => show(Number(row[key])),
    })),
    {
      key: 'hit',
      title: t.activity.hit,
      isNumber: true,
      isMinor: true,
      sortBy: hitRatio,
      cell: (row) => (hitRatio(row) < 0 ? '–' : `${formatNumber(hitRatio(row) * 100)} %`),
    },
  ]
}

function milliseconds(value: number): string {
  return `${formatNumber(value, value < 10 ? 2 : 0)} ms`
}

/** The part of its blocks that it found in memory; -1 where it read none. */
function hitRatio(row: Row): number {
  const hit = Number(row['hit'])
  const all = hit + Number(row['read'])
  return all === 0 ? -1 : hit / all
}
