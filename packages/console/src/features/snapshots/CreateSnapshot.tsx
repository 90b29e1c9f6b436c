import type { Branch } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { AsCall } from '../../shell/Call.tsx'
import { t } from '../../text/index.ts'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { MomentFields } from '../past/MomentFields.tsx'
import { sourceFields } from '../past/moment.ts'
import { type BranchParams, useHistory, useMoment } from '../past/use-past.ts'

const SNAPSHOT_ID = /^[a-z][a-z0-9-]{0,62}$/
/** Lives to choose from, empty for ever. */
const LIVES = ['', '86400s', '604800s', '2592000s', '31536000s'] as const
const SOURCES = ['now', 'time', 'lsn'] as const

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
  const origin = useOrigin(params)
  const asked = (values: FormData) => {
    const ttl = textOf(values, 'ttl')
    const { past } = origin
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
    if (!SNAPSHOT_ID.test(id)) return setWrong(t.projects.nameInvalid)
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
      <OriginFields origin={origin} />
      <Life />
    </FormDialog>
  )
}

type Origin = ReturnType<typeof useOrigin>

/** What is kept. `past` is undefined while that is not known, or no moment that can be reached. */
function useOrigin(params: BranchParams) {
  const [source, setSource] = useState<(typeof SOURCES)[number]>('now')
  const history = useHistory(params, source !== 'now')
  const chosen = useMoment(history.data, history.dataUpdatedAt)
  const choose = (next: string) => {
    const found = SOURCES.find((each) => each === next) ?? 'now'
    setSource(found)
    if (found !== 'now') chosen.change({ kind: found })
  }
  const past = source === 'now' ? {} : chosen.moment && sourceFields(chosen.moment)
  return { source, choose, chosen, history, past }
}

function OriginFields({ origin: { source, choose, chosen, history } }: { readonly origin: Origin }) {
  return (
    <>
      <SelectField
        label={t.past.data}
        value={source}
        options={SOURCES.map((each) => [each, t.past.source[each]] as const)}
        onChange={(event) => choose(event.target.value)}
      />
      {source !== 'now' && <MomentFields chosen={chosen} window={history.data} />}
    </>
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
