// Making something of what a branch is or was, a branch or a snapshot: its name, where its data comes from, and how long it lives.
import type { Operation } from '@lakelet/api'
import { type ReactNode, useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { RESOURCE_ID } from '../../api/resource-id.ts'
import type { Input } from '../../api/types.ts'
import { AsCall } from '../../shell/Call.tsx'
import { t } from '../../text/index.ts'
import { FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'

type CreateId = 'postgres.createBranch' | 'postgres.createSnapshot'

/** How long it lives, as a spec says it. */
export type Life = { readonly no_expiry: true } | { readonly ttl: string }

interface CreateDialogProps<I extends CreateId> {
  readonly id: I
  readonly title: string
  readonly isWide: boolean
  readonly nameLabel: string
  readonly namePlaceholder: string
  /** Lives to choose from and their names, empty for ever. */
  readonly lives: readonly (readonly [ttl: string, text: string])[]
  readonly firstLife: string
  /** The call; undefined while what it needs is not known, or is no moment that can be reached. */
  readonly inputOf: (name: string, life: Life) => Input<I> | undefined
  readonly onMade: (name: string) => void
  readonly onClose: () => void
  /** The fields of where the data comes from. */
  readonly children: ReactNode
}

export function CreateDialog<I extends CreateId>({
  id,
  lives,
  firstLife,
  nameLabel,
  namePlaceholder,
  inputOf,
  onMade,
  children,
  ...dialog
}: CreateDialogProps<I>) {
  const [wrong, setWrong] = useState<string>()
  const [progress, setProgress] = useState<string>()
  const asked = (values: FormData) => {
    const ttl = textOf(values, 'ttl')
    return inputOf(textOf(values, 'name'), ttl === '' ? { no_expiry: true } : { ttl })
  }
  const create = async (values: FormData) => {
    const name = textOf(values, 'name')
    setWrong(undefined)
    if (!RESOURCE_ID.test(name)) return setWrong(t.projects.nameInvalid)
    const input = asked(values)
    // What is not known yet, or is no moment, is not sent: the problem stands at its field.
    if (!input) return
    // Both answer one.
    const operation = (await call(id, input)) as Operation
    await finished(operation, (said) => setProgress(t.restore.progress[said] ?? said))
    onMade(name)
  }
  const footnote = (values: FormData) => {
    const input = asked(values)
    return input && <AsCall id={id} input={input} />
  }
  return (
    <FormDialog {...dialog} submit={t.common.create} onSubmit={create} footnote={footnote}>
      <TextField
        name="name"
        label={nameLabel}
        hint={t.projects.nameHint}
        placeholder={namePlaceholder}
        error={wrong}
        autoFocus
        required
      />
      {children}
      <SelectField name="ttl" label={t.branches.expiry} defaultValue={firstLife} options={lives} />
      <p role="status">{progress}</p>
    </FormDialog>
  )
}
