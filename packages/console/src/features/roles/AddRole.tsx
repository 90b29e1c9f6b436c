// Adds a role for an identity, or one with a password that is shown once.
import type { Role } from '@lakelet/api'
import { useState } from 'react'
import { call } from '../../api/call.ts'
import { finished } from '../../api/operations.ts'
import { useRead } from '../../api/queries.ts'
import type { Input } from '../../api/types.ts'
import { t } from '../../text/index.ts'
import { Snippet } from '../../ui/copy.tsx'
import { CheckField, FormDialog, SelectField, TextField, textOf } from '../../ui/form.tsx'
import { say } from '../../ui/toast.tsx'
import { SecretOnce } from '../identity/SecretOnce.tsx'
import { runOnce } from '../sql/run-once.ts'
import { type GrantLevel, type GrantPlace, grantStatements } from './grants.ts'
import { useDatabaseNames } from './use-names.ts'

const ATTRIBUTES = ['createdb', 'createrole', 'bypassrls'] as const
const LEVELS: readonly GrantLevel[] = ['none', 'read', 'write', 'create']

type RoleSpec = NonNullable<Input<'postgres.createRole'>['body']['spec']>
type IdentityType = 'USER' | 'SERVICE_PRINCIPAL' | 'GROUP'

interface AddRoleProps {
  readonly params: { readonly project: string; readonly branch: string }
  readonly onClose: () => void
}

export function AddRole({ params, onClose }: AddRoleProps) {
  const [method, setMethod] = useState('oauth')
  const [name, setName] = useState('')
  const [level, setLevel] = useState<GrantLevel>('none')
  const [place, setPlace] = useState<GrantPlace>({ database: 'databricks_postgres', schema: 'public' })
  const [password, setPassword] = useState<string>()
  // Made by an attempt whose grants failed: the next one goes on there.
  const [made, setMade] = useState<Role>()
  const add = async (values: FormData) => {
    const role = made ?? (await makeRole(params, method === 'oauth' ? oauthSpec(values) : passwordSpec(name)))
    setMade(role)
    await grant(
      { ...params, database: place.database },
      grantStatements(level, role.status.postgres_role, place),
    )
    say(t.roles.added(role.status.postgres_role))
    if (method === 'oauth') onClose()
    else {
      const revealed = { params: { ...params, role: role.role_id }, body: {} }
      setPassword((await call('postgres.revealRolePassword', revealed)).password)
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
          <Principal onChoose={(chosen) => setName(chosen.split(' ').slice(1).join(' '))} />
          <Attributes />
        </>
      ) : (
        <TextField
          name="name"
          label={t.roles.roleName}
          hint={t.roles.nativeOff}
          value={name}
          onChange={(event) => setName(event.target.value)}
          required
        />
      )}
      <Grants {...{ params, level, place }} role={name.trim()} onLevel={setLevel} onPlace={setPlace} />
    </FormDialog>
  )
}

/** What the role may do beyond logging in. */
export function Attributes({ role }: { readonly role?: Role }) {
  const set = role?.status.attributes
  return (
    <>
      <CheckField
        name="superuser"
        label={t.roles.superuser}
        hint={t.roles.superuserHint}
        defaultChecked={role?.status.membership_roles?.includes('DATABRICKS_SUPERUSER') ?? false}
      />
      {ATTRIBUTES.map((name) => (
        <CheckField key={name} name={name} label={name.toUpperCase()} defaultChecked={set?.[name] ?? false} />
      ))}
    </>
  )
}

/** All of them or none. */
async function grant(
  target: AddRoleProps['params'] & { readonly database: string },
  statements: readonly string[],
): Promise<void> {
  if (statements.length > 0) await runOnce({ ...target, statements: ['BEGIN', ...statements, 'COMMIT'] })
}

function Grants({
  params,
  level,
  place,
  role,
  onLevel,
  onPlace,
}: {
  readonly params: AddRoleProps['params']
  readonly level: GrantLevel
  readonly place: GrantPlace
  readonly role: string
  readonly onLevel: (level: GrantLevel) => void
  readonly onPlace: (place: GrantPlace) => void
}) {
  const databases = useDatabaseNames(params, place.database)
  const statements = grantStatements(level, role, place)
  return (
    <>
      <SelectField
        label={t.roles.grants}
        value={level}
        onChange={(event) => onLevel(LEVELS.find((each) => each === event.target.value) ?? 'none')}
        options={LEVELS.map((each) => [each, t.roles.grantLevels[each]] as const)}
      />
      {level !== 'none' && (
        <div className="grid grid-cols-1 gap-x-3 sm:grid-cols-2">
          <SelectField
            label={t.roles.database}
            value={place.database}
            options={databases.map((each) => [each, each] as const)}
            onChange={(event) => onPlace({ ...place, database: event.target.value })}
          />
          <TextField
            label={t.roles.schema}
            value={place.schema}
            onChange={(event) => onPlace({ ...place, schema: event.target.value })}
          />
        </div>
      )}
      {statements.length > 0 && (
        <div className="mb-4">
          <p className="mb-1 text-meta text-dim">{t.roles.grantsAre}</p>
          <Snippet label="SQL" text={statements.map((each) => `${each};`).join('\n')} />
        </div>
      )}
    </>
  )
}

/** Everybody who can have a role, by kind. */
function Principal({ onChoose }: { readonly onChoose: (value: string) => void }) {
  const users = useRead('scim.listUsers', {}).data?.Resources ?? []
  const groups = useRead('scim.listGroups', {}).data?.Resources ?? []
  const services = useRead('scim.listServicePrincipals', {}).data?.Resources ?? []
  return (
    <SelectField
      name="principal"
      label={t.roles.principal}
      onChange={(event) => onChoose(event.target.value)}
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

function oauthSpec(values: FormData) {
  const { type, name } = principalOf(values)
  return {
    postgres_role: name,
    identity_type: type,
    auth_method: 'LAKEBASE_OAUTH_V1' as const,
    ...attributesIn(values),
  }
}

/** The workspace makes the password and keeps it sealed; it is shown when the role is there. */
function passwordSpec(name: string) {
  return { postgres_role: name.trim(), auth_method: 'PG_PASSWORD_SCRAM_SHA_256' as const }
}

/** The fields of `Attributes`, as a role's specification has them. */
export function attributesIn(values: FormData) {
  const has = (field: string) => values.get(field) === 'on'
  return {
    attributes: { createdb: has('createdb'), createrole: has('createrole'), bypassrls: has('bypassrls') },
    membership_roles: has('superuser') ? ['DATABRICKS_SUPERUSER' as const] : [],
  }
}

async function makeRole(params: AddRoleProps['params'], spec: RoleSpec): Promise<Role> {
  const { response } = await finished(
    await call('postgres.createRole', { params, query: {}, body: { spec } }),
  )
  // What creating a role answers, as the contract says.
  return response as unknown as Role
}
