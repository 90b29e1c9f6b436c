import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { t } from '../../text/index.ts'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { say } from '../../ui/toast.tsx'

/** Asks before a branch begins again from its parent: nothing brings back what it has now. */
export function ResetBranch({
  project,
  branch,
  onClose,
}: {
  readonly project: string
  readonly branch: string
  readonly onClose: () => void
}) {
  const reset = async () => {
    await finished(await call('lakelet.resetBranch', { params: { project, branch }, body: {} }))
    say(t.branches.wasReset(branch))
    onClose()
  }
  return (
    <ConfirmDestructive
      title={`${t.branches.reset}: ${branch}`}
      action={t.branches.reset}
      name={branch}
      lost={t.branches.resetLost}
      isForever
      onClose={onClose}
      onConfirm={reset}
    />
  )
}
