// pg_dump, pg_restore, pg_dumpall and psql of the same major version move a database from one project to another without a word.
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { environment, runCommand, startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { postgresTools } from './postgres-tools.ts'
import { whyNoPython } from './python.ts'
import { RegistryUnreachable } from './registry.ts'
import { ask, createProject, type Endpoint } from './workspace-objects.ts'

const CONTENT = `
CREATE ROLE reader;
CREATE SCHEMA app; CREATE EXTENSION databricks_auth; CREATE EXTENSION citext; CREATE EXTENSION pg_stat_statements;
CREATE TYPE app.mood AS ENUM ('good');
CREATE TABLE notes (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body citext, mood app.mood DEFAULT 'good');
INSERT INTO notes (body) SELECT 'note ' || n FROM generate_series(1, 100) n;
CREATE VIEW short AS SELECT id FROM notes; CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM notes;
CREATE SEQUENCE app.ids; SELECT nextval('app.ids');
CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE ALL ON FUNCTION app.one() FROM PUBLIC;
CREATE TABLE parts (n int) PARTITION BY RANGE (n); CREATE TABLE first_part PARTITION OF parts FOR VALUES FROM (0) TO (9);
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY everyone ON notes USING (true); COMMENT ON TABLE notes IS 'x';
GRANT SELECT ON notes TO reader; GRANT USAGE ON SCHEMA app TO reader; GRANT ALL ON SCHEMA public TO reader;
REVOKE ALL ON SCHEMA public FROM PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO reader;
SELECT lo_create(77);
`

let workspace: TestWorkspace
let tools: string
let reason: string | undefined

beforeAll(async () => {
  reason = await whyNoPython()
  try {
    if (reason === undefined) tools = await postgresTools()
  } catch (error) {
    if (!(error instanceof RegistryUnreachable)) throw error
    reason = error.message
  }
  workspace = await startTestWorkspace()
  const source = await createProject(workspace, 'source')
  if (reason !== undefined) return
  await ran(source, 'psql', '-qv', 'ON_ERROR_STOP=1', '-c', CONTENT)
  await ran(source, 'pg_dump', '-Fc', '-f', dump('custom'))
  await ran(source, 'pg_dump', '-f', dump('plain'))
})
afterAll(() => workspace?.[Symbol.asyncDispose]())
beforeEach((context) => {
  if (reason !== undefined) context.skip(reason)
})

const dump = (name: string) => path.join(workspace.home, `${name}.dump`)

it.each([
  ['pg_restore', ['-d', 'databricks_postgres', 'custom']],
  ['pg_restore', ['-1', '-d', 'databricks_postgres', 'custom']],
  ['psql', ['-q', '-v', 'ON_ERROR_STOP=1', '-f', 'plain']],
])('%s %j, into a fresh project and again over what is there', async (program, args) => {
  const target = await createProject(workspace, `target-${args.length}${program === 'psql' ? 'p' : ''}`)
  await ran(target, 'psql', '-qc', 'CREATE ROLE reader')
  const withFile = [...args.slice(0, -1), dump(args.at(-1) ?? '')]
  await ran(target, program, ...withFile)
  expect(await ran(target, 'psql', '-Atc', 'SELECT count(*), max(id) FROM notes')).toBe('100|100\n')
  expect(await ran(target, 'psql', '-Atc', "SELECT has_schema_privilege('reader', 'public', 'CREATE')")).toBe(
    't\n',
  )
  if (program === 'pg_restore') await ran(target, program, '--clean', '--if-exists', ...withFile)
})

it('pg_dumpall writes the roles and everything', async () => {
  const source = { name: 'projects/source/branches/production/endpoints/primary' }
  const globals = await ran(await named(source.name), 'pg_dumpall', '--globals-only')
  expect(globals).toContain('CREATE ROLE reader;')
  // Nobody but the workspace connects to template1: a session in it would hold up the creation of databases.
  const words = ['--no-role-passwords', '--exclude-database=template1']
  expect(await ran(await named(source.name), 'pg_dumpall', ...words)).toContain('CREATE TABLE public.notes')
})

async function named(name: string): Promise<Endpoint> {
  return ask<Endpoint>(workspace, 'GET', `/api/2.0/postgres/${name}`)
}

/** Runs a program on a project's database and gives what it wrote; fails for an exit code and for any complaint. */
async function ran(
  endpoint: { name: string; uid: string },
  program: string,
  ...args: string[]
): Promise<string> {
  const body = { endpoint: endpoint.name }
  const { token } = await ask<{ token: string }>(workspace, 'POST', '/api/2.0/postgres/credentials', body)
  const env = {
    ...environment(workspace.home),
    PGHOST: workspace.postgres.host,
    PGPORT: String(workspace.postgres.port),
    PGDATABASE: 'databricks_postgres',
    PGUSER: workspace.user,
    PGPASSWORD: token,
    PGSSLMODE: 'verify-ca',
    PGSSLROOTCERT: workspace.caFile,
    PGOPTIONS: `endpoint=${endpoint.uid}`,
  }
  const result = await runCommand([path.join(tools, program), ...args], { cwd: workspace.home, env })
  expect({ args, code: result.code, stderr: result.stderr }).toEqual({ args, code: 0, stderr: '' })
  return result.stdout
}
