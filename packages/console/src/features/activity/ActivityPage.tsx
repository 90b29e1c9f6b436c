import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useParam } from '../../shell/params.ts'
import { formatNumber } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Page, Section, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'
import { Asleep } from '../computes/Asleep.tsx'
import { useCompute } from '../computes/use-compute.ts'
import { runOnce } from '../sql/run-once.ts'

const SESSIONS = `select pid, usename, application_name, state, query_start, left(query, 500) as query
from pg_catalog.pg_stat_activity
where backend_type = 'client backend' and pid <> pg_backend_pid() and usename is not null
order by state = 'active' desc, query_start desc nulls last limit 200`

const STATEMENTS = `select left(query, 500) as query, calls, round(mean_exec_time::numeric, 2) as mean, round(total_exec_time::numeric, 1) as total
from pg_stat_statements order by total_exec_time desc limit 50`

type Row = Readonly<Record<string, string | null>>

interface BranchParams {
  readonly project: string
  readonly branch: string
}

export function ActivityPage() {
  const params = { project: useParam('project'), branch: useParam('branch') }
  const { endpoint, isAwake, error } = useCompute(params)
  return (
    <Page title={t.activity.title} intro={t.activity.intro}>
      {error && <ErrorPanel error={error} />}
      {!error && !endpoint && <Skeleton />}
      {endpoint && !isAwake && <Asleep params={{ ...params, endpoint: endpoint.endpoint_id }} />}
      {endpoint && isAwake && (
        <>
          <Sessions params={params} />
          <Statements params={params} />
        </>
      )}
    </Page>
  )
}

/** Read once and when asked: a page that goes on asking Postgres would keep it awake. */
function useSql(params: BranchParams, statement: string) {
  return useQuery({
    queryKey: ['activity', params, statement],
    queryFn: ({ signal }) => runOnce({ ...params, statements: [statement], isReadOnly: true }, signal),
    retry: false,
    staleTime: Infinity,
  })
}

function Sessions({ params }: { readonly params: BranchParams }) {
  const { data, error, refetch } = useSql(params, SESSIONS)
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
  if (problem) return <ErrorPanel error={problem} onRetry={() => void refetch()} />
  if (!data) return <Skeleton />
  return (
    <Section
      title={t.activity.sessions}
      actions={<Button onClick={() => void refetch()}>{t.activity.refresh}</Button>}
    >
      <ResourceTable
        label={t.activity.sessions}
        rows={data.rows}
        rowKey={(row) => row['pid'] ?? ''}
        empty={<p className="text-dim">{t.activity.noSessions}</p>}
        columns={sessionColumns()}
        actions={(row) => (
          <Button
            variant="quiet"
            disabledReason={row['state'] === 'active' ? undefined : t.activity.isIdle}
            onClick={() => void cancel(row['pid'] ?? '')}
          >
            {t.activity.cancel}
          </Button>
        )}
      />
    </Section>
  )
}

function sessionColumns(): Column<Row>[] {
  return [
    { key: 'pid', title: t.activity.pid, cell: (row) => row['pid'] },
    { key: 'user', title: t.activity.user, cell: (row) => <ForeignText text={row['usename'] ?? ''} /> },
    {
      key: 'app',
      title: t.activity.app,
      isMinor: true,
      cell: (row) => <ForeignText text={row['application_name'] ?? ''} />,
    },
    { key: 'state', title: t.activity.state, cell: (row) => row['state'] },
    {
      key: 'since',
      title: t.activity.since,
      isMinor: true,
      cell: (row) => (row['query_start'] ? <Time at={row['query_start']} /> : '–'),
    },
    queryColumn(),
  ]
}

function queryColumn(): Column<Row> {
  return {
    key: 'query',
    title: t.activity.query,
    cell: (row) => (
      <code>
        <ForeignText text={row['query'] ?? ''} longest={200} />
      </code>
    ),
  }
}

function Statements({ params }: { readonly params: BranchParams }) {
  const { data } = useSql(params, STATEMENTS)
  const rows = data?.rows ?? []
  return (
    <Section title={t.activity.performance}>
      <ResourceTable
        label={t.activity.performance}
        rows={rows}
        rowKey={(row) => `${row['query']} ${row['total']}`}
        empty={<p className="text-dim">{t.activity.noStatistics}</p>}
        columns={[
          queryColumn(),
          {
            key: 'calls',
            title: t.activity.calls,
            isNumber: true,
            cell: (row) => formatNumber(Number(row['calls'])),
          },
          { key: 'mean', title: t.activity.mean, isNumber: true, cell: (row) => `${row['mean']} ms` },
          { key: 'total', title: t.activity.total, isNumber: true, cell: (row) => `${row['total']} ms` },
        ]}
      />
    </Section>
  )
}
