import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { CopyField } from '../../ui/copy.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Facts, Page, Skeleton } from '../../ui/page.tsx'

export function AboutPage() {
  const { data, error } = useRead('lakelet.getSession', {})
  return (
    <Page title={t.about.title} intro={t.about.intro}>
      {error && <ErrorPanel error={error} />}
      {!error && !data && <Skeleton />}
      {data && (
        <Facts
          items={[
            [t.about.user, <bdi key="user">{data.user}</bdi>],
            [t.about.version, data.version],
            [t.about.address, <CopyField key="host" label={t.about.address} value={data.host} />],
            [t.about.agents, <CopyField key="agents" label={t.about.agents} value={`${data.host}/mcp`} />],
            [
              t.about.postgres,
              <CopyField
                key="postgres"
                label={t.about.postgres}
                value={`${data.postgres.host}:${data.postgres.port}`}
              />,
            ],
            [t.about.authority, <CopyField key="ca" label={t.about.authority} value={data.ca_file} />],
            [t.about.workspaceId, data.workspace_id],
            [t.about.region, data.region],
          ]}
        />
      )}
    </Page>
  )
}
