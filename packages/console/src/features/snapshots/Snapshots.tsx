// The snapshots of a project, on the page of a branch: taken by hand and by the branch's schedule, restored and deleted.
import type { Branch, Snapshot } from '@lakelet/api'
import { branchActions, branchSubject } from '@lakelet/api/actions'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { reasonAgainst } from '../../api/reasons.ts'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Ellipsis } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import { Section, Skeleton } from '../../ui/page.tsx'
import { ResourceTable } from '../../ui/resource-table.tsx'
import { StateBadge } from '../../ui/state-badge.tsx'
import { Time } from '../../ui/time.tsx'
import { say } from '../../ui/toast.tsx'
import type { BranchParams } from '../past/use-past.ts'
import { CreateSnapshot } from './CreateSnapshot.tsx'
import { ScheduleDialog } from './ScheduleDialog.tsx'
import { ScheduleWords } from './ScheduleWords.tsx'

/** What is open beside the list. */
type Open =
  | { readonly what: 'create' }
  | { readonly what: 'schedule' }
  | { readonly what: 'delete'; readonly snapshot: Snapshot }

export function Snapshots({
  params,
  branch,
  branches,
  onRestore,
}: {
  readonly params: BranchParams
  readonly branch: Branch
  /** All of the project. */
  readonly branches: readonly Branch[]
  readonly onRestore: (snapshot: Snapshot) => void
}) {
  const [open, setOpen] = useState<Open>()
  const { data, error, refetch } = useRead('postgres.listSnapshots', { params: { project: params.project } })
  const refusal = reasonAgainst(branchActions, 'snapshot', branchSubject(branch, branches))
  const close = () => setOpen(undefined)
  return (
    <Section
      title={t.snapshots.title}
      intro={t.snapshots.intro}
      actions={
        <span className="flex flex-wrap gap-2">
          <Button disabledReason={refusal} onClick={() => setOpen({ what: 'schedule' })}>
            {t.snapshots.editSchedule}
          </Button>
          <Button disabledReason={refusal} onClick={() => setOpen({ what: 'create' })}>
            {t.snapshots.create}
          </Button>
        </span>
      }
    >
      {refusal === undefined ? <ScheduleWords params={params} /> : <p className="mb-3 text-dim">{refusal}</p>}
      {error && <ErrorPanel error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Skeleton rows={2} />}
      {data && (
        <SnapshotList
          snapshots={data.snapshots ?? []}
          onRestore={onRestore}
          onDelete={(snapshot) => setOpen({ what: 'delete', snapshot })}
        />
      )}
      {open?.what === 'create' && <CreateSnapshot params={params} branch={branch} onClose={close} />}
      {open?.what === 'schedule' && <ScheduleDialog params={params} onClose={close} />}
      {open?.what === 'delete' && (
        <DeleteSnapshot project={params.project} snapshot={open.snapshot} onClose={close} />
      )}
    </Section>
  )
}

function SnapshotList({
  snapshots,
  onRestore,
  onDelete,
}: {
  readonly snapshots: readonly Snapshot[]
  readonly onRestore: (snapshot: Snapshot) => void
  readonly onDelete: (snapshot: Snapshot) => void
}) {
  return (
    <ResourceTable
      label={t.snapshots.title}
      rows={snapshots}
      rowKey={({ uid }) => uid}
      textOf={({ snapshot_id: id }) => id}
      empty={<p className="text-dim">{t.snapshots.none}</p>}
      columns={columns()}
      actions={(snapshot) => {
        const isWhole = snapshot.status.current_state === 'READY'
        return (
          <Menu
            trigger={
              <Button
                variant="quiet"
                className="px-2"
                aria-label={`${t.common.more}: ${snapshot.snapshot_id}`}
              >
                <Ellipsis size={16} aria-hidden />
              </Button>
            }
            groups={[
              {
                entries: [
                  {
                    label: t.snapshots.restore,
                    onSelect: () => onRestore(snapshot),
                    disabledReason: isWhole ? undefined : t.snapshots.notReady,
                  },
                ],
              },
              {
                entries: [{ label: t.snapshots.delete, onSelect: () => onDelete(snapshot), isDanger: true }],
              },
            ]}
          />
        )
      }}
    />
  )
}

const columns = () => [
  {
    key: 'name',
    title: t.snapshots.name,
    cell: ({ snapshot_id: id, status }: Snapshot) => (
      <>
        <bdi>{id}</bdi>
        {status.scheduled && <span className="ml-2 text-meta text-dim">{t.snapshots.scheduled}</span>}
        {status.current_state !== 'READY' && (
          <span className="ml-2">
            <StateBadge state={status.current_state} />
          </span>
        )}
      </>
    ),
  },
  {
    key: 'branch',
    title: t.snapshots.branch,
    cell: ({ status }: Snapshot) => <bdi>{status.source_branch.split('/').at(-1)}</bdi>,
  },
  {
    key: 'of',
    title: t.snapshots.of,
    cell: ({ create_time: made, status }: Snapshot) => <Time at={status.source_branch_time ?? made} exact />,
  },
  {
    key: 'size',
    title: t.snapshots.size,
    isNumber: true,
    isMinor: true,
    cell: ({ status }: Snapshot) =>
      status.full_size_bytes === undefined ? '–' : formatBytes(status.full_size_bytes),
  },
  {
    key: 'diff',
    title: t.snapshots.diff,
    isNumber: true,
    isMinor: true,
    cell: ({ status }: Snapshot) =>
      status.diff_size_bytes === undefined ? '–' : formatBytes(status.diff_size_bytes),
  },
  {
    key: 'expires',
    title: t.branches.expires,
    isNumber: true,
    cell: ({ status }: Snapshot) =>
      status.expire_time === undefined ? t.common.never : <Time at={status.expire_time} />,
  },
]

function DeleteSnapshot({
  project,
  snapshot: { snapshot_id: id },
  onClose,
}: {
  readonly project: string
  readonly snapshot: Snapshot
  readonly onClose: () => void
}) {
  const remove = async () => {
    await finished(await call('postgres.deleteSnapshot', { params: { project, snapshot: id } }))
    say(t.snapshots.deleted(id))
    onClose()
  }
  return (
    <ConfirmDestructive
      title={`${t.snapshots.delete}: ${id}`}
      action={t.snapshots.delete}
      name={id}
      lost={t.snapshots.deleteLost}
      isForever
      onClose={onClose}
      onConfirm={remove}
    />
  )
}
