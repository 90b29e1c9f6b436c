// Changing what a role may do, and dropping it with a say in what becomes of what it owns.
import type { Role } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { t } from '../../text/index.ts'
import { ConfirmDestructive } from '../../ui/confirm-destructive.tsx'
import { FormDialog, SelectField } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { Attributes, attributesIn } from './AddRole.tsx'

const MASK = [
  'spec.attributes.createdb',
  'spec.attributes.createrole',
  'spec.attributes.bypassrls',
  'spec.membership_roles',
].join(',')

interface RoleDialogProps {
  readonly params: { readonly project: string; readonly branch: string }
  readonly role: Role
  readonly onClose: () => void
}

export function ChangeRole({ params, role, onClose }: RoleDialogProps) {
  const name = role.status.postgres_role
  const change = async (values: FormData) => {
    const place = { ...params, role: role.role_id }
    const query = { update_mask: MASK }
    const body = { spec: attributesIn(values) }
    await finished(await call('postgres.updateRole', { params: place, query, body }))
    say(t.roles.changed(name))
    onClose()
  }
  return (
    <FormDialog
      title={`${t.roles.change}: ${name}`}
      submit={t.common.save}
      onClose={onClose}
      onSubmit={change}
    >
      <Attributes role={role} />
    </FormDialog>
  )
}

export function DropRole({
  params,
  role,
  others,
  onClose,
}: RoleDialogProps & { readonly others: readonly Role[] }) {
  const [heir, setHeir] = useState('')
  const name = role.status.postgres_role
  const drop = async () => {
    const place = { ...params, role: role.role_id }
    const query = heir === '' ? {} : { reassign_owned_to: heir }
    await finished(await call('postgres.deleteRole', { params: place, query }))
    say(t.roles.dropped(name))
    onClose()
  }
  return (
    <ConfirmDestructive
      title={`${t.roles.drop}: ${name}`}
      action={t.roles.drop}
      name={name}
      lost={
        <>
          <p className="mb-3">{t.roles.dropLost}</p>
          <SelectField
            label={t.roles.heir}
            value={heir}
            onChange={(event) => setHeir(event.target.value)}
            options={[
              ['', t.roles.noHeir],
              ...others.map((each) => [each.name, each.status.postgres_role] as const),
            ]}
          />
        </>
      }
      isForever
      onClose={onClose}
      onConfirm={drop}
    />
  )
}
