import type { Overview } from '@lakelet/api'
import { Link } from '@tanstack/react-router'
import { useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { useParam, useSearchValue } from '../../shell/params.ts'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Facts, Page, Section, Skeleton } from '../../ui/page.tsx'
import { Time } from '../../ui/time.tsx'
import { BranchTree } from '../branches/BranchTree.tsx'
import { WhyAwake } from '../computes/WhyAwake.tsx'
import { ConnectDialog } from '../connect/ConnectDialog.tsx'

export function ProjectPage() {
  const project = useParam('project')
  const [connect, setConnect] = useSearchValue('connect')
  const { data, error, refetch } = useRead('lakelet.getOverview', {})
  const { error: missing } = useRead('postgres.getProject', { params: { project } })
  const found = data?.projects.find(
    (each) => each.project.project_id === project || each.project.uid === project,
  )
  const failure = error ?? missing
  if (failure) {
    return (
      <Page title={project} isName>
        <ErrorPanel error={failure} onRetry={() => void refetch()} />
      </Page>
    )
  }
  if (!found) {
    return (
      <Page title={project} isName>
        <Skeleton />
      </Page>
    )
  }
  const { project: shown, branches } = found
  const main = branches.find(({ branch }) => branch.status.default)
  const production = main?.branch.branch_id ?? 'production'
  const endpoint = main?.endpoints[0]
  return (
    <Page
      title={shown.status.display_name}
      isName
      beside={<span className="text-dim">Postgres {shown.status.pg_version}</span>}
      intro={endpoint && <WhyAwake endpoint={endpoint} params={{ project, branch: production }} />}
      actions={
        <>
          <LinkButton to={paths.branch(project, production, '/sql')}>{t.sql.title}</LinkButton>
          <Button variant="primary" onClick={() => setConnect('1')}>
            {t.connect.title}
          </Button>
        </>
      }
    >
      <Section
        title={t.branches.title}
        actions={<Link to={paths.project(project, '/branches')}>{t.branches.all}</Link>}
      >
        <BranchTree project={shown.project_id} branches={branches} />
      </Section>
      <General project={shown} />
      {connect && (
        <ConnectDialog project={project} branch={production} onClose={() => setConnect(undefined)} />
      )}
    </Page>
  )
}

function General({ project }: { readonly project: Overview['projects'][number]['project'] }) {
  return (
    <Section title={t.project.general}>
      <Facts
        items={[
          [t.project.owner, <bdi key="owner">{project.status.owner}</bdi>],
          [t.projects.size, formatBytes(project.status.synthetic_storage_size_bytes)],
          [t.projects.created, <Time key="created" at={project.create_time} exact />],
          [t.branch.uid, <code key="uid">{project.uid}</code>],
        ]}
      />
    </Section>
  )
}
