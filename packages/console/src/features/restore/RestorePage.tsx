// Backup & Restore of a branch: how far back it goes, what was there at a moment, and bringing it back.
import type { BranchHistory } from '@lakelet/api'
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
  return (
    <>
      <ArchiveProblem history={history} />
      {done && <Done params={params} restored={done} />}
      <Section title={t.restore.window}>
        <Facts items={factsOf(history)} />
      </Section>
      <Section title={t.restore.into}>
        {history.earliest_restore_time === undefined ? (
          <Notice>{t.past.notBegun}</Notice>
        ) : (
          <MomentChoice history={history} events={events} chosen={chosen} />
        )}
        <PastPreview params={params} moment={chosen.moment} />
        <Button
          variant="primary"
          disabledReason={chosen.moment ? undefined : t.past.chooseFirst}
          onClick={() => setDialog('1')}
        >
          {t.restore.action}
        </Button>
      </Section>
      <Section title={t.restore.events}>
        <EventList events={events} onChoose={(time) => chosen.change(timeIn(chosen, time))} />
      </Section>
      <Reset params={params} />
      {dialog !== undefined && chosen.moment && (
        <RestoreDialog
          params={params}
          moment={chosen.moment}
          onClose={() => setDialog(undefined)}
          onRestored={(restored) => {
            setDone(restored)
            setDialog(undefined)
          }}
        />
      )}
    </>
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
  return eventsOf({ name }, history, operations, branches)
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

function Reset({ params }: { readonly params: BranchParams }) {
  const [isOpen, setOpen] = useState(false)
  const { data } = useRead('postgres.listBranches', { params: { project: params.project } })
  const all = data?.branches ?? []
  const branch = all.find(({ branch_id: id, uid }) => id === params.branch || uid === params.branch)
  if (!branch) return null
  return (
    <Section title={t.restore.resetTitle} intro={t.restore.resetIntro}>
      <Button
        variant="danger"
        disabledReason={reasonAgainst(branchActions, 'reset', branchSubject(branch, all))}
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
