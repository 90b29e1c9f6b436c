import type { App } from '@lakelet/api'
import { useEffect } from 'react'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { CopyField } from '../../ui/copy.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Section, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { markDone } from '../home/progress.ts'
import { AppFrame } from './AppFrame.tsx'

const MASKED = '********'

export function EnvironmentPage() {
  useEffect(() => markDone('environment'), [])
  return (
    <AppFrame title={t.app.environment} intro={t.app.variablesIntro}>
      {(app) => (
        <>
          <Variables app={app} />
          <Packages app={app} />
        </>
      )}
    </AppFrame>
  )
}

function Variables({ app }: { readonly app: App }) {
  const { data, error, refetch } = useRead('apps.getEnvironment', { params: { name: app.name } })
  if (error) return <ErrorPanel error={error} onRetry={() => void refetch()} />
  if (!data) return <Skeleton />
  return (
    <Section title={t.app.variables}>
      <ResourceTable
        label={t.app.variables}
        rows={data.variables}
        rowKey={({ name }) => name}
        textOf={({ name }) => name}
        empty={null}
        columns={[
          { key: 'name', title: t.app.variable, cell: ({ name }) => <code>{name}</code> },
          {
            key: 'value',
            title: t.app.value,
            cell: ({ name, value }) =>
              value === MASKED ? (
                <span className="text-dim">••••••••</span>
              ) : (
                <CopyField label={name} value={value} />
              ),
          },
          {
            key: 'from',
            title: t.app.from,
            isMinor: true,
            cell: ({ source }) => <span className="text-dim">{t.app.sources[source]}</span>,
          },
        ]}
      />
    </Section>
  )
}

function Packages({ app }: { readonly app: App }) {
  const deployment = app.active_deployment?.deployment_id
  const { data } = useRead(
    'apps.getDeploymentLog',
    { params: { name: app.name, deployment_id: deployment ?? '' } },
    { enabled: deployment !== undefined },
  )
  const packages = packagesIn(data?.log ?? '')
  return (
    <Section title={t.app.packages} intro={t.app.packagesIntro}>
      {packages.length === 0 ? (
        <p className="text-dim">{t.app.noPackages}</p>
      ) : (
        <ul className="panel columns-2 gap-8 px-5 py-3 sm:columns-3">
          {packages.map((each) => (
            <li key={each} className="truncate font-mono text-[13px]">
              {each}
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

/** The packages that pip names in the log of a build. */
function packagesIn(log: string): string[] {
  const [, installed = ''] = /Successfully installed (.+)/.exec(log) ?? []
  return installed
    .split(/\s+/)
    .filter((each) => each !== '')
    .sort()
}
