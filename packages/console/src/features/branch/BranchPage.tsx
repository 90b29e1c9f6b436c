import { Link } from '@tanstack/react-router'
import { useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { useParam, useSearchValue } from '../../shell/params.ts'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { CopyField } from '../../ui/copy.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Facts, Page, Section, Skeleton } from '../../ui/page.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Time } from '../../ui/time.tsx'
import { ConnectDialog } from '../connect/ConnectDialog.tsx'
import { Problem } from './Problem.tsx'
import { ComputeCard } from '../computes/ComputeCard.tsx'

/** That a disk fills up is no change that the workspace announces. */
const PROBLEMS_EVERY_MS = 10_000

export function BranchPage() {
  const params = { project: useParam('project'), branch: useParam('branch') }
  const [connect, setConnect] = useSearchValue('connect')
  const {
    data: branch,
    error,
    refetch,
  } = useRead('postgres.getBranch', { params }, { everyMs: PROBLEMS_EVERY_MS })
  const { data: endpoints } = useRead('postgres.listEndpoints', { params })
  return (
    <Page
      title={params.branch}
      isName
      beside={
        branch &&
        branch.status.current_state !== 'READY' && <StateBadge state={branch.status.current_state} />
      }
      actions={
        <>
          <LinkButton to={paths.branch(params.project, params.branch, '/sql')}>{t.sql.title}</LinkButton>
          <Button variant="primary" onClick={() => setConnect('1')}>
            {t.connect.title}
          </Button>
        </>
      }
    >
      {error ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : branch ? (
        <>
          <Problem problem={branch.status.problem} />
          <Section title={t.computes.title}>
            {endpoints?.endpoints?.map((endpoint) => (
              <ComputeCard key={endpoint.uid} endpoint={endpoint} params={params} />
            ))}
          </Section>
          <Section title={t.branch.overview}>
            <Facts items={factsOf(branch)} />
          </Section>
          <Children of={branch} params={params} />
        </>
      ) : (
        <Skeleton />
      )}
      {connect && <ConnectDialog {...params} onClose={() => setConnect(undefined)} />}
    </Page>
  )
}

function Children({
  of: branch,
  params: { project },
}: {
  readonly of: Branch
  readonly params: { readonly project: string }
}) {
  const { data: all } = useRead('postgres.listBranches', { params: { project } })
  const children = all?.branches?.filter((each) => each.status.source_branch === branch.name) ?? []
  return (
    <Section title={t.branch.children}>
      {children.length === 0 && <p className="max-w-[72ch] text-dim">{t.branch.noChildren}</p>}
      <ul className="flex flex-wrap gap-4">
        {children.map((each) => (
          <li key={each.uid}>
            <Link to={paths.branch(project, each.branch_id)}>
              <bdi>{each.branch_id}</bdi>
            </Link>
          </li>
        ))}
      </ul>
    </Section>
  )
}

type Branch = NonNullable<ReturnType<typeof useRead<'postgres.getBranch'>>['data']>

function factsOf(branch: Branch) {
  const { status } = branch
  const { source_branch: source, source_branch_lsn: lsn } = status
  return [
    [t.branch.id, <code key="id">{branch.branch_id}</code>],
    [t.branch.uid, <CopyField key="uid" label={t.branch.uid} value={branch.uid} />],
    [t.branch.size, formatBytes(status.logical_size_bytes)],
    [t.branch.created, <Time key="created" at={branch.create_time} exact />],
    [
      t.branch.expires,
      status.expire_time ? <Time key="expires" at={status.expire_time} exact /> : t.common.never,
    ],
    [t.branch.protection, status.is_protected ? t.branches.protected : t.common.none],
    [
      t.branch.madeFrom,
      source === undefined ? (
        t.common.none
      ) : (
        <span key="from">
          <bdi>{source.split('/').at(-1)}</bdi> {lsn && t.branch.madeAt(lsn)}
        </span>
      ),
    ],
  ] as const
}
