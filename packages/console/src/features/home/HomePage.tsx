import type { Overview } from '@lakelet/api'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { t } from '../../text/index.ts'
import { LinkButton } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Page, Section, Skeleton } from '../../ui/page.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Tutorial } from './Tutorial.tsx'

export function HomePage() {
  const { data, error, refetch } = useRead('lakelet.getOverview', {})
  return (
    <Page
      title={t.home.title}
      actions={
        <>
          <LinkButton to={paths.newApp}>{t.apps.create}</LinkButton>
          <LinkButton to={paths.projects} search={{ new: 'project' }} variant="primary">
            {t.projects.create}
          </LinkButton>
        </>
      }
    >
      {error ? (
        <ErrorPanel error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <>
          <Tutorial overview={data} />
          <State overview={data} />
        </>
      ) : (
        <Skeleton rows={10} />
      )}
    </Page>
  )
}

function State({ overview }: { readonly overview: Overview }) {
  const computes = overview.projects.flatMap(({ project, branches }) =>
    branches.flatMap(({ branch, endpoints }) =>
      endpoints.map((endpoint) => ({ project: project.project_id, branch: branch.branch_id, endpoint })),
    ),
  )
  const rows = computes.map(({ project, branch, endpoint: { uid, status } }) => ({
    key: uid,
    isAwake: status.current_state !== 'IDLE' || status.pending_state !== undefined,
    row: (
      <>
        <Link to={paths.branch(project, branch)} className="min-w-0 flex-1 truncate">
          <bdi>{project}</bdi> / <bdi>{branch}</bdi>
        </Link>
        <StateBadge
          state={status.current_state}
          pending={status.pending_state}
          isDisabled={status.disabled}
        />
      </>
    ),
  }))
  const apps = overview.apps.map((app) => ({
    key: app.name,
    row: (
      <>
        <Link to={paths.app(app.name)} className="min-w-0 flex-1 truncate">
          <bdi>{app.name}</bdi>
        </Link>
        <StateBadge state={app.app_status.state} reason={app.app_status.message} />
      </>
    ),
  }))
  const awake = [...rows.filter(({ isAwake }) => isAwake), ...apps]
  const asleep = rows.filter(({ isAwake }) => !isAwake)
  return (
    <>
      <Section title={t.home.running}>
        <Lines lines={awake} empty={t.home.nothingRuns} />
      </Section>
      {asleep.length > 0 && (
        <Section title={t.home.asleep}>
          <Lines lines={asleep} empty="" />
        </Section>
      )}
    </>
  )
}

function Lines({
  lines,
  empty,
}: {
  readonly lines: readonly { readonly key: string; readonly row: ReactNode }[]
  readonly empty: string
}) {
  if (lines.length === 0) return <p className="text-dim">{empty}</p>
  return (
    <ul className="panel divide-y divide-line">
      {lines.map(({ key, row }) => (
        <li key={key} className="flex min-h-10 items-center gap-4 px-4 py-1.5">
          {row}
        </li>
      ))}
    </ul>
  )
}
