import type { App, AppLimits } from '@lakelet/api'
import { useRead } from '../../api/queries.ts'
import { quoted } from '../../shell/cli-line.ts'
import { t } from '../../text/index.ts'
import { CopyField, Snippet } from '../../ui/copy.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { Empty, Facts, Section } from '../../ui/page.tsx'
import { Time } from '../../ui/time.tsx'
import { AppFrame } from './AppFrame.tsx'

export function AppPage() {
  return (
    <AppFrame title={t.app.overview}>
      {(app) => (
        <>
          {!app.active_deployment && !app.pending_deployment && (
            <div className="mb-8">
              <Empty title={t.app.noDeployment}>
                <p>{t.app.noDeploymentText}</p>
              </Empty>
            </div>
          )}
          <Section title={t.app.overview}>
            <Facts items={factsOf(app)} />
          </Section>
          <Isolation app={app} />
          <SyncTheFiles app={app} />
        </>
      )}
    </AppFrame>
  )
}

function factsOf(app: App) {
  return [
    [t.app.url, <CopyField key="url" label={t.app.url} value={app.url} />],
    [t.apps.description, <ForeignText key="description" text={app.description} />],
    [
      t.app.clientId,
      <CopyField key="client" label={t.app.clientId} value={app.service_principal_client_id} />,
    ],
    [t.app.servicePrincipal, <bdi key="name">{app.service_principal_name}</bdi>],
    [
      t.app.source,
      <code key="source">
        {app.active_deployment?.source_code_path ?? app.default_source_code_path ?? ''}
      </code>,
    ],
    [t.app.creator, <bdi key="creator">{app.creator}</bdi>],
    [t.projects.created, <Time key="created" at={app.create_time} exact />],
    [
      t.app.activeDeployment,
      app.active_deployment ? <code key="active">{app.active_deployment.deployment_id}</code> : t.common.none,
    ],
  ] as const
}

/** What keeps the app apart on this host, for those who manage it. */
function Isolation({ app }: { readonly app: App }) {
  const { data } = useRead('apps.getIsolation', { params: { name: app.name } })
  if (!data) return null
  return (
    <Section title={t.app.isolation}>
      <Facts
        items={[
          [
            t.app.sandbox,
            <span key="sandbox">
              {data.sandbox === 'own' ? t.app.sandboxOwn : t.app.sandboxNone}
              {data.why !== undefined && <ForeignText text={` (${data.why})`} />}
            </span>,
          ],
          [
            t.app.osUser,
            <span key="user">{data.user === 'own' ? t.app.osUserOwn : t.app.osUserShared}</span>,
          ],
          ...limitFacts(data.limits),
        ]}
      />
    </Section>
  )
}

/** What the app has by its size, and what holds it to that here. */
function limitFacts({ size, cpu, memory, processes, disk, why }: AppLimits) {
  const { held } = t.app
  const gigabytes = (bytes: number) => `${Math.round(bytes / 1024 ** 3)} GB`
  const facts = [
    [t.app.cpu, t.app.cpus(cpu.limit), held[cpu.held]],
    [t.app.memory, gigabytes(memory.limit), held[memory.held]],
    [t.app.processes, String(processes.limit), held[processes.held]],
    [t.app.disk, gigabytes(disk.limit), held[disk.held]],
  ] as const
  return [
    [t.app.computeSize, <span key="size">{size}</span>] as const,
    ...facts.map(
      ([name, limit, how]) =>
        [
          name,
          <span key={name}>
            {limit}, {how}
          </span>,
        ] as const,
    ),
    ...(why === undefined ? [] : [[t.app.limitsWhy, <ForeignText key="why" text={why} />] as const]),
  ]
}

/** The commands of the tutorial, ready for a terminal. */
function SyncTheFiles({ app }: { readonly app: App }) {
  const { data: session } = useRead('lakelet.getSession', {})
  const home = `/Workspace/Users/${session?.user ?? ''}`
  const source = app.default_source_code_path ?? `${home}/${app.name}`
  const target = `${home}/${app.name}`
  return (
    <Section title={t.app.syncTitle} intro={t.app.syncIntro}>
      <ol className="flex flex-col gap-3">
        <li>
          <p className="mb-1 text-dim">{t.app.syncExport}</p>
          <Snippet label={t.app.syncExport} text={`lakelet workspace export-dir ${quoted(source)} .`} />
        </li>
        <li>
          <p className="mb-1 text-dim">{t.app.syncUpload}</p>
          <Snippet label={t.app.syncUpload} text={`lakelet sync . ${quoted(target)}`} />
        </li>
        <li>
          <p className="mb-1 text-dim">{t.app.syncWatch}</p>
          <Snippet label={t.app.syncWatch} text={`lakelet sync --watch . ${quoted(target)}`} />
        </li>
        <li>
          <p className="mb-1 text-dim">{t.app.syncDeploy}</p>
          <Snippet
            label={t.app.syncDeploy}
            text={`lakelet apps deploy ${app.name} --source-code-path ${quoted(target)}`}
          />
        </li>
      </ol>
    </Section>
  )
}
