// The roles of a cluster as the REST API and the gateway need them. Everything is read from the catalogs, so roles that
// were made by SQL are seen, and what is changed here is seen by SQL.
import { LakeletError } from '../base/errors.ts'
import { ADMIN_ROLE } from './admin-role.ts'
import { type AdminConnection } from './admin.ts'
import type { IdentityType } from './identities.ts'

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
  /** Tells it from another role that had the name before; absent in notes of versions that did not write it. */
  readonly oid?: number
  readonly canLogin: boolean
  readonly identity?: RoleIdentity
  /** `SCRAM-SHA-256$…` of a native role with a password. */
  readonly verifier?: string
  /** ISO time from which a password is refused. */
  readonly validUntil?: string
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
}

const SELECT_ROLES = `
  SELECT r.oid::text AS oid, r.rolname AS name, r.rolcreatedb AS createdb, r.rolcreaterole AS createrole, r.rolbypassrls AS bypassrls,
    EXISTS (SELECT FROM pg_auth_members m JOIN pg_authid g ON g.oid = m.roleid
      WHERE m.member = r.oid AND g.rolname = '${SUPERUSER_ROLE}') AS member,
    r.rolcanlogin AS login, r.rolpassword AS password, l.label,
    CASE WHEN isfinite(r.rolvaliduntil) THEN r.rolvaliduntil END AS valid_until
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
    oid: Number(row.oid),
    canLogin: row.login,
    ...(identity ? { identity } : {}),
    ...(row.password?.startsWith('SCRAM-SHA-256$') ? { verifier: row.password } : {}),
    ...(row.valid_until ? { validUntil: row.valid_until.toISOString() } : {}),
  }
}

/** Throws `role_is_system`. */
export function refuseSystem(name: string): void {
  if (isSystemRole(name)) throw new LakeletError('role_is_system', { role: name })
}
