import type { App } from '@lakelet/api'
import { Link } from '@tanstack/react-router'
import { useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { t } from '../../text/index.ts'
import { LinkButton } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Empty, Page, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Time } from '../../ui/time.tsx'

export function AppsPage() {
  const { data, error, refetch } = useRead('apps.list', {})
  const create = (
    <LinkButton to={paths.newApp} variant="primary">
      {t.apps.create}
    </LinkButton>
  )
  return (
    <Page title={t.apps.title} intro={t.apps.intro} actions={create}>
      {error ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <ResourceTable
          label={t.apps.title}
          rows={data.apps ?? []}
          columns={columns()}
          rowKey={({ name }) => name}
          textOf={({ name, description }) => `${name} ${description}`}
          empty={
            <Empty title={t.apps.emptyTitle}>
              <p>{t.apps.empty}</p>
              {create}
            </Empty>
          }
        />
      ) : (
        <Skeleton />
      )}
    </Page>
  )
}

function columns(): readonly Column<App>[] {
  return [
    {
      key: 'name',
      title: t.apps.name,
      cell: ({ name }) => (
        <Link to={paths.app(name)} className="font-semibold">
          <bdi>{name}</bdi>
        </Link>
      ),
    },
    {
      key: 'state',
      title: t.apps.state,
      cell: ({ app_status: status }) => <StateBadge state={status.state} reason={status.message} />,
    },
    {
      key: 'description',
      title: t.apps.description,
      isMinor: true,
      cell: ({ description }) => <ForeignText text={description} longest={120} />,
    },
    {
      key: 'updated',
      title: t.apps.updated,
      isNumber: true,
      cell: ({ update_time }) => <Time at={update_time} />,
    },
  ]
}
