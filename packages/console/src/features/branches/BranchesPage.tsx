import { branchActions, branchSubject } from '@lakelet/api/actions'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { reasonAgainst } from '../../api/reasons.ts'
import { useParam, useSearchValue } from '../../shell/params.ts'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Ellipsis } from '../../ui/icons.ts'
import { Menu } from '../../ui/menu.tsx'
import { Page, Skeleton } from '../../ui/page.tsx'
import { say } from '../../ui/toast.tsx'
import { useProjectReasons } from '../project/use-reasons.ts'
import { type BranchRow, BranchTree } from './BranchTree.tsx'
import { DeletedBranches } from './DeletedBranches.tsx'
import { NewBranch } from './NewBranch.tsx'
import { ResetBranch } from './ResetBranch.tsx'

export function BranchesPage() {
  const project = useParam('project')
  const [dialog, setDialog] = useSearchValue('new')
  const [failure, setFailure] = useState<unknown>()
  const [deleting, setDeleting] = useState<BranchRow>()
  const [resetting, setResetting] = useState<BranchRow>()
  const { data, error, refetch } = useRead('lakelet.getOverview', {})
  const found = data?.projects.find(
    (each) => each.project.project_id === project || each.project.uid === project,
  )
  const problem = failure ?? error
  const protect = async (row: BranchRow) => {
    setFailure(undefined)
    await switchProtection(project, row).catch(setFailure)
  }
  return (
    <Page
      title={t.branches.title}
      intro={t.branches.intro}
      actions={<CreateButton project={project} onPress={() => setDialog('branch')} />}
    >
      {problem !== undefined && problem !== null && (
        <div className="mb-4">
          <ErrorPanel error={problem} onRetry={() => void refetch()} />
        </div>
      )}
      {found ? (
        <BranchTree
          project={project}
          branches={found.branches}
          actions={(row) => (
            <RowMenu
              row={row}
              all={found.branches}
              onProtect={() => void protect(row)}
              onReset={() => setResetting(row)}
              onDelete={() => setDeleting(row)}
            />
          )}
        />
      ) : (
        <Skeleton />
      )}
      {found?.branches.length === 1 && <p className="mt-4 max-w-[72ch] text-dim">{t.branches.onlyOne}</p>}
      <DeletedBranches project={project} />
      {dialog === 'branch' && found && (
        <NewBranch project={project} branches={found.branches} onClose={() => setDialog(undefined)} />
      )}
      {resetting && (
        <ResetBranch
          project={project}
          branch={resetting.branch.branch_id}
          onClose={() => setResetting(undefined)}
        />
      )}
      {deleting && <DeleteBranch project={project} row={deleting} onClose={() => setDeleting(undefined)} />}
    </Page>
  )
}

function CreateButton({ project, onPress }: { readonly project: string; readonly onPress: () => void }) {
  const reasonFor = useProjectReasons(project)
  return (
    <Button variant="primary" disabledReason={reasonFor('create_branch')} onClick={onPress}>
      {t.branches.create}
    </Button>
  )
}

async function switchProtection(project: string, { branch }: BranchRow): Promise<void> {
  await finished(
    await call('postgres.updateBranch', {
      params: { project, branch: branch.branch_id },
      query: { update_mask: 'spec.is_protected' },
      body: { spec: { is_protected: !branch.status.is_protected } },
    }),
  )
}

function RowMenu({
  row: { branch },
  all,
  onProtect,
  onReset,
  onDelete,
}: {
  readonly row: BranchRow
  /** All branches of the project. */
  readonly all: readonly BranchRow[]
  readonly onProtect: () => void
  readonly onReset: () => void
  readonly onDelete: () => void
}) {
  const { status } = branch
  const subject = branchSubject(
    branch,
    all.map((each) => each.branch),
  )
  const reasonFor = (action: keyof typeof branchActions) => reasonAgainst(branchActions, action, subject)
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
            {
              label: status.is_protected ? t.branches.unprotect : t.branches.protect,
              onSelect: onProtect,
              disabledReason: reasonFor(status.is_protected ? 'update' : 'protect'),
            },
          ],
        },
        {
          entries: [
            {
              label: t.branches.reset,
              onSelect: onReset,
              isDanger: true,
              disabledReason: reasonFor('reset'),
            },
            {
              label: t.branches.delete,
              onSelect: onDelete,
              isDanger: true,
              disabledReason: reasonFor('delete'),
            },
          ],
        },
      ]}
    />
  )
}

function DeleteBranch({
  project,
  row: { branch },
  onClose,
}: {
  readonly project: string
  readonly row: BranchRow
  readonly onClose: () => void
}) {
  const remove = async () => {
    await finished(await call('postgres.deleteBranch', { params: { project, branch: branch.branch_id } }))
    say(t.branches.deleted(branch.branch_id))
    onClose()
  }
  return (
    <ConfirmDestructive
      title={`${t.branches.delete}: ${branch.branch_id}`}
      action={t.branches.delete}
      name={branch.branch_id}
      lost={t.branches.deleteLost(formatBytes(branch.status.logical_size_bytes))}
      onClose={onClose}
      onConfirm={remove}
    />
  )
}
