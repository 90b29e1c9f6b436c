// Makes a branch: from what its parent is now, or was at a moment of its past.
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { RESOURCE_ID } from '../../api/resource-id.ts'
import { useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { AsCall } from '../../shell/Call.tsx'
import { useSearchValue } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { MomentFields } from '../past/MomentFields.tsx'
import { sourceFields } from '../past/moment.ts'
import { PastPreview } from '../past/PastPreview.tsx'
import { useHistory, useMoment } from '../past/use-past.ts'
import type { BranchRow } from './BranchTree.tsx'
import { Expiry } from './Expiry.tsx'

/** What a new branch begins with. */
type Source = 'now' | 'time' | 'lsn' | 'snapshot'

export function NewBranch({
  project,
  branches,
  onClose,
}: {
  readonly project: string
  readonly branches: readonly BranchRow[]
  readonly onClose: () => void
}) {
  const navigate = useNavigate()
  const [wrong, setWrong] = useState<string>()
  const [progress, setProgress] = useState<string>()
  const origin = useOrigin(project, branches)
  const asked = (values: FormData) => {
    const ttl = textOf(values, 'ttl')
    const spec = origin.spec && { ...origin.spec, ...(ttl === '' ? { no_expiry: true } : { ttl }) }
    return spec && { params: { project }, query: { branch_id: textOf(values, 'name') }, body: { spec } }
  }
  const create = async (values: FormData) => {
    const input = asked(values)
    const branch = textOf(values, 'name')
    setWrong(undefined)
    if (!RESOURCE_ID.test(branch)) return setWrong(t.projects.nameInvalid)
    // What is not known yet, or is no moment, is not sent: the problem stands at its field.
    if (!input) return
    await finished(await call('postgres.createBranch', input), (said) =>
      setProgress(t.restore.progress[said] ?? said),
    )
    say(t.branches.created(branch))
    void navigate({ to: paths.branch(project, branch), search: {} })
  }
  const footnote = (values: FormData) => {
    const input = asked(values)
    return input && <AsCall id="postgres.createBranch" input={input} />
  }
  return (
    <FormDialog
      title={t.branches.create}
      submit={t.common.create}
      isWide={origin.isPast}
      onClose={onClose}
      onSubmit={create}
      footnote={footnote}
    >
      <TextField
        name="name"
        label={t.branches.name}
        hint={t.projects.nameHint}
        placeholder="dev"
        error={wrong}
        autoFocus
        required
      />
      <OriginFields branches={branches} origin={origin} />
      <Expiry first="604800s" />
      <p role="status">{progress}</p>
    </FormDialog>
  )
}

type Origin = ReturnType<typeof useOrigin>

/** What the new branch is made from. `spec` is undefined while that is not known, or no moment that can be reached. */
function useOrigin(project: string, branches: readonly BranchRow[]) {
  const [wanted] = useSearchValue('parent')
  const [parent, setParent] = useState(() => firstParent(branches, wanted))
  const [source, setSource] = useState<Source>('now')
  const params = { project, branch: parent?.branch_id ?? '' }
  const isPast = source === 'time' || source === 'lsn'
  const history = useHistory(params, isPast && parent !== undefined)
  const chosen = useMoment(history.data, history.dataUpdatedAt)
  const snapshots = useSnapshots(project, source === 'snapshot')
  const [snapshot, setSnapshot] = useState<string>()
  const kept = snapshots?.find(({ name }) => name === snapshot) ?? snapshots?.[0]
  const past = isPast ? chosen.moment && sourceFields(chosen.moment) : {}
  const ofBranch = parent && past && { source_branch: parent.name, ...past }
  return {
    parent,
    source,
    params,
    history,
    chosen,
    isPast,
    snapshots,
    kept,
    setSnapshot,
    spec: source === 'snapshot' ? kept && { source_snapshot: kept.name } : ofBranch,
    setParent: (name: string) => setParent(branches.find(({ branch }) => branch.name === name)?.branch),
    setSource: (next: Source) => {
      setSource(next)
      if (next === 'time' || next === 'lsn') chosen.change({ kind: next })
    },
  }
}

function OriginFields({
  branches,
  origin,
}: {
  readonly branches: readonly BranchRow[]
  readonly origin: Origin
}) {
  const { history, chosen, source, params } = origin
  return (
    <>
      <SelectField
        label={t.past.data}
        value={source}
        options={SOURCES.map((each) => [each, t.past.source[each]] as const)}
        onChange={(event) => origin.setSource(SOURCES.find((each) => each === event.target.value) ?? 'now')}
      />
      {source === 'snapshot' ? (
        <SnapshotField origin={origin} />
      ) : (
        <SelectField
          label={t.branches.parent}
          value={origin.parent?.name}
          options={branches.map(({ branch }) => [branch.name, branch.branch_id] as const)}
          onChange={(event) => origin.setParent(event.target.value)}
        />
      )}
      {origin.isPast && (
        <>
          {history.error && <ErrorPanel error={history.error} onRetry={() => void history.refetch()} />}
          <MomentFields chosen={chosen} window={history.data} />
          <PastPreview params={params} moment={chosen.moment} />
        </>
      )}
    </>
  )
}

/** The snapshots that a branch can be made from; undefined until they are known. */
function useSnapshots(project: string, enabled: boolean) {
  const { data } = useRead('postgres.listSnapshots', { params: { project } }, { enabled })
  return data && (data.snapshots ?? []).filter(({ status }) => status.current_state === 'READY')
}

function SnapshotField({ origin: { snapshots, kept, setSnapshot } }: { readonly origin: Origin }) {
  if (snapshots?.length === 0) return <p className="mb-4 text-dim">{t.snapshots.none}</p>
  return (
    <SelectField
      label={t.snapshots.title}
      value={kept?.name ?? ''}
      options={(snapshots ?? []).map(({ name, snapshot_id: id }) => [name, id] as const)}
      onChange={(event) => setSnapshot(event.target.value)}
    />
  )
}

const SOURCES: readonly Source[] = ['now', 'time', 'lsn', 'snapshot']

/** The one that the address names, else the default one. */
function firstParent(branches: readonly BranchRow[], wanted: string | undefined) {
  const found = branches.find(({ branch }) => branch.branch_id === wanted)
  return (found ?? branches.find(({ branch }) => branch.status.default))?.branch
}
