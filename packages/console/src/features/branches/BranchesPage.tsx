import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { useParam, useSearchValue } from '../../shell/params.ts'
import { formatBytes } from '../../text/format.ts'
import { t } from '../../text/index.ts'
import { Button } from '../../ui/button.tsx'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { ErrorPanel } from '../../ui/error-panel.tsx'
import { Page, Skeleton } from '../../ui/page.tsx'
import { say } from '../../ui/toast.tsx'
import { useProjectReasons } from '../project/use-reasons.ts'
import { type BranchAct, BranchMenu } from './BranchMenu.tsx'
import { type BranchRow, BranchTree } from './BranchTree.tsx'
import { DeletedBranches } from './DeletedBranches.tsx'
import { ExportBranch } from './ExportBranch.tsx'
import { ImportBranch } from './ImportBranch.tsx'
import { NewBranch } from './NewBranch.tsx'
import { ResetBranch } from './ResetBranch.tsx'

export function BranchesPage() {
  const project = useParam('project')
  const [dialog, setDialog] = useSearchValue('new')
  const [exported, setExported] = useSearchValue('export')
  const [failure, setFailure] = useState<unknown>()
  const [asked, setAsked] = useState<{ readonly act: BranchAct; readonly row: BranchRow }>()
  const { data, error, refetch } = useRead('lakelet.getOverview', {})
  const found = data?.projects.find(
    (each) => each.project.project_id === project || each.project.uid === project,
  )
  const choose = (act: BranchAct, row: BranchRow) => {
    setFailure(undefined)
    if (act === 'protect') void switchProtection(project, row).catch(setFailure)
    else if (act === 'export') setExported(row.branch.branch_id)
    else setAsked({ act, row })
  }
  return (
    <Page
      title={t.branches.title}
      intro={t.branches.intro}
      actions={<Makers project={project} onPress={setDialog} />}
    >
      <Failed error={failure ?? error} onRetry={() => void refetch()} />
      {found ? (
        <BranchTree
          project={project}
          branches={found.branches}
          actions={(row) => (
            <BranchMenu row={row} all={found.branches} onChoose={(act) => choose(act, row)} />
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
      {dialog === 'import' && <ImportBranch project={project} onClose={() => setDialog(undefined)} />}
      {exported !== undefined && (
        <ExportBranch project={project} branch={exported} onClose={() => setExported(undefined)} />
      )}
      {asked?.act === 'reset' && (
        <ResetBranch
          project={project}
          branch={asked.row.branch.branch_id}
          onClose={() => setAsked(undefined)}
        />
      )}
      {asked?.act === 'delete' && (
        <DeleteBranch project={project} row={asked.row} onClose={() => setAsked(undefined)} />
      )}
    </Page>
  )
}

function Failed({ error, onRetry }: { readonly error: unknown; readonly onRetry: () => void }) {
  if (error === undefined || error === null) return null
  return (
    <div className="mb-4">
      <ErrorPanel error={error} onRetry={onRetry} />
    </div>
  )
}

/** Ways to a new branch, by the name of their dialog. */
function Makers({
  project,
  onPress,
}: {
  readonly project: string
  readonly onPress: (dialog: 'branch' | 'import') => void
}) {
  const { data: session } = useRead('lakelet.getSession', {})
  const reasonFor = useProjectReasons(project)
  const full = reasonFor('create_branch')
  const forAdmins = session && !session.is_admin ? t.identity.onlyAdmins : undefined
  return (
    <>
      <Button disabledReason={forAdmins ?? full} onClick={() => onPress('import')}>
        {t.branchFiles.import}
      </Button>
      <Button variant="primary" disabledReason={full} onClick={() => onPress('branch')}>
        {t.branches.create}
      </Button>
    </>
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
