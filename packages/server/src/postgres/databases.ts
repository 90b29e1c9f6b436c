import { LakeletError } from '../base/errors.ts'
import { type AdminConnection, identifier, sqlStateOf } from './admin.ts'
import { SUPERUSER_ROLE, getRole } from './roles.ts'

/** The database that every project starts with. */
export const DEFAULT_DATABASE = 'databricks_postgres'

export interface Database {
  readonly name: string
  readonly owner: string
}

const SYSTEM_DATABASES = ['postgres', 'template0', 'template1']

const SELECT_DATABASES = `
  SELECT d.datname AS name, r.rolname AS owner FROM pg_database d JOIN pg_authid r ON r.oid = d.datdba
  WHERE d.datname <> ALL ($1)`

/** All databases but the system's, by name. */
export async function listDatabases(admin: AdminConnection): Promise<Database[]> {
  return admin.query<{ name: string; owner: string }>(`${SELECT_DATABASES} ORDER BY d.datname`, [
    SYSTEM_DATABASES,
  ])
}

/** One database. Throws `database_missing`, also for a system one. */
export async function getDatabase(admin: AdminConnection, name: string): Promise<Database> {
  const text = `${SELECT_DATABASES} AND d.datname = $2`
  const [row] = await admin.query<{ name: string; owner: string }>(text, [SYSTEM_DATABASES, name])
  if (!row) throw new LakeletError('database_missing', { database: name })
  return row
}

/** Creates a database. Throws `name_exists`, `database_name_invalid` or `role_missing`. */
export async function createDatabase(admin: AdminConnection, database: Database): Promise<void> {
  checkName(database.name)
  await getRole(admin, database.owner)
  await namingErrors(() =>
    admin.execute(`CREATE DATABASE ${identifier(database.name)} OWNER ${identifier(database.owner)}`),
  )
  await admin.execute(
    `GRANT ALL ON DATABASE ${identifier(database.name)} TO ${SUPERUSER_ROLE} WITH GRANT OPTION`,
  )
}

/**
 * Gives a database another name or owner. Renaming ends the sessions in it. Throws `database_missing`, `name_exists`,
 * `database_name_invalid`, `database_is_system` or `role_missing`.
 */
export async function alterDatabase(
  admin: AdminConnection,
  name: string,
  changes: Partial<Database>,
): Promise<void> {
  refuseSystem(name)
  const present = await getDatabase(admin, name)
  const { name: newName = name, owner = present.owner } = changes
  if (owner !== present.owner) {
    await getRole(admin, owner)
    await admin.execute(`ALTER DATABASE ${identifier(name)} OWNER TO ${identifier(owner)}`)
  }
  if (newName === name) return
  checkName(newName)
  await admin.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [name])
  await namingErrors(() =>
    admin.execute(`ALTER DATABASE ${identifier(name)} RENAME TO ${identifier(newName)}`),
  )
}

/** Drops a database and ends the sessions in it. Throws `database_missing` or `database_is_system`. */
export async function dropDatabase(admin: AdminConnection, name: string): Promise<void> {
  refuseSystem(name)
  await getDatabase(admin, name)
  await admin.execute(`DROP DATABASE ${identifier(name)} WITH (FORCE)`)
}

async function namingErrors(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (cause) {
    if (sqlStateOf(cause) === '42P04') throw new LakeletError('name_exists', { type: 'database' }, { cause })
    throw cause
  }
}

function checkName(name: string): void {
  const reason =
    name === ''
      ? 'it is empty'
      : name.includes('\0')
        ? 'it contains a zero byte'
        : Buffer.byteLength(name) > 63
          ? 'it is longer than 63 bytes'
          : SYSTEM_DATABASES.includes(name)
            ? 'the name is reserved'
            : undefined
  if (reason) throw new LakeletError('database_name_invalid', { database: name.replaceAll('\0', ''), reason })
}

function refuseSystem(name: string): void {
  if (SYSTEM_DATABASES.includes(name)) throw new LakeletError('database_is_system', { database: name })
}
