import type { Endpoint } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { CopyButton, CopyField, Snippet } from '../../ui/copy.tsx'
import { Dialog } from '../../ui/dialog.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { CheckField, SelectField } from '../../ui/form.tsx'
import { Skeleton } from '../../ui/page.tsx'
import { TabList } from '../../ui/tabs.tsx'
import { useCompute } from '../computes/use-compute.ts'
import { useDatabaseNames, useRoleNames } from '../roles/use-names.ts'
import { type Connection, parametersOf, SNIPPETS, url } from './snippets.ts'

const DATABASE = 'databricks_postgres'

interface ConnectDialogProps {
  readonly project: string
  readonly branch: string
  readonly onClose: () => void
}

export function ConnectDialog({ project, branch: first, onClose }: ConnectDialogProps) {
  const [branch, setBranch] = useState(first)
  const [database, setDatabase] = useState(DATABASE)
  const [user, setUser] = useState<string>()
  const [isPooled, setPooled] = useState(false)
  const { data: session } = useRead('lakelet.getSession', {})
  const { data: branches } = useRead('postgres.listBranches', { params: { project } })
  const { endpoint, error } = useCompute({ project, branch })
  const role = user ?? session?.user ?? ''
  const databases = useDatabaseNames({ project, branch }, database)
  const roles = useRoleNames({ project, branch }, role)
  const connection: Connection | undefined =
    session && endpoint
      ? {
          ...placeOf(endpoint.status.hosts, isPooled),
          port: session.postgres.port,
          database,
          user: role,
          endpoint: endpoint.name,
          caFile: session.ca_file,
        }
      : undefined
  return (
    <Dialog title={t.connect.title} description={t.connect.intro} onClose={onClose} isWide>
      <div className="grid gap-x-4 sm:grid-cols-3">
        <SelectField
          label={t.connect.branch}
          value={branch}
          onChange={(event) => setBranch(event.target.value)}
          options={(branches?.branches ?? [{ branch_id: first }]).map((each) => [
            each.branch_id,
            each.branch_id,
          ])}
        />
        <SelectField
          label={t.connect.database}
          value={database}
          onChange={(event) => setDatabase(event.target.value)}
          options={databases.map((name) => [name, name])}
        />
        <SelectField
          label={t.connect.role}
          value={role}
          onChange={(event) => setUser(event.target.value)}
          options={roles.map((name) => [name, name])}
        />
      </div>
      <CheckField
        label={t.connect.pooled}
        hint={t.connect.pooledHint}
        checked={isPooled}
        onChange={(event) => setPooled(event.target.checked)}
      />
      {error && <ErrorPanel error={error} />}
      {connection ? <Formats connection={connection} /> : <Skeleton rows={6} />}
    </Dialog>
  )
}

/** A pool has a host of its own; where names do not resolve, an option leads to it. */
function placeOf(
  { host, read_write_pooled_host: pooled }: Endpoint['status']['hosts'],
  isPooled: boolean,
): Pick<Connection, 'host' | 'options'> {
  if (!isPooled) return { host }
  return pooled === undefined ? { host, options: 'pool=transaction' } : { host: pooled }
}

function Formats({ connection }: { readonly connection: Connection }) {
  const [format, setFormat] = useState('parameters')
  const formats = [
    ['parameters', t.connect.parameters],
    ['url', t.connect.url],
    ...Object.keys(SNIPPETS).map((name) => [name, <bdi key={name}>{name}</bdi>] as const),
  ] as const
  const snippet = SNIPPETS[format]
  const token = async () =>
    (await call('credentials.generate', { body: { endpoint: connection.endpoint } })).token
  return (
    <>
      <TabList
        label={t.connect.snippet}
        tabs={formats}
        chosen={format}
        onChoose={setFormat}
        className="mb-3 flex-wrap pb-2"
      />
      <div role="tabpanel" aria-label={t.connect.snippet} tabIndex={0}>
        {format === 'parameters' && <Parameters connection={connection} />}
        {format === 'url' && <Snippet label={t.connect.url} text={url(connection)} />}
        {snippet && <Snippet label={format} text={snippet(connection)} />}
      </div>
      <p className="mt-3 text-meta text-dim">{t.connect.pgHostNote}</p>
      <div className="mt-3 flex flex-wrap items-center gap-3 pb-4">
        <CopyButton value={token} label={t.connect.copyToken} isIcon={false} />
        <span className="text-meta text-dim">{t.connect.tokenFor}</span>
      </div>
    </>
  )
}

function Parameters({ connection }: { readonly connection: Connection }) {
  const parameters = parametersOf(connection)
  const all = parameters.map(([name, value]) => `${name}=${value}`).join('\n')
  return (
    <>
      <dl className="grid gap-x-4 gap-y-1 sm:grid-cols-[max-content_minmax(0,1fr)]">
        {parameters.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="font-mono text-dim sm:py-1">{name}</dt>
            <dd>
              <CopyField label={name} value={value} />
            </dd>
          </div>
        ))}
      </dl>
      <div className="mt-3">
        <CopyButton value={all} label={t.connect.copyAll} isIcon={false} />
      </div>
    </>
  )
}
