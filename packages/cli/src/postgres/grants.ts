// The grants that an identity needs to work in a database: the statements that are still missing, found and run in one transaction.
import { Failure, exitCodes } from '../command/failure.ts'
import type { Principal } from './principal.ts'
import { identifier, literal } from './quote.ts'
import type { SqlSession } from './sql-session.ts'

export interface GrantRequest {
  readonly principal: Principal
  readonly database: string
  readonly schemas: readonly string[]
  /** SELECT alone, and no CREATE. */
  readonly isReadOnly: boolean
}

/** Something that the caller may not pass on. */
export interface Refused {
  /** Such as `table public.notes`. */
  readonly object: string
  readonly owner: string
  readonly privileges: readonly string[]
}

export interface Granted {
  /** The statements that were run, in their order; none when everything was there. */
  readonly statements: readonly string[]
  readonly refused: readonly Refused[]
  /** Tables that the identity may write although it was asked to read only: nothing is taken away. */
  readonly writable: readonly string[]
}

interface Privileges {
  readonly schema: readonly string[]
  readonly table: readonly string[]
  readonly sequence: readonly string[]
  readonly function: readonly string[]
}

const READ_WRITE: Privileges = {
  schema: ['USAGE', 'CREATE'],
  table: ['SELECT', 'INSERT', 'UPDATE', 'DELETE'],
  sequence: ['USAGE', 'SELECT', 'UPDATE'],
  function: ['EXECUTE'],
}

// Functions are left out: everybody may call those of others unless it was revoked, and then for a reason.
const READ_ONLY: Privileges = { schema: ['USAGE'], table: ['SELECT'], sequence: ['SELECT'], function: [] }

/** Does what is missing, all or nothing; with `isDryRun` it is done and rolled back, so what it says is what would happen. */
export async function grant(session: SqlSession, request: GrantRequest, isDryRun: boolean): Promise<Granted> {
  await session.query('BEGIN')
  const granted = await work(session, request)
  await session.query(isDryRun ? 'ROLLBACK' : 'COMMIT')
  return granted
}

async function work(session: SqlSession, request: GrantRequest): Promise<Granted> {
  const statements: string[] = []
  const run = async (sql: string) => {
    await session.query(sql)
    statements.push(`${sql};`)
  }
  await checkSchemas(session, request)
  await makeRole(session, request.principal, run)
  const refused: Refused[] = []
  for (const find of [databaseGrants, schemaGrants, tableGrants, sequenceGrants, functionGrants]) {
    const found = await find(session, request)
    refused.push(...found.refused)
    for (const sql of found.statements) await run(sql)
  }
  for (const sql of await defaultPrivileges(session, request)) await run(sql)
  const writable = request.isReadOnly ? await writableTables(session, request) : []
  return { statements, refused, writable }
}

async function checkSchemas(session: SqlSession, { schemas, database }: GrantRequest): Promise<void> {
  const known = await column(
    session,
    "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1",
  )
  const missing = schemas.find((name) => !known.includes(name))
  if (missing === undefined) return
  throw new Failure(`Database ${database} has no schema '${missing}'.`, {
    exitCode: exitCodes.notFound,
    todo: `It has ${known.join(', ')}. CREATE SCHEMA makes another one.`,
  })
}

async function makeRole(
  session: SqlSession,
  { role, type }: Principal,
  run: (sql: string) => Promise<void>,
): Promise<void> {
  const installed = await column(session, "SELECT 1 FROM pg_extension WHERE extname = 'databricks_auth'")
  if (installed.length === 0) await run('CREATE EXTENSION databricks_auth')
  const [found] = await column(
    session,
    `SELECT coalesce((SELECT upper(identity_type) FROM public.databricks_list_roles WHERE role_name = rolname), '')
FROM pg_roles WHERE rolname = ${literal(role)}`,
  )
  if (found === undefined) await run(`SELECT databricks_create_role(${literal(role)}, ${literal(type)})`)
  else if (found !== type) throw wrongRole(role, type, found)
}

function wrongRole(role: string, wanted: string, found: string): Failure {
  const is = found === '' ? 'belongs to no identity of the workspace' : `belongs to a ${words(found)}`
  return new Failure(`Postgres role ${role} exists and ${is}, so a ${words(wanted)} cannot log in as it.`, {
    exitCode: exitCodes.conflict,
    todo: `Give it another name (ALTER ROLE ${identifier(role)} RENAME TO …), then run this again.`,
  })
}

function words(type: string): string {
  return type.toLowerCase().replace('_', ' ')
}

interface Found {
  readonly statements: readonly string[]
  readonly refused: readonly Refused[]
}

async function databaseGrants(session: SqlSession, { principal, database }: GrantRequest): Promise<Found> {
  const source = `SELECT datname AS name, pg_get_userbyid(datdba) AS owner, oid FROM pg_database WHERE datname = ${literal(database)}`
  return missing(session, principal, { kind: 'DATABASE', test: 'database', privileges: ['CONNECT'], source })
}

async function schemaGrants(session: SqlSession, request: GrantRequest): Promise<Found> {
  const { schema } = privilegesOf(request)
  const source = `SELECT quote_ident(nspname) AS name, pg_get_userbyid(nspowner) AS owner, oid FROM pg_namespace
WHERE nspname IN (${request.schemas.map(literal).join(', ')})`
  const what = { kind: 'SCHEMA', test: 'schema', privileges: schema, source }
  return missing(session, request.principal, what)
}

function tableGrants(session: SqlSession, request: GrantRequest): Promise<Found> {
  const { table } = privilegesOf(request)
  const source = relations(request, "'r', 'p', 'v', 'm', 'f'")
  return missing(session, request.principal, { kind: 'TABLE', test: 'table', privileges: table, source })
}

function sequenceGrants(session: SqlSession, request: GrantRequest): Promise<Found> {
  const { sequence } = privilegesOf(request)
  const source = relations(request, "'S'")
  const what = { kind: 'SEQUENCE', test: 'sequence', privileges: sequence, source }
  return missing(session, request.principal, what)
}

async function functionGrants(session: SqlSession, request: GrantRequest): Promise<Found> {
  const privileges = privilegesOf(request).function
  if (privileges.length === 0) return { statements: [], refused: [] }
  const source = `SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
  pg_get_userbyid(p.proowner) AS owner, p.oid
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN (${request.schemas.map(literal).join(', ')}) AND p.prokind <> 'a' AND ${isNoMember('pg_proc', 'p')}`
  return missing(session, request.principal, { kind: 'ROUTINE', test: 'function', privileges, source })
}

function relations({ schemas }: GrantRequest, kinds: string): string {
  return `SELECT format('%I.%I', n.nspname, c.relname) AS name, pg_get_userbyid(c.relowner) AS owner, c.oid
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (${schemas.map(literal).join(', ')}) AND c.relkind IN (${kinds}) AND ${isNoMember('pg_class', 'c')}`
}

/** What an extension brings has the grants that the extension decided on. */
function isNoMember(catalog: string, alias: string): string {
  return `NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = ${literal(catalog)}::regclass AND d.objid = ${alias}.oid AND d.deptype = 'e')`
}

interface Objects {
  /** As GRANT names it. */
  readonly kind: string
  /** As in `has_…_privilege`. */
  readonly test: string
  readonly privileges: readonly string[]
  /** A query with `name`, `owner` and `oid`. */
  readonly source: string
}

/** One GRANT for all objects on which a privilege is missing and the caller may pass it on. */
async function missing(
  session: SqlSession,
  { role }: Principal,
  { kind, test, privileges, source }: Objects,
): Promise<Found> {
  // A list of privileges in one call asks for any of them, and all are needed. Nothing but the objects may be asked about: a sequence's
  // privileges of a table are an error.
  const has = `has_${test}_privilege`
  const all = (test: (privilege: string) => string) => privileges.map(test).join(' AND ')
  const [result] = await session.query(`WITH objects AS MATERIALIZED (${source}) SELECT name, owner,
  ${all((each) => `${has}(oid, ${literal(`${each} WITH GRANT OPTION`)})`)} AS grantable
FROM objects WHERE NOT (${all((each) => `${has}(${literal(role)}, oid, ${literal(each)})`)}) ORDER BY name`)
  const rows = (result ?? []).map(([name, owner, grantable]) => ({
    name: name ?? '',
    owner: owner ?? '',
    isGrantable: grantable === 't',
  }))
  const names = rows.filter(({ isGrantable }) => isGrantable).map(({ name }) => name)
  const quoted = kind === 'DATABASE' ? names.map(identifier) : names
  return {
    statements:
      names.length === 0
        ? []
        : [`GRANT ${privileges.join(', ')} ON ${kind} ${quoted.join(', ')} TO ${identifier(role)}`],
    refused: rows
      .filter(({ isGrantable }) => !isGrantable)
      .map(({ name, owner }) => ({ object: `${kind.toLowerCase()} ${name}`, owner, privileges })),
  }
}

/** What the caller makes later in the schemas is granted when it is made. */
async function defaultPrivileges(session: SqlSession, request: GrantRequest): Promise<string[]> {
  const { role } = request.principal
  const privileges = privilegesOf(request)
  const kinds = [
    { letter: 'r', name: 'TABLES', wanted: privileges.table },
    { letter: 'S', name: 'SEQUENCES', wanted: privileges.sequence },
    { letter: 'f', name: 'FUNCTIONS', wanted: privileges.function },
  ].filter(({ wanted }) => wanted.length > 0)
  const there = await column(
    session,
    `SELECT n.nspname || '/' || d.defaclobjtype::text || '/' || a.privilege_type
FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) a
WHERE pg_get_userbyid(d.defaclrole) = current_user AND pg_get_userbyid(a.grantee) = ${literal(role)}`,
  )
  return request.schemas.flatMap((schema) =>
    kinds
      .filter(({ letter, wanted }) => wanted.some((each) => !there.includes(`${schema}/${letter}/${each}`)))
      .map(
        ({ name, wanted }) =>
          `ALTER DEFAULT PRIVILEGES IN SCHEMA ${identifier(schema)} GRANT ${wanted.join(', ')} ON ${name} TO ${identifier(role)}`,
      ),
  )
}

function writableTables(session: SqlSession, request: GrantRequest): Promise<string[]> {
  const { role } = request.principal
  return column(
    session,
    `SELECT name FROM (${relations(request, "'r', 'p', 'v', 'm', 'f'")}) AS tables
WHERE has_table_privilege(${literal(role)}, oid, 'INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY name`,
  )
}

function privilegesOf({ isReadOnly }: GrantRequest): Privileges {
  return isReadOnly ? READ_ONLY : READ_WRITE
}

async function column(session: SqlSession, sql: string): Promise<string[]> {
  const [result] = await session.query(sql)
  return (result ?? []).map(([value]) => value ?? '')
}
