import type { Branch } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { RESOURCE_ID } from '../../api/resource-id.ts'
import { AsCall } from '../../shell/Call.tsx'
import { t } from '../../text/index.ts'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
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
  const [wrong, setWrong] = useState<string>()
  const origin = useNowOrThen(params)
  const asked = (values: FormData) => {
    const ttl = textOf(values, 'ttl')
    const past = origin.isKnown && { ...(origin.moment && sourceFields(origin.moment)) }
    const spec = past && {
      source_branch: branch.name,
      ...past,
      ...(ttl === '' ? { no_expiry: true } : { ttl }),
    }
    const query = { snapshot_id: textOf(values, 'name') }
    return spec && { params: { project: params.project }, query, body: { spec } }
  }
  const create = async (values: FormData) => {
    const input = asked(values)
    const id = textOf(values, 'name')
    setWrong(undefined)
    if (!RESOURCE_ID.test(id)) return setWrong(t.projects.nameInvalid)
    // What is not known yet, or is no moment, is not sent: the problem stands at its field.
    if (!input) return
    await finished(await call('postgres.createSnapshot', input))
    say(t.snapshots.created(id))
    onClose()
  }
  const footnote = (values: FormData) => {
    const input = asked(values)
    return input && <AsCall id="postgres.createSnapshot" input={input} />
  }
  return (
    <FormDialog
      title={`${t.snapshots.create}: ${branch.branch_id}`}
      submit={t.common.create}
      isWide={origin.source !== 'now'}
      onClose={onClose}
      onSubmit={create}
      footnote={footnote}
    >
      <TextField
        name="name"
        label={t.snapshots.name}
        hint={t.projects.nameHint}
        placeholder="before-migration"
        error={wrong}
        autoFocus
        required
      />
      <NowOrThen label={t.past.data} choice={origin} />
      <Life />
    </FormDialog>
  )
}

function Life() {
  return (
    <SelectField
      name="ttl"
      label={t.branches.expiry}
      options={LIVES.map((each) => [each, t.snapshots.life(each)] as const)}
    />
  )
}
