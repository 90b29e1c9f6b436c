// Dropping a role: what it owns goes to somebody else or holds it, what it was granted goes with it.
import { DatabaseError } from 'pg'
import { LakeletError } from '../base/errors.ts'
import { type AdminConnection, identifier, sqlStateOf } from './admin.ts'
import { revokeForeignGrants } from './revoke-foreign-grants.ts'
import { getRole, refuseSystem, type Role, withRolesLocked } from './roles.ts'

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
