import { Link } from '@tanstack/react-router'
import type { Overview } from '@lakelet/api'
import { useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { useSearchValue } from '../../shell/params.ts'
import { formatBytes, formatNumber } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Plus } from '../../ui/icons.ts'
import { Empty, Page, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Time } from '../../ui/time.tsx'
import { NewProject } from './NewProject.tsx'

type Row = Overview['projects'][number]

export function ProjectsPage() {
  const [dialog, setDialog] = useSearchValue('new')
  const { data, error, refetch } = useRead('lakelet.getOverview', {})
  const create = (
    <Button variant="primary" onClick={() => setDialog('project')}>
      <Plus size={16} aria-hidden />
      {t.projects.create}
    </Button>
  )
  return (
    <Page title={t.projects.title} intro={t.projects.intro} actions={create}>
      {error ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <ResourceTable
          label={t.projects.title}
          rows={data.projects}
          columns={columns()}
          rowKey={({ project }) => project.uid}
          textOf={({ project }) => `${project.project_id} ${project.status.display_name}`}
          empty={
            <Empty title={t.projects.emptyTitle}>
              <p>{t.projects.empty}</p>
              {create}
              <code>lakelet postgres create-project my-app-db</code>
            </Empty>
          }
        />
      ) : (
        <Skeleton />
      )}
      {dialog === 'project' && <NewProject onClose={() => setDialog(undefined)} />}
    </Page>
  )
}

function columns(): readonly Column<Row>[] {
  return [
    {
      key: 'name',
      title: t.projects.name,
      cell: ({ project }) => (
        <Link to={paths.project(project.project_id)} className="font-semibold">
          <bdi>{project.status.display_name}</bdi>
        </Link>
      ),
    },
    { key: 'state', title: t.projects.state, cell: ({ branches }) => <DefaultState branches={branches} /> },
    {
      key: 'version',
      title: t.projects.version,
      isMinor: true,
      cell: ({ project }) => `Postgres ${project.status.pg_version}`,
    },
    {
      key: 'branches',
      title: t.projects.branches,
      isNumber: true,
      isMinor: true,
      cell: ({ branches }) => formatNumber(branches.length),
    },
    {
      key: 'size',
      title: t.projects.size,
      isNumber: true,
      isMinor: true,
      cell: ({ project }) => formatBytes(project.status.synthetic_storage_size_bytes),
    },
    {
      key: 'created',
      title: t.projects.created,
      isNumber: true,
      cell: ({ project }) => <Time at={project.create_time} />,
    },
  ]
}

function DefaultState({ branches }: Pick<Row, 'branches'>) {
  const status = branches.find(({ branch }) => branch.status.default)?.endpoints[0]?.status
  if (!status) return <StateBadge state="INIT" pending="ACTIVE" />
  return (
    <StateBadge state={status.current_state} pending={status.pending_state} isDisabled={status.disabled} />
  )
}
