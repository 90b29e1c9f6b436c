import { branchActions, branchSubject } from '@lakelet/api/actions'
import { reasonAgainst } from '../../api/reasons.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { Ellipsis } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import type { BranchRow } from './BranchTree.tsx'

/** What the menu of a branch does. */
export type BranchAct = 'protect' | 'export' | 'reset' | 'delete'

export function BranchMenu({
  row: { branch },
  all,
  onChoose,
}: {
  readonly row: BranchRow
  /** All branches of the project. */
  readonly all: readonly BranchRow[]
  readonly onChoose: (act: BranchAct) => void
}) {
  const { is_protected: isProtected } = branch.status
  const subject = branchSubject(
    branch,
    all.map((each) => each.branch),
  )
  const entry = (act: BranchAct, label: string, action: keyof typeof branchActions) => ({
    label,
    onSelect: () => onChoose(act),
    disabledReason: reasonAgainst(branchActions, action, subject),
  })
  return (
    <Menu
      trigger={
        <Button variant="quiet" className="px-2" aria-label={`${t.common.more}: ${branch.branch_id}`}>
          <Ellipsis size={16} aria-hidden />
        </Button>
      }
      groups={[
        {
          entries: [
            isProtected
              ? entry('protect', t.branches.unprotect, 'update')
              : entry('protect', t.branches.protect, 'protect'),
            entry('export', t.branchFiles.export, 'read_catalog'),
          ],
        },
        {
          entries: [
            { ...entry('reset', t.branches.reset, 'reset'), isDanger: true },
            { ...entry('delete', t.branches.delete, 'delete'), isDanger: true },
          ],
        },
      ]}
    />
  )
}
