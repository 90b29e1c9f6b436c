// What Postgres runs now, with a button that ends a statement and leaves its session.
import { useState } from 'react'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Section, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'
import { runOnce } from '../sql/run-once.ts'
import { type BranchParams, type Row, useSql } from './use-sql.ts'

const ACTIVE = `select pid, usename, application_name, query_start, left(query, 500) as query
from pg_catalog.pg_stat_activity
where backend_type = 'client backend' and pid <> pg_backend_pid() and usename is not null
  and (state in ('active', 'fastpath function call') or state is null)
order by query_start nulls last limit 200`

export function ActiveQueries({ params }: { readonly params: BranchParams }) {
  const { data, error, refetch } = useSql(params, ACTIVE)
  const [failure, setFailure] = useState<unknown>()
  const cancel = async (pid: string) => {
    setFailure(undefined)
    try {
      await runOnce({ ...params, statements: [`select pg_cancel_backend(${Number(pid)})`] })
      say(t.activity.cancelled)
      await refetch()
    } catch (caught) {
      setFailure(caught)
    }
  }
  const problem = failure ?? error
  return (
    <Section
      title={t.activity.queries}
      intro={t.activity.queriesIntro}
      actions={<Button onClick={() => void refetch()}>{t.activity.refresh}</Button>}
    >
      {problem !== null && problem !== undefined && (
        <ErrorPanel error={problem} onRetry={() => void refetch()} />
      )}
      {!data && !problem && <Skeleton />}
      {data && (
        <ResourceTable
          label={t.activity.queries}
          rows={data.rows}
          rowKey={(row) => row['pid'] ?? ''}
          empty={<p className="text-dim">{t.activity.noQueries}</p>}
          columns={columns()}
          actions={(row) => (
            <Button
              variant="quiet"
              title={t.activity.cancelHint}
              onClick={() => void cancel(row['pid'] ?? '')}
            >
              {t.activity.cancel}
            </Button>
          )}
        />
      )}
    </Section>
  )
}

function columns(): Column<Row>[] {
  return [
    { key: 'pid', title: t.activity.pid, isMinor: true, cell: (row) => row['pid'] },
    {
      key: 'user',
      title: t.activity.user,
      cell: (row) => <ForeignText text={row['usename'] ?? ''} />,
    },
    {
      key: 'app',
      title: t.activity.app,
      isMinor: true,
      cell: (row) => <ForeignText text={row['application_name'] ?? ''} />,
    },
    {
      key: 'since',
      title: t.activity.since,
      isMinor: true,
      cell: (row) => (row['query_start'] ? <Time at={row['query_start']} /> : '–'),
    },
    { key: 'query', title: t.activity.query, cell: (row) => <Statement text={row['query']} /> },
  ]
}

/** A statement as Postgres shows it, cut where it is long. */
export function Statement({ text }: { readonly text: string | null | undefined }) {
  return (
    <code>
      <ForeignText text={text ?? ''} longest={200} />
    </code>
  )
}
