// Backup & Restore of a branch: how far back it goes, what was there at a moment, and bringing it back.
import type { Branch, BranchHistory, Snapshot } from '@lakelet/api'
import { branchActions, branchSubject } from '@lakelet/api/actions'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useRead } from '../../api/queries.ts'
import { reasonAgainst } from '../../api/reasons.ts'
import { paths } from '../../paths.ts'
import { useParam, useSearchValue } from '../../shell/params.ts'
import { formatBytes, formatDuration, formatTime } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button, LinkButton } from '../../ui/button.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { ForeignText } from '../../ui/foreign-text.tsx'
import { RadioField } from '../../ui/form.tsx'
import { Facts, Notice, Page, Section, Skeleton } from '../../ui/page.tsx'
import { Time } from '../../ui/time.tsx'
import { ResetBranch } from '../branches/ResetBranch.tsx'
import { MomentFields } from '../past/MomentFields.tsx'
import { fieldsOf } from '../past/moment.ts'
import { PastPreview } from '../past/PastPreview.tsx'
import { type BranchParams, type ChosenMoment, useHistory, useMoment } from '../past/use-past.ts'
import { Snapshots } from '../snapshots/Snapshots.tsx'
import { EventList } from './EventList.tsx'
import { eventsOf, type PastEvent } from './events.ts'
import { RestoreDialog, type Restored } from './RestoreDialog.tsx'
import { Timeline } from './Timeline.tsx'

export function RestorePage() {
  const params = { project: useParam('project'), branch: useParam('branch') }
  const history = useHistory(params)
  return (
    <Page title={t.restore.title} intro={t.restore.intro}>
      {history.error ? (
        <ErrorPanel error={history.error} onRetry={() => void history.refetch()} />
      ) : history.data ? (
        <Past
          key={`${params.project}/${params.branch}`}
          params={params}
          history={history.data}
          readAt={history.dataUpdatedAt}
        />
      ) : (
        <Skeleton />
      )}
    </Page>
  )
}

function Past({
  params,
  history,
  readAt,
}: {
  readonly params: BranchParams
  readonly history: BranchHistory
  readonly readAt: number
}) {
  const [dialog, setDialog] = useSearchValue('restore')
  const [at] = useSearchValue('at')
  const [done, setDone] = useState<Restored>()
  const chosen = useMoment(history, readAt, at)
  const events = useEvents(params, history)
  const [snapshot, setSnapshot] = useState<Snapshot>()
  const { branch, all } = useBranches(params)
  const wanted = snapshot
    ? { snapshot: snapshot.snapshot_id }
    : dialog === undefined
      ? undefined
      : chosen.moment
  const close = () => {
    setSnapshot(undefined)
    if (dialog !== undefined) setDialog(undefined)
  }
  const finish = (restored: Restored) => {
    setDone(restored)
    close()
  }
  return (
    <>
      <ArchiveProblem history={history} />
      {done && <Done params={params} restored={done} />}
      <Section title={t.restore.window}>
        <Facts items={factsOf(history)} />
      </Section>
      <PointInTime {...{ params, history, events, chosen }} onRestore={() => setDialog('1')} />
      <Section title={t.restore.events}>
        <EventList events={events} onChoose={(time) => chosen.change(timeIn(chosen, time))} />
      </Section>
      {branch && (
        <>
          <Snapshots params={params} branch={branch} branches={all} onRestore={setSnapshot} />
          <Reset branch={branch} branches={all} params={params} />
        </>
      )}
      {wanted && <RestoreDialog params={params} wanted={wanted} onClose={close} onRestored={finish} />}
    </>
  )
}

function PointInTime({
  params,
  onRestore,
  ...choice
}: {
  readonly params: BranchParams
  readonly history: BranchHistory
  readonly events: readonly PastEvent[]
  readonly chosen: ChosenMoment
  readonly onRestore: () => void
}) {
  const { moment } = choice.chosen
  return (
    <Section title={t.restore.into}>
      {choice.history.earliest_restore_time === undefined ? (
        <Notice>{t.past.notBegun}</Notice>
      ) : (
        <MomentChoice {...choice} />
      )}
      <PastPreview params={params} moment={moment} />
      <Button variant="primary" disabledReason={moment ? undefined : t.past.chooseFirst} onClick={onRestore}>
        {t.restore.action}
      </Button>
    </Section>
  )
}

function MomentChoice({
  history,
  events,
  chosen,
}: {
  readonly history: BranchHistory
  readonly events: readonly PastEvent[]
  readonly chosen: ChosenMoment
}) {
  const { draft, moment, change } = chosen
  const at = moment && 'time' in moment ? Date.parse(moment.time) : undefined
  return (
    <>
      <Timeline
        history={history}
        events={events}
        at={at}
        onChoose={(time) => change(timeIn(chosen, new Date(time).toISOString()))}
      />
      <RadioField
        legend={t.restore.by}
        value={draft.kind}
        onChange={(kind) => change({ kind })}
        options={[
          ['time', t.restore.byTime],
          ['lsn', t.restore.byLsn],
        ]}
      />
      <MomentFields chosen={chosen} window={history} />
    </>
  )
}

function timeIn({ draft }: ChosenMoment, time: string) {
  return { kind: 'time', ...fieldsOf(time, draft.zone) } as const
}

function useEvents(params: BranchParams, history: BranchHistory): PastEvent[] {
  const { project } = params
  const operations = useRead('lakelet.listOperations', { query: { project } }).data?.operations ?? []
  const branches = useRead('postgres.listBranches', { params: { project } }).data?.branches ?? []
  const name = history.name.replace(/\/history$/, '')
  const snapshots = useRead('postgres.listSnapshots', { params: { project } }).data?.snapshots ?? []
  return eventsOf({ name }, history, { operations, branches, snapshots })
}

function factsOf(history: BranchHistory) {
  const { earliest_restore_time: from } = history
  const kept = formatDuration(history.history_retention_duration)
  return [
    [t.restore.from, from === undefined ? t.common.none : <Time key="from" at={from} exact />],
    [t.restore.kept, kept],
    [t.restore.takes, formatBytes(history.base_bytes + history.archive_bytes)],
    [t.past.position, <code key="lsn">{history.latest_restore_lsn}</code>],
  ] as const
}

function ArchiveProblem({ history: { archive_problem: problem } }: { readonly history: BranchHistory }) {
  if (!problem) return null
  return (
    <div className="mb-6">
      <Notice tone="danger">
        {t.restore.problem(formatTime(problem.since))} <ForeignText text={problem.message} />
      </Notice>
    </div>
  )
}

function Done({
  params: { project, branch },
  restored,
}: {
  readonly params: BranchParams
  readonly restored: Restored
}) {
  return (
    <div className="mb-6" role="status">
      <Notice>
        <p>
          {restored.isInPlace ? t.restore.doneInPlace(branch) : t.restore.doneNew}{' '}
          <Link to={paths.branch(project, restored.branch)}>
            <bdi>{restored.branch}</bdi>
          </Link>
        </p>
        <p className="mt-2">
          <LinkButton to={paths.branch(project, branch, '/diff')} search={{ with: restored.branch }}>
            {t.restore.compare}
          </LinkButton>
        </p>
      </Notice>
    </div>
  )
}

/** The branch of the page among all of its project; undefined until they are known. */
function useBranches(params: BranchParams) {
  const { data } = useRead('postgres.listBranches', { params: { project: params.project } })
  const all = data?.branches ?? []
  const branch = all.find(({ branch_id: id, uid }) => id === params.branch || uid === params.branch)
  return { branch, all }
}

function Reset({
  branch,
  branches,
  params,
}: {
  readonly branch: Branch
  readonly branches: readonly Branch[]
  readonly params: BranchParams
}) {
  const [isOpen, setOpen] = useState(false)
  return (
    <Section title={t.restore.resetTitle} intro={t.restore.resetIntro}>
      <Button
        variant="danger"
        disabledReason={reasonAgainst(branchActions, 'reset', branchSubject(branch, branches))}
        onClick={() => setOpen(true)}
      >
        {t.branches.reset}
      </Button>
      {isOpen && (
        <ResetBranch project={params.project} branch={branch.branch_id} onClose={() => setOpen(false)} />
      )}
    </Section>
  )
}
