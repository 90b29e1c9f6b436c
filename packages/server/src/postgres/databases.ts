import { because, LakeletError } from '../base/errors.ts'
import { ADMIN_ROLE } from './admin-role.ts'
import { type AdminConnection, identifier, sqlStateOf } from './admin.ts'
import { SUPERUSER_ROLE, getRole } from './roles.ts'

/** The database that every project starts with. */
export const DEFAULT_DATABASE = 'databricks_postgres'

export interface NewDatabase {
  readonly name: string
  readonly owner: string
  /** Chosen by whoever has to recognise the database as its own work after a crash; Postgres chooses where absent. */
  readonly oid?: number
}

export interface Database {
  /** Stays when the database is renamed, and is the same in every clone of the branch. */
  readonly oid: number
  readonly name: string
  readonly owner: string
}

interface DatabaseRow {
  oid: string
  name: string
  owner: string
}

/** A transaction of a user that renames a database holds what a change here waits for. */
const LOCK_TIMEOUT_MS = 5000

const SYSTEM_DATABASES = ['postgres', 'template0', 'template1']

const SELECT_DATABASES = `
  SELECT d.oid::text AS oid, d.datname AS name, r.rolname AS owner FROM pg_database d JOIN pg_authid r ON r.oid = d.datdba
  WHERE d.datname <> ALL ($1)`

/** All databases but the system's, by name. */
export async function listDatabases(admin: AdminConnection): Promise<Database[]> {
  const rows = await admin.query<DatabaseRow>(`${SELECT_DATABASES} ORDER BY d.datname`, [SYSTEM_DATABASES])
  return rows.map(databaseOf)
}

/** The database with that oid under the name it has now; undefined when it is gone. */
export async function findDatabase(admin: AdminConnection, oid: number): Promise<Database | undefined> {
  const text = `${SELECT_DATABASES} AND d.oid = $2::oid`
  const [row] = await admin.query<DatabaseRow>(text, [SYSTEM_DATABASES, oid])
  return row && databaseOf(row)
}

/**
 * Runs `work` in a transaction in which nobody else renames, drops or gives away a database, so that what it reads of them is
 * true until it is committed. Connections go on.
 */
export async function withDatabasesLocked<T>(admin: AdminConnection, work: () => Promise<T>): Promise<T> {
  return admin.transaction(async () => {
    await admin.execute(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`)
    await admin.execute('LOCK TABLE pg_catalog.pg_database IN SHARE ROW EXCLUSIVE MODE')
    return work()
  })
}

/** One database. Throws `database_missing`, also for a system one. */
export async function getDatabase(admin: AdminConnection, name: string): Promise<Database> {
  const text = `${SELECT_DATABASES} AND d.datname = $2`
  const [row] = await admin.query<DatabaseRow>(text, [SYSTEM_DATABASES, name])
  if (!row) throw new LakeletError('database_missing', { database: name })
  return databaseOf(row)
}

function databaseOf({ oid, name, owner }: DatabaseRow): Database {
  return { oid: Number(oid), name, owner }
}

/** Creates a database. Throws `name_exists`, `database_name_invalid` or `role_missing`. */
export async function createDatabase(admin: AdminConnection, database: NewDatabase): Promise<void> {
  checkName(database.name)
  await getRole(admin, database.owner)
  await freeTemplate(admin)
  const oid = database.oid === undefined ? '' : ` OID ${database.oid}`
  await namingErrors(() =>
    admin.execute(`CREATE DATABASE ${identifier(database.name)} OWNER ${identifier(database.owner)}${oid}`),
  )
  await openToSuperusers(admin, database.name)
}

/**
 * Closes template1 to everybody but superusers, as it is in a new cluster, and ends the sessions in it: it cannot be copied while
 * somebody else is in there (src/backend/commands/dbcommands.c, createdb).
 */
async function freeTemplate(admin: AdminConnection): Promise<void> {
  const [open] = await admin.query(
    "SELECT FROM pg_database WHERE datname = 'template1' AND (datacl IS NULL OR has_database_privilege('public', oid, 'CONNECT'))",
  )
  if (open) await admin.execute('REVOKE CONNECT, TEMPORARY ON DATABASE template1 FROM PUBLIC')
  await admin.query(
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = 'template1' AND usename <> $1",
    [ADMIN_ROLE],
  )
}

/** What members of databricks_superuser may do with every database; part of its creation, and can be repeated. */
export async function openToSuperusers(admin: AdminConnection, name: string): Promise<void> {
  await admin.execute(`GRANT ALL ON DATABASE ${identifier(name)} TO ${SUPERUSER_ROLE} WITH GRANT OPTION`)
}

/**
 * Gives a database another name or owner. Renaming ends the sessions in it. Throws `database_missing`, `name_exists`,
 * `database_name_invalid`, `database_is_system` or `role_missing`.
 */
export async function alterDatabase(
  admin: AdminConnection,
  name: string,
  changes: Partial<Pick<Database, 'name' | 'owner'>>,
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
      ? because('name_empty')
      : name.includes('\0')
        ? because('name_zero_byte')
        : Buffer.byteLength(name) > 63
          ? because('name_too_long')
          : SYSTEM_DATABASES.includes(name)
            ? because('name_reserved')
            : undefined
  if (reason) throw new LakeletError('database_name_invalid', { database: name.replaceAll('\0', ''), reason })
}

function refuseSystem(name: string): void {
  if (SYSTEM_DATABASES.includes(name)) throw new LakeletError('database_is_system', { database: name })
}
