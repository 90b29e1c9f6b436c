// Changes a user, a group or a service principal: its name, whether it is active, who belongs to it.
import { call } from '../../api/call.ts'
import { refresh, useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { CheckField, FormDialog, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import type { Identity, Kind } from './identities.ts'

const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

interface EditIdentityProps {
  readonly kind: Kind
  readonly identity: Identity
  readonly onClose: () => void
}

export function EditIdentity({ kind, identity, onClose }: EditIdentityProps) {
  const save = async (values: FormData) => {
    const displayName = textOf(values, 'name')
    // The workspace's own groups have a fixed name.
    const named = displayName === identity.displayName ? {} : { displayName }
    const value =
      kind === 'Group'
        ? { ...named, ...membersIn(values) }
        : { ...named, active: values.get('active') === 'on' }
    const body = { schemas: [PATCH], Operations: [{ op: 'replace', value }] }
    await call(`scim.patch${kind}`, { params: { id: identity.id }, body })
    await refresh('scim.listUsers', 'scim.listGroups', 'scim.listServicePrincipals')
    say(t.identity.changed(displayName))
    onClose()
  }
  return (
    <FormDialog
      title={`${t.identity.edit}: ${identity.displayName}`}
      submit={t.identity.save}
      onClose={onClose}
      onSubmit={save}
    >
      <TextField
        name="name"
        label={kind === 'Group' ? t.identity.groupName : t.identity.displayName}
        defaultValue={identity.displayName}
        required
      />
      {kind === 'Group' ? (
        <Members group={identity} />
      ) : (
        <CheckField
          name="active"
          label={t.identity.active}
          hint={t.identity.activeHint}
          defaultChecked={identity.active !== false}
        />
      )}
    </FormDialog>
  )
}

/** The members that are chosen; none are said while it is not known who could be, which would take everybody out. */
function membersIn(values: FormData) {
  return values.has('members') ? { members: values.getAll('member').map((value) => ({ value })) } : {}
}

function Members({ group }: { readonly group: Identity }) {
  const users = useRead('scim.listUsers', {}).data?.Resources
  const services = useRead('scim.listServicePrincipals', {}).data?.Resources
  const groups = useRead('scim.listGroups', {}).data?.Resources
  // All or nothing: what is not shown would be taken out of the group.
  if (!users || !services || !groups) return null
  const members = new Set((group.members ?? []).map(({ value }) => value))
  const choices = [
    ...users.map(({ id, userName }) => [id, userName] as const),
    ...services.map(({ id, displayName }) => [id, displayName] as const),
    ...groups.filter(({ id }) => id !== group.id).map(({ id, displayName }) => [id, displayName] as const),
  ]
  return (
    <fieldset className="max-h-64 overflow-y-auto rounded-panel border border-line px-4 pt-3">
      <legend className="px-1 font-semibold">{t.identity.members}</legend>
      <p className="mb-2 text-meta text-dim">{t.identity.membersHint}</p>
      <input type="hidden" name="members" value="shown" />
      {choices.map(([id, name]) => (
        <CheckField key={id} name="member" value={id} label={name} defaultChecked={members.has(id)} />
      ))}
    </fieldset>
  )
}
