// What happens, and what happened lately: of the whole workspace, or of one project.
import type { OperationSummary } from '@lakelet/api'
import { useRead } from '../../api/queries.ts'
import { useParam } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { useInOurLanguage } from '../../api/known-error.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Empty, Page, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Time } from '../../ui/time.tsx'

export function ProjectOperationsPage() {
  return <Operations project={useParam('project')} />
}

export function OperationsPage() {
  return <Operations />
}

function Operations({ project }: { readonly project?: string }) {
  const query = project === undefined ? {} : { project }
  const { data, error, refetch } = useRead('lakelet.listOperations', { query })
  return (
    <Page title={t.operations.title} intro={t.operations.intro}>
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton />}
      {data && (
        <ResourceTable
          label={t.operations.title}
          rows={data.operations ?? []}
          rowKey={({ name }) => name}
          textOf={({ kind, resource }) => `${wordOf(kind)} ${resource}`}
          empty={
            <Empty title={t.operations.emptyTitle}>
              <p>{t.operations.empty}</p>
            </Empty>
          }
          columns={COLUMNS}
        />
      )}
    </Page>
  )
}

const COLUMNS = [
  { key: 'what', title: t.operations.what, cell: ({ kind }: OperationSummary) => wordOf(kind) },
  {
    key: 'resource',
    title: t.operations.resource,
    cell: ({ resource }: OperationSummary) => <ForeignText text={resource} />,
  },
  {
    key: 'state',
    title: t.operations.state,
    cell: (operation: OperationSummary) => <State {...operation} />,
  },
  {
    key: 'by',
    title: t.operations.by,
    isMinor: true,
    cell: ({ started_by: by }: OperationSummary) => <bdi>{by ?? t.operations.workspace}</bdi>,
  },
  {
    key: 'since',
    title: t.operations.started,
    isMinor: true,
    cell: ({ create_time: at }: OperationSummary) => <Time at={at} />,
  },
]

function State({ state, steps_done: done, steps, error }: OperationSummary) {
  const said = useInOurLanguage(error?.lakelet_error)
  const isRunning = state === 'RUNNING' || state === 'UNDOING'
  return (
    <>
      <StateBadge state={state === 'RUNNING' ? 'IN_PROGRESS' : state} />
      {isRunning && steps > 0 && <span className="ml-2 text-dim">{t.operations.step(done, steps)}</span>}
      {error && (
        <p className="mt-1 text-danger [overflow-wrap:anywhere]">
          <ForeignText text={said ?? error.message} />
        </p>
      )}
    </>
  )
}

/** What an operation of a kind does; the API may have kinds that this console does not know. */
function wordOf(kind: string): string {
  return t.operations.kinds[kind] ?? kind.replaceAll('_', ' ')
}
