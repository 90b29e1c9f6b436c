// Adds a role for an identity, or one with a password that is shown once.
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import { t } from '../../text/index.ts'
import { CheckField, FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { SecretOnce } from '../identity/SecretOnce.tsx'
import { runOnce } from '../sql/run-once.ts'

type IdentityType = 'USER' | 'SERVICE_PRINCIPAL' | 'GROUP'

interface AddRoleProps {
  readonly params: { readonly project: string; readonly branch: string }
  readonly onClose: () => void
}

export function AddRole({ params, onClose }: AddRoleProps) {
  const [method, setMethod] = useState('oauth')
  const [password, setPassword] = useState<string>()
  const add = async (values: FormData) => {
    if (method === 'oauth') {
      await addOAuthRole(params, values)
      say(t.roles.added(principalOf(values).name))
      onClose()
    } else {
      setPassword(await addPasswordRole(params, textOf(values, 'name')))
    }
  }
  if (password !== undefined)
    return <SecretOnce title={t.roles.passwordTitle} secret={password} onClose={onClose} />
  return (
    <FormDialog title={t.roles.add} submit={t.roles.add} onClose={onClose} onSubmit={add}>
      <SelectField
        label={t.roles.method}
        value={method}
        onChange={(event) => setMethod(event.target.value)}
        options={[
          ['oauth', t.roles.oauth],
          ['password', t.roles.password],
        ]}
      />
      {method === 'oauth' ? (
        <>
          <Principal />
          <CheckField name="superuser" label={t.roles.superuser} hint={t.roles.superuserHint} />
          {['createdb', 'createrole', 'bypassrls'].map((name) => (
            <CheckField key={name} name={name} label={name.toUpperCase()} />
          ))}
        </>
      ) : (
        <TextField name="name" label={t.roles.roleName} hint={t.roles.nativeOff} required />
      )}
    </FormDialog>
  )
}

/** Everybody who can have a role, by kind. */
function Principal() {
  const users = useRead('scim.listUsers', {}).data?.Resources ?? []
  const groups = useRead('scim.listGroups', {}).data?.Resources ?? []
  const services = useRead('scim.listServicePrincipals', {}).data?.Resources ?? []
  return (
    <SelectField
      name="principal"
      label={t.roles.principal}
      options={[
        ['', t.roles.choose],
        ...users.map(
          (each) => [`USER ${each.userName}`, `${t.roles.identities.USER}: ${each.userName}`] as const,
        ),
        ...services.map(
          (each) =>
            [
              `SERVICE_PRINCIPAL ${each.applicationId}`,
              `${t.roles.identities.SERVICE_PRINCIPAL}: ${each.displayName} (${each.applicationId})`,
            ] as const,
        ),
        ...groups.map(
          (each) =>
            [`GROUP ${each.displayName}`, `${t.roles.identities.GROUP}: ${each.displayName}`] as const,
        ),
      ]}
    />
  )
}

function principalOf(values: FormData): { readonly type: IdentityType; readonly name: string } {
  const [type = '', ...name] = textOf(values, 'principal').split(' ')
  return { type: type as IdentityType, name: name.join(' ') }
}

async function addOAuthRole(params: AddRoleProps['params'], values: FormData): Promise<void> {
  const { type, name } = principalOf(values)
  const has = (field: string) => values.get(field) === 'on'
  const spec = {
    postgres_role: name,
    identity_type: type,
    auth_method: 'LAKEBASE_OAUTH_V1' as const,
    attributes: { createdb: has('createdb'), createrole: has('createrole'), bypassrls: has('bypassrls') },
    ...(has('superuser') ? { membership_roles: ['DATABRICKS_SUPERUSER' as const] } : {}),
  }
  await finished(await call('postgres.createRole', { params, query: {}, body: { spec } }))
}

/** Only a verifier is stored, so the password is made here and told to Postgres by its owner. */
async function addPasswordRole(params: AddRoleProps['params'], name: string): Promise<string> {
  const bytes = crypto.getRandomValues(new Uint8Array(24))
  const password = btoa(String.fromCodePoint(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
  const role = `"${name.replaceAll('"', '""')}"`
  await runOnce({ ...params, statements: [`CREATE ROLE ${role} LOGIN PASSWORD '${password}'`] })
  return password
}
