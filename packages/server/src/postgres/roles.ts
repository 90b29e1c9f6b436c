// The roles of a cluster as the REST API and the gateway need them. Everything is read from the catalogs, so roles that
// were made by SQL are seen, and what is changed here is seen by SQL.
import { DatabaseError } from 'pg'
import { LakeletError } from '../base/errors.ts'
import { ADMIN_ROLE, type AdminConnection, identifier, literal, sqlStateOf } from './admin.ts'
import type { IdentityType } from './identities.ts'
import { revokeForeignGrants } from './revoke-foreign-grants.ts'
import { generatePassword, scramVerifier } from './scram.ts'

export const SUPERUSER_ROLE = 'databricks_superuser'

/** A transaction of a user that makes or changes a role holds what a change here waits for. */
const LOCK_TIMEOUT_MS = 5000

export interface RoleAttributes {
  readonly createdb: boolean
  readonly createrole: boolean
  readonly bypassrls: boolean
}

export interface RoleIdentity {
  readonly type: IdentityType
  /** The SCIM id. */
  readonly id: number
}

export interface Role {
  /** Stays when the role is renamed, and is the same in every clone of the branch. */
  readonly oid: number
  readonly name: string
  readonly attributes: RoleAttributes
  /** Member of databricks_superuser. */
  readonly isSuperuserMember: boolean
  readonly canLogin: boolean
  readonly hasPassword: boolean
  /** From the role's label; absent for a native role. */
  readonly identity?: RoleIdentity
}

/** What decides whether somebody may log in as a role. Holds a password verifier: never send it to a client. */
export interface LoginRole {
  readonly name: string
  readonly canLogin: boolean
  readonly identity?: RoleIdentity
  /** `SCRAM-SHA-256$…` of a native role with a password. */
  readonly verifier?: string
  /** ISO time from which a password is refused. */
  readonly validUntil?: string
  /** -1 = no limit. */
  readonly connectionLimit: number
}

export interface NewRole {
  readonly name: string
  readonly attributes: RoleAttributes
  readonly isSuperuserMember: boolean
  readonly canLogin: boolean
  readonly identity?: RoleIdentity
  /** Give it a generated password; it is returned once and stored nowhere. */
  readonly withPassword?: boolean
  /** A role that gets the ADMIN option on the new one, as who runs CREATE ROLE does (user.c, CreateRole). */
  readonly administrator?: string
}

/** What changes; what is absent stays. `identity: null` removes the label, `password` sets or removes it. */
export interface RoleChanges {
  readonly attributes?: Partial<RoleAttributes>
  readonly isSuperuserMember?: boolean
  readonly canLogin?: boolean
  readonly identity?: RoleIdentity | null
  readonly password?: 'generate' | 'remove'
}

/** Roles of the platform: hidden from lists, never a role that a client logs in as, and not to be changed. */
export function isSystemRole(name: string): boolean {
  return (
    name === ADMIN_ROLE ||
    name.startsWith('pg_') ||
    ['databricks_superuser', 'databricks_control_plane', 'databricks_monitor', 'databricks_gateway'].includes(
      name,
    ) ||
    name === 'databricks_replicator' ||
    /^databricks_(reader|writer)_\d+$/.test(name)
  )
}

interface RoleRow {
  oid: string
  name: string
  createdb: boolean
  createrole: boolean
  bypassrls: boolean
  member: boolean
  login: boolean
  password: string | null
  label: string | null
  valid_until: Date | null
  connection_limit: number
}

const SELECT_ROLES = `
  SELECT r.oid::text AS oid, r.rolname AS name, r.rolcreatedb AS createdb, r.rolcreaterole AS createrole, r.rolbypassrls AS bypassrls,
    EXISTS (SELECT FROM pg_auth_members m JOIN pg_authid g ON g.oid = m.roleid
      WHERE m.member = r.oid AND g.rolname = '${SUPERUSER_ROLE}') AS member,
    r.rolcanlogin AS login, r.rolpassword AS password, l.label,
    CASE WHEN isfinite(r.rolvaliduntil) THEN r.rolvaliduntil END AS valid_until, r.rolconnlimit AS connection_limit
  FROM pg_authid r
  LEFT JOIN pg_shseclabel l ON l.objoid = r.oid AND l.classoid = 'pg_authid'::regclass AND l.provider = 'databricks_auth'`

/** All roles but those of the system, by name. */
export async function listRoles(admin: AdminConnection): Promise<Role[]> {
  const rows = await admin.query<RoleRow>(`${SELECT_ROLES} ORDER BY r.rolname`)
  return rows.filter(({ name }) => !isSystemRole(name)).map(roleOf)
}

/**
 * Runs `work` in a transaction in which nobody else makes, changes, renames or drops a role, so that what it reads of them is
 * true until it is committed. Logins go on.
 */
export async function withRolesLocked<T>(admin: AdminConnection, work: () => Promise<T>): Promise<T> {
  return admin.transaction(async () => {
    await admin.execute(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await admin.execute('LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE')
    return work()
  })
}

/** The role with that oid under the name it has now; undefined when it is gone. */
export async function findRole(admin: AdminConnection, oid: number): Promise<Role | undefined> {
  const [row] = await admin.query<RoleRow>(`${SELECT_ROLES} WHERE r.oid = $1::oid`, [oid])
  return row && !isSystemRole(row.name) ? roleOf(row) : undefined
}

/** One role. Throws `role_missing`, also for a system role. */
export async function getRole(admin: AdminConnection, name: string): Promise<Role> {
  const [row] = isSystemRole(name)
    ? []
    : await admin.query<RoleRow>(`${SELECT_ROLES} WHERE r.rolname = $1`, [name])
  if (!row) throw new LakeletError('role_missing', { role: name })
  return roleOf(row)
}

/** What the gateway needs to know of every role that is not the system's. */
export async function listLoginRoles(admin: AdminConnection): Promise<LoginRole[]> {
  const rows = await admin.query<RoleRow>(SELECT_ROLES)
  return rows.filter(({ name }) => !isSystemRole(name)).map(loginRoleOf)
}

/** The same for one role; undefined when there is none or it is the system's. */
export async function findLoginRole(admin: AdminConnection, name: string): Promise<LoginRole | undefined> {
  if (isSystemRole(name)) return undefined
  const [row] = await admin.query<RoleRow>(`${SELECT_ROLES} WHERE r.rolname = $1`, [name])
  return row && loginRoleOf(row)
}

/** Creates a role. Throws `name_exists` or `role_name_invalid`. */
export async function createRole(admin: AdminConnection, role: NewRole): Promise<{ password?: string }> {
  checkName(role.name)
  const password = role.withPassword ? generatePassword() : undefined
  const verifier = password === undefined ? undefined : await scramVerifier(password)
  try {
    await admin.transaction(async () => {
      const options = [...attributeOptions(role.attributes), role.canLogin ? 'LOGIN' : 'NOLOGIN', 'INHERIT']
      if (verifier !== undefined) options.push(`PASSWORD ${literal(verifier)}`)
      await admin.execute(`CREATE ROLE ${identifier(role.name)} ${options.join(' ')}`)
      await setMembership(admin, role.name, role.isSuperuserMember)
      if (role.identity) await setLabel(admin, role.name, role.identity)
      if (role.administrator !== undefined) await grantAdmin(admin, role.name, role.administrator)
    })
  } catch (cause) {
    const state = sqlStateOf(cause)
    if (state === '42710') throw new LakeletError('name_exists', { type: 'role' }, { cause })
    if (state === '42939') throw nameInvalid(role.name, 'the name is reserved')
    throw cause
  }
  return password === undefined ? {} : { password }
}

/** Changes a role. Throws `role_missing` or `role_is_system`. */
export async function alterRole(
  admin: AdminConnection,
  name: string,
  changes: RoleChanges,
): Promise<{ password?: string }> {
  refuseSystem(name)
  await getRole(admin, name)
  const password = changes.password === 'generate' ? generatePassword() : undefined
  const options = attributeOptions(changes.attributes ?? {})
  if (changes.canLogin !== undefined) options.push(changes.canLogin ? 'LOGIN' : 'NOLOGIN')
  if (password !== undefined) options.push(`PASSWORD ${literal(await scramVerifier(password))}`)
  if (changes.password === 'remove') options.push('PASSWORD NULL')
  await admin.transaction(async () => {
    if (options.length > 0) await admin.execute(`ALTER ROLE ${identifier(name)} ${options.join(' ')}`)
    if (changes.isSuperuserMember !== undefined) await setMembership(admin, name, changes.isSuperuserMember)
    if (changes.identity !== undefined) await setLabel(admin, name, changes.identity)
  })
  return password === undefined ? {} : { password }
}

/**
 * Drops a role and its privileges, after giving what it owns in every database to `reassignTo` if that is named. Its
 * sessions are ended. Throws `role_missing`, also when another role than the one with `oid` has the name, `role_is_system`, or
 * `role_owns_objects` when it owns something and no new owner is named. Can be repeated after a failure.
 */
export async function dropRole(
  admin: AdminConnection,
  name: string,
  reassignTo?: string,
  oid?: number,
): Promise<void> {
  refuseSystem(name)
  const role = await getRole(admin, name)
  const target = { name, oid: oid ?? role.oid }
  if (role.oid !== target.oid) throw new LakeletError('role_missing', { role: name })
  if (reassignTo !== undefined) await getRole(admin, reassignTo)
  if (reassignTo === undefined && (await tryDrop(admin, target))) return
  // From here on the role makes no new objects, which DROP OWNED would take away with the privileges.
  const { canLogin } = role
  await admin.execute(`ALTER ROLE ${identifier(name)} NOLOGIN`)
  try {
    await admin.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1', [
      name,
    ])
    for (const database of await connectableDatabases(admin)) {
      await using inside = await admin.open(database)
      if (reassignTo !== undefined)
        await inside.execute(`REASSIGN OWNED BY ${identifier(name)} TO ${identifier(reassignTo)}`)
      else await refuseOwner(inside, name)
      await inside.execute(`DROP OWNED BY ${identifier(name)}`)
      await revokeForeignGrants(inside, name)
    }
    await dropSame(admin, target)
  } catch (error) {
    if (canLogin) await admin.execute(`ALTER ROLE ${identifier(name)} LOGIN`)
    throw error
  }
}

/** True when it is gone, false when only privileges hold it. */
async function tryDrop(admin: AdminConnection, target: RoleRef): Promise<boolean> {
  try {
    await dropSame(admin, target)
    return true
  } catch (error) {
    if (sqlStateOf(error) !== '2BP01') throw error
    await refuseOwner(admin, target.name, error)
    return false
  }
}

/** A name may have gone to another role in the meantime. */
async function dropSame(admin: AdminConnection, { name, oid }: RoleRef): Promise<void> {
  await withRolesLocked(admin, async () => {
    if ((await getRole(admin, name)).oid !== oid) throw new LakeletError('role_missing', { role: name })
    await admin.execute(`DROP ROLE ${identifier(name)}`)
  })
}

type RoleRef = Pick<Role, 'name' | 'oid'>

async function refuseOwner(admin: AdminConnection, name: string, cause?: unknown): Promise<void> {
  const owned = await admin.query(
    `SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND deptype = 'o'
       AND refobjid = (SELECT oid FROM pg_authid WHERE rolname = $1)`,
    [name],
  )
  if (owned.length === 0) return
  const detail = cause instanceof DatabaseError ? cause.detail : undefined
  const objects = detail?.split('\n').join(', ') ?? `${owned.length} objects`
  throw new LakeletError('role_owns_objects', { objects }, { cause })
}

async function connectableDatabases(admin: AdminConnection): Promise<string[]> {
  const rows = await admin.query<{ datname: string }>(
    'SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname',
  )
  return rows.map(({ datname }) => datname)
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

/** The identity in a label `id=<n>,type=<TYPE>`; undefined when it does not read so. */
export function parseLabel(label: string | null): RoleIdentity | undefined {
  const match = /^id=(\d+),type=(USER|SERVICE_PRINCIPAL|GROUP)$/.exec(label ?? '')
  return match ? { id: Number(match[1]), type: match[2] as IdentityType } : undefined
}

function roleOf(row: RoleRow): Role {
  const identity = parseLabel(row.label)
  return {
    oid: Number(row.oid),
    name: row.name,
    attributes: { createdb: row.createdb, createrole: row.createrole, bypassrls: row.bypassrls },
    isSuperuserMember: row.member,
    canLogin: row.login,
    hasPassword: row.password !== null,
    ...(identity ? { identity } : {}),
  }
}

function loginRoleOf(row: RoleRow): LoginRole {
  const identity = parseLabel(row.label)
  return {
    name: row.name,
    canLogin: row.login,
    connectionLimit: row.connection_limit,
    ...(identity ? { identity } : {}),
    ...(row.password?.startsWith('SCRAM-SHA-256$') ? { verifier: row.password } : {}),
    ...(row.valid_until ? { validUntil: row.valid_until.toISOString() } : {}),
  }
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
  if (isSystemRole(name)) throw nameInvalid(name, 'the name is reserved')
  if (name === '') throw nameInvalid(name, 'it is empty')
  if (name.includes('\0')) throw nameInvalid(name.replaceAll('\0', ''), 'it contains a zero byte')
  if (Buffer.byteLength(name) > 63) throw nameInvalid(name, 'it is longer than 63 bytes')
}

function nameInvalid(name: string, reason: string): LakeletError {
  return new LakeletError('role_name_invalid', { role: name, reason })
}

function refuseSystem(name: string): void {
  if (isSystemRole(name)) throw new LakeletError('role_is_system', { role: name })
}
