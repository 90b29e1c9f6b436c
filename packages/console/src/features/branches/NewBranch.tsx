import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { paths } from '../../paths.ts'
import { t } from '../../text/index.ts'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import type { BranchRow } from './BranchTree.tsx'

const BRANCH_ID = /^[a-z][a-z0-9-]{0,62}$/

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
  const create = async (values: FormData) => {
    const branch = textOf(values, 'name')
    setWrong(undefined)
    if (!BRANCH_ID.test(branch)) return setWrong(t.projects.nameInvalid)
    const ttl = textOf(values, 'ttl')
    const spec = {
      source_branch: textOf(values, 'parent'),
      ...(ttl === '' ? { no_expiry: true } : { ttl }),
    }
    const params = { project }
    await finished(
      await call('postgres.createBranch', { params, query: { branch_id: branch }, body: { spec } }),
    )
    say(t.branches.created(branch))
    void navigate({ to: paths.branch(project, branch), search: {} })
  }
  const parents = branches.map(({ branch }) => [branch.name, branch.branch_id] as const)
  const first = branches.find(({ branch }) => branch.status.default)?.branch.name
  return (
    <FormDialog title={t.branches.create} submit={t.common.create} onClose={onClose} onSubmit={create}>
      <TextField
        name="name"
        label={t.branches.name}
        hint={t.projects.nameHint}
        placeholder="dev"
        error={wrong}
        autoFocus
        required
      />
      <SelectField name="parent" label={t.branches.parent} options={parents} defaultValue={first} />
      <SelectField
        name="ttl"
        label={t.branches.expiry}
        defaultValue="604800s"
        options={[
          ['', t.branches.ttl.never],
          ['3600s', t.branches.ttl.hour],
          ['86400s', t.branches.ttl.day],
          ['604800s', t.branches.ttl.week],
          ['2592000s', t.branches.ttl.month],
        ]}
      />
    </FormDialog>
  )
}
