import type { App, AppDeployment } from '@lakelet/api'
import { useState } from 'react'
import { useRead } from '../../api/queries.ts'
import { useSearchValue } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText, visible } from '../../ui/foreign-text.tsx'
import { Empty, Section, Skeleton } from '../../ui/page.tsx'
import { type Column, ResourceTable } from '../../ui/resource-table.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Time } from '../../ui/time.tsx'
import { AppFrame } from './AppFrame.tsx'
import { RollBackDialog } from './RollBackDialog.tsx'

const LONGEST_LOG = 500_000
const BUILD_MS = 1000

export function DeploymentsPage() {
  return <AppFrame title={t.app.deployments}>{(app) => <Deployments app={app} />}</AppFrame>
}

function Deployments({ app }: { readonly app: App }) {
  const [chosen, choose] = useSearchValue('id')
  const [goingBack, goBackTo] = useState<string>()
  const { data, error, refetch } = useRead('apps.listDeployments', { params: { name: app.name } })
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton />
  const deployments = data.app_deployments ?? []
  const id = chosen ?? deployments[0]?.deployment_id
  const isBuilding =
    deployments.find(({ deployment_id: each }) => each === id)?.status.state === 'IN_PROGRESS'
  return (
    <>
      <ResourceTable
        label={t.app.deployments}
        rows={deployments}
        rowKey={({ deployment_id }) => deployment_id}
        columns={columns(id, choose)}
        actions={({ deployment_id: each, status }) =>
          status.state === 'SUCCEEDED' &&
          each !== app.active_deployment?.deployment_id && (
            <Button variant="quiet" aria-label={`${t.app.rollBack}: ${each}`} onClick={() => goBackTo(each)}>
              {t.app.rollBack}
            </Button>
          )
        }
        empty={
          <Empty title={t.app.noDeployment}>
            <p>{t.app.noDeploymentText}</p>
          </Empty>
        }
      />
      {goingBack !== undefined && (
        <RollBackDialog app={app.name} deployment={goingBack} onClose={() => goBackTo(undefined)} />
      )}
      {id !== undefined && <BuildLog app={app.name} deployment={id} isBuilding={isBuilding} />}
    </>
  )
}

function columns(chosen: string | undefined, choose: (id: string) => void): readonly Column<AppDeployment>[] {
  return [
    {
      key: 'id',
      title: t.app.deployment,
      cell: ({ deployment_id: id }) => (
        <button
          type="button"
          className={`font-mono text-[13px] text-accent hover:underline ${id === chosen ? 'font-semibold' : ''}`}
          aria-pressed={id === chosen}
          onClick={() => choose(id)}
        >
          <bdi>{id}</bdi>
        </button>
      ),
    },
    { key: 'state', title: t.apps.state, cell: ({ status }) => <StateBadge state={status.state} /> },
    {
      key: 'message',
      title: t.app.message,
      isMinor: true,
      cell: ({ status }) => <ForeignText text={status.message} longest={300} />,
    },
    {
      key: 'health',
      title: t.app.health,
      isMinor: true,
      cell: ({ health_check: check }) => <ForeignText text={check?.path ?? '–'} longest={60} />,
    },
    { key: 'by', title: t.app.by, isMinor: true, cell: ({ creator }) => <bdi>{creator}</bdi> },
    {
      key: 'started',
      title: t.app.started,
      isNumber: true,
      cell: ({ create_time }) => <Time at={create_time} />,
    },
  ]
}

function BuildLog({
  app,
  deployment,
  isBuilding,
}: {
  readonly app: string
  readonly deployment: string
  readonly isBuilding: boolean
}) {
  const { data, error } = useRead(
    'apps.getDeploymentLog',
    { params: { name: app, deployment_id: deployment } },
    { everyMs: isBuilding ? BUILD_MS : undefined },
  )
  return (
    <div className="mt-8">
      <Section title={t.app.buildLog}>
        {error && <ErrorPanel error={error} />}
        <pre
          tabIndex={0}
          role="region"
          aria-label={t.app.buildLog}
          className="max-h-[60dvh] overflow-auto rounded-panel bg-sunken p-4 [overflow-wrap:anywhere] whitespace-pre-wrap"
        >
          {visible((data?.log ?? '').slice(-LONGEST_LOG)) || (
            <span className="font-sans text-dim">{data && t.app.noBuildLog}</span>
          )}
        </pre>
      </Section>
    </div>
  )
}
