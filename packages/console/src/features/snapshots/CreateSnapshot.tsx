import type { Branch } from '@lakelet/api'
import { t } from '../../text/index.ts'
import { say } from '../../ui/toast.tsx'
import { CreateDialog } from '../past/CreateDialog.tsx'
import { sourceFields } from '../past/moment.ts'
import { NowOrThen, useNowOrThen } from '../past/NowOrThen.tsx'
import type { BranchParams } from '../past/use-past.ts'

/** Lives to choose from, empty for ever. */
const LIVES = ['', '86400s', '604800s', '2592000s', '31536000s'] as const

/** Takes a snapshot of a branch as it is, or was at a moment of its past. */
export function CreateSnapshot({
  params,
  branch,
  onClose,
}: {
  readonly params: BranchParams
  readonly branch: Branch
  readonly onClose: () => void
}) {
  const origin = useNowOrThen(params)
  const past = origin.moment && sourceFields(origin.moment)
  return (
    <CreateDialog
      id="postgres.createSnapshot"
      title={`${t.snapshots.create}: ${branch.branch_id}`}
      isWide={origin.isPast}
      nameLabel={t.snapshots.name}
      namePlaceholder="before-migration"
      lives={LIVES.map((each) => [each, t.snapshots.life(each)] as const)}
      firstLife=""
      inputOf={(name, life) =>
        origin.isKnown
          ? {
              params: { project: params.project },
              query: { snapshot_id: name },
              body: { spec: { source_branch: branch.name, ...past, ...life } },
            }
          : undefined
      }
      onMade={(name) => {
        say(t.snapshots.created(name))
        onClose()
      }}
      onClose={onClose}
    >
      <NowOrThen label={t.past.data} choice={origin} />
    </CreateDialog>
  )
}
