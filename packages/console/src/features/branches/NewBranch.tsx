// Makes a branch: from what its parent is now, or was at a moment of its past, or from a snapshot.
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useRead } from '../../api/queries.ts'
import { paths } from '../../paths.ts'
import { useSearchValue } from '../../shell/params.ts'
import { t } from '../../text/index.ts'
import { SelectField } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { CreateDialog } from '../past/CreateDialog.tsx'
import { sourceFields } from '../past/moment.ts'
import { ThenFields, useNowOrThen } from '../past/NowOrThen.tsx'
import { PastPreview } from '../past/PastPreview.tsx'
import type { BranchRow } from './BranchTree.tsx'
import { lives } from './Expiry.tsx'

/** What a new branch begins with. */
const SOURCES = ['now', 'time', 'lsn', 'snapshot'] as const

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
  const origin = useOrigin(project, branches)
  return (
    <CreateDialog
      id="postgres.createBranch"
      title={t.branches.create}
      isWide={origin.isPast}
      nameLabel={t.branches.name}
      namePlaceholder="dev"
      lives={lives()}
      firstLife="604800s"
      inputOf={(name, life) =>
        origin.spec && {
          params: { project },
          query: { branch_id: name },
          body: { spec: { ...origin.spec, ...life } },
        }
      }
      onMade={(name) => {
        say(t.branches.created(name))
        void navigate({ to: paths.branch(project, name), search: {} })
      }}
      onClose={onClose}
    >
      <OriginFields branches={branches} origin={origin} />
    </CreateDialog>
  )
}

type Origin = ReturnType<typeof useOrigin>

/** What the new branch is made from. `spec` is undefined while that is not known, or no moment that can be reached. */
function useOrigin(project: string, branches: readonly BranchRow[]) {
  const [wanted] = useSearchValue('parent')
  const [parent, setParent] = useState(() => firstParent(branches, wanted))
  const params = { project, branch: parent?.branch_id ?? '' }
  const choice = useNowOrThen(params)
  const [ofSnapshot, setOfSnapshot] = useState(false)
  const snapshots = useSnapshots(project, ofSnapshot)
  const [snapshot, setSnapshot] = useState<string>()
  const kept = snapshots?.find(({ name }) => name === snapshot) ?? snapshots?.[0]
  const past = choice.moment && sourceFields(choice.moment)
  const ofBranch = parent && choice.isKnown ? { source_branch: parent.name, ...past } : undefined
  return {
    parent,
    params,
    choice,
    ofSnapshot,
    isPast: !ofSnapshot && choice.isPast,
    snapshots,
    kept,
    setSnapshot,
    spec: ofSnapshot ? kept && { source_snapshot: kept.name } : ofBranch,
    setParent: (name: string) => setParent(branches.find(({ branch }) => branch.name === name)?.branch),
    setSource: (next: string) => {
      setOfSnapshot(next === 'snapshot')
      choice.choose(next)
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
  const { choice, ofSnapshot, params } = origin
  return (
    <>
      <SelectField
        label={t.past.data}
        value={ofSnapshot ? 'snapshot' : choice.source}
        options={SOURCES.map((each) => [each, t.past.source[each]] as const)}
        onChange={(event) => origin.setSource(event.target.value)}
      />
      {ofSnapshot ? (
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
          <ThenFields choice={choice} />
          <PastPreview params={params} moment={choice.chosen.moment} />
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

/** The one that the address names, else the default one. */
function firstParent(branches: readonly BranchRow[], wanted: string | undefined) {
  const found = branches.find(({ branch }) => branch.branch_id === wanted)
  return (found ?? branches.find(({ branch }) => branch.status.default))?.branch
}
