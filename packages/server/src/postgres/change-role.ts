// Making and changing roles of a cluster, as CREATE ROLE and ALTER ROLE of their owner would.
import { escapeLiteral } from 'pg'
import { because, LakeletError, type Reason } from '../base/errors.ts'
import { type AdminConnection, identifier, sqlStateOf } from './admin.ts'
import {
  getRole,
  isSystemRole,
  refuseSystem,
  type RoleAttributes,
  type RoleIdentity,
  SUPERUSER_ROLE,
} from './roles.ts'

export interface NewRole {
  readonly name: string
  readonly attributes: RoleAttributes
  readonly isSuperuserMember: boolean
  readonly canLogin: boolean
  readonly identity?: RoleIdentity
  /** What Postgres stores of its password, `SCRAM-SHA-256$…`; no password where absent. */
  readonly verifier?: string
  /** A role that gets the ADMIN option on the new one, as who runs CREATE ROLE does (user.c, CreateRole). */
  readonly administrator?: string
}

/** What changes; what is absent stays. `identity: null` removes the label. */
export interface RoleChanges {
  readonly attributes?: Partial<RoleAttributes>
  readonly isSuperuserMember?: boolean
  readonly canLogin?: boolean
  readonly identity?: RoleIdentity | null
}

/** Creates a role. Throws `name_exists` or `role_name_invalid`. */
export async function createRole(admin: AdminConnection, role: NewRole): Promise<void> {
  checkName(role.name)
  try {
    await admin.transaction(async () => {
      const options = [...attributeOptions(role.attributes), role.canLogin ? 'LOGIN' : 'NOLOGIN', 'INHERIT']
      if (role.verifier !== undefined) options.push(`PASSWORD ${escapeLiteral(role.verifier)}`)
      await admin.execute(`CREATE ROLE ${identifier(role.name)} ${options.join(' ')}`)
      await setMembership(admin, role.name, role.isSuperuserMember)
      if (role.identity) await setLabel(admin, role.name, role.identity)
      if (role.administrator !== undefined) await grantAdmin(admin, role.name, role.administrator)
    })
  } catch (cause) {
    const state = sqlStateOf(cause)
    if (state === '42710') throw new LakeletError('name_exists', { type: 'role' }, { cause })
    if (state === '42939') throw nameInvalid(role.name, because('name_reserved'))
    throw cause
  }
}

/** Changes a role. Throws `role_missing` or `role_is_system`. */
export async function alterRole(admin: AdminConnection, name: string, changes: RoleChanges): Promise<void> {
  refuseSystem(name)
  await getRole(admin, name)
  const options = attributeOptions(changes.attributes ?? {})
  if (changes.canLogin !== undefined) options.push(changes.canLogin ? 'LOGIN' : 'NOLOGIN')
  await admin.transaction(async () => {
    if (options.length > 0) await admin.execute(`ALTER ROLE ${identifier(name)} ${options.join(' ')}`)
    if (changes.isSuperuserMember !== undefined) await setMembership(admin, name, changes.isSuperuserMember)
    if (changes.identity !== undefined) await setLabel(admin, name, changes.identity)
  })
}

/** SET FALSE: membership gives the rights, but nobody becomes databricks_superuser and owns objects as it. */
async function setMembership(admin: AdminConnection, name: string, isMember: boolean): Promise<void> {
  await admin.execute(
    isMember
      ? `GRANT ${SUPERUSER_ROLE} TO ${identifier(name)} WITH INHERIT TRUE, SET FALSE`
      : `REVOKE ${SUPERUSER_ROLE} FROM ${identifier(name)}`,
  )
}

async function grantAdmin(admin: AdminConnection, name: string, administrator: string): Promise<void> {
  const options = 'ADMIN TRUE, INHERIT FALSE, SET FALSE'
  await admin.execute(`GRANT ${identifier(name)} TO ${identifier(administrator)} WITH ${options}`)
}

async function setLabel(admin: AdminConnection, name: string, identity: RoleIdentity | null): Promise<void> {
  await admin.query(
    `DELETE FROM pg_shseclabel WHERE classoid = 'pg_authid'::regclass AND provider = 'databricks_auth'
       AND objoid = (SELECT oid FROM pg_authid WHERE rolname = $1)`,
    [name],
  )
  if (!identity) return
  await admin.query(
    `INSERT INTO pg_shseclabel (objoid, classoid, provider, label)
       SELECT oid, 'pg_authid'::regclass, 'databricks_auth', $2 FROM pg_authid WHERE rolname = $1`,
    [name, `id=${identity.id},type=${identity.type}`],
  )
}

function attributeOptions(attributes: Partial<RoleAttributes>): string[] {
  const words = [
    ['CREATEDB', attributes.createdb],
    ['CREATEROLE', attributes.createrole],
    ['BYPASSRLS', attributes.bypassrls],
  ] as const
  return words.flatMap(([word, value]) => (value === undefined ? [] : [value ? word : `NO${word}`]))
}

function checkName(name: string): void {
  if (isSystemRole(name)) throw nameInvalid(name, because('name_reserved'))
  if (name === '') throw nameInvalid(name, because('name_empty'))
  if (name.includes('\0')) throw nameInvalid(name.replaceAll('\0', ''), because('name_zero_byte'))
  if (Buffer.byteLength(name) > 63) throw nameInvalid(name, because('name_too_long'))
}

function nameInvalid(name: string, reason: Reason): LakeletError {
  return new LakeletError('role_name_invalid', { role: name, reason })
}
