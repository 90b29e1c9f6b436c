// `lakelet grants` against a real workspace: what an identity could not do, it can do afterwards, and nothing else changes.
import { readFile } from 'node:fs/promises'
import {
  type Client,
  createClient,
  credentialRoutes,
  scimRoutes,
  servicePrincipalSecretRoutes,
} from '@lakelet/api'
import { Client as Postgres, type QueryResult } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestWorkspace, startTestWorkspace } from '../../../tests/system/workspace.ts'

const ENDPOINT = 'projects/shop/branches/production/endpoints/primary'

let workspace: TestWorkspace
let app: { readonly id: string; readonly client: Client }

beforeAll(async () => {
  workspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', 'shop'])
  const created = JSON.parse(await workspace.cli(['apps', 'create', 'web', '-o', 'json'])) as {
    readonly service_principal_id: number
    readonly service_principal_client_id: string
  }
  const { secret } = await workspace.client.call(servicePrincipalSecretRoutes.create, {
    params: { service_principal_id: String(created.service_principal_id) },
    body: {},
  })
  const id = created.service_principal_client_id
  const reply = await fetch(`${workspace.host}/oidc/v1/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }),
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
  })
  const { access_token: token } = (await reply.json()) as { readonly access_token: string }
  app = { id, client: createClient({ host: workspace.host, token: () => token }) }
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

/** SQL as the app's service principal, with a credential of its own; gives the command tags. */
async function asApp(sql: string): Promise<string[]> {
  const { token } = await app.client.call(credentialRoutes.generate, { body: { endpoint: ENDPOINT } })
  const client = new Postgres({
    ...workspace.postgres,
    user: app.id,
    password: token,
    database: 'databricks_postgres',
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  await client.connect()
  try {
    const results: unknown = await client.query(sql)
    return [results].flat().map((each) => (each as QueryResult).command)
  } finally {
    await client.end()
  }
}

function asOwner(sql: string, ...rest: string[]): Promise<string> {
  return workspace.cli(['sql', '--project', 'shop', ...rest, sql])
}

it('lets an app do its work, says the SQL it ran, and has nothing to do the second time', async () => {
  await asOwner(`CREATE TABLE notes (id serial PRIMARY KEY, content text);
CREATE VIEW latest AS SELECT * FROM notes; CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 2';
REVOKE EXECUTE ON FUNCTION two() FROM PUBLIC; CREATE TABLE "odd ""name" (n int)`)
  await expect(asApp('SELECT 1')).rejects.toThrow('endpoint id not found')

  const dry = await workspace.lakelet(['grants', 'shop', 'web', '--dry-run'])
  expect(dry).toMatchObject({ code: 0, stderr: expect.stringContaining('Nothing was changed') as string })
  const { code, stdout, stderr } = await workspace.lakelet(['grants', 'shop', 'web'])
  expect({ code, stdout }).toEqual({ code: 0, stdout: dry.stdout })
  expect(stderr).toContain(
    `Granted to app web (${app.id}) in databricks_postgres of projects/shop/branches/production`,
  )
  expect(stdout).toBe(`CREATE EXTENSION databricks_auth;
SELECT databricks_create_role('${app.id}', 'SERVICE_PRINCIPAL');
GRANT USAGE, CREATE ON SCHEMA public TO "${app.id}";
GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public."odd ""name", public.latest, public.notes TO "${app.id}";
GRANT USAGE, SELECT, UPDATE ON SEQUENCE public.notes_id_seq TO "${app.id}";
GRANT EXECUTE ON ROUTINE public.two() TO "${app.id}";
ALTER DEFAULT PRIVILEGES IN SCHEMA "public" GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "${app.id}";
ALTER DEFAULT PRIVILEGES IN SCHEMA "public" GRANT USAGE, SELECT, UPDATE ON SEQUENCES TO "${app.id}";
ALTER DEFAULT PRIVILEGES IN SCHEMA "public" GRANT EXECUTE ON FUNCTIONS TO "${app.id}";
`)
  const again = await workspace.lakelet(['grants', 'shop', 'web'])
  expect(again).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringContaining('Nothing to do') as string,
  })

  await asOwner('CREATE TABLE later (id serial, n int)')
  const used = await asApp(`INSERT INTO notes (content) VALUES ('a'); INSERT INTO later (n) VALUES (two());
CREATE TABLE own (n int); DELETE FROM "odd ""name"`)
  expect(used).toEqual(['INSERT', 'INSERT', 'CREATE', 'DELETE'])
})

it('grants reading only, in the schemas that are named', async () => {
  await asOwner('REVOKE CONNECT ON DATABASE databricks_postgres FROM PUBLIC')
  await asOwner('CREATE SCHEMA shelf; CREATE TABLE shelf.books (id serial, title text)')
  await workspace.client.call(scimRoutes.createUser, { body: { userName: 'reader@example.com' } })
  const args = ['grants', 'projects/shop/branches/production', 'reader@example.com', '--read-only']
  const json = JSON.parse(
    await workspace.cli([...args, '--schema', 'shelf', '--schema', 'public', '-o', 'json']),
  ) as { readonly type: string; readonly statements: readonly string[] }
  expect(json.type).toBe('USER')
  expect(json.statements).toContain(
    'GRANT CONNECT ON DATABASE "databricks_postgres" TO "reader@example.com";',
  )
  expect(json.statements.join('\n')).not.toMatch(/INSERT|CREATE |EXECUTE|UPDATE/)
  const held = `SELECT has_table_privilege('reader@example.com', 'shelf.books', 'SELECT'),
has_table_privilege('reader@example.com', 'shelf.books', 'INSERT'), has_schema_privilege('reader@example.com', 'shelf', 'CREATE')`
  expect((await asOwner(held)).split('\n')[1]?.split(/\s+/)).toEqual(['t', 'f', 'f'])

  const kept = await workspace.lakelet(['grants', 'shop', 'web', '--read-only'])
  expect(kept.stderr).toContain('--read-only takes nothing away')
})

it('says what it cannot grant, and does the rest', async () => {
  await asApp('CREATE TABLE private (n int); REVOKE ALL ON private FROM databricks_superuser')
  await workspace.client.call(scimRoutes.createGroup, { body: { displayName: 'readers' } })
  const result = await workspace.lakelet(['grants', 'shop', 'readers', '--type', 'group'])
  expect(result.stdout).toContain(`GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE public."odd ""name"`)
  expect(result).toMatchObject({ code: 1 })
  expect(result.stderr).toContain(`table public.private, of ${app.id}: SELECT, INSERT, UPDATE, DELETE`)
})

it.each([
  [['shop', 'wbe'], 4, "The workspace has no app 'wbe'"],
  [['shpo', 'web'], 4, 'not found'],
  [['shop', 'web', '--schema', 'shelv'], 4, "has no schema 'shelv'"],
  [['shop', 'web', '--database', 'none'], 1, 'does not exist'],
  [['shop', 'nobody@example.com'], 1, 'does not exist in this workspace'],
  [['projects/shop/endpoints/x', 'web'], 2, 'is not a target'],
  [['shop', 'web', '--type', 'robot'], 2, 'Allowed choices'],
])('says what is wrong with %j', async (args, code, message) => {
  const result = await workspace.lakelet(['grants', ...args])
  expect(result).toMatchObject({ code, stdout: '' })
  expect(result.stderr).toContain(message)
})

it('refuses a role that is no identity', async () => {
  await asOwner('CREATE ROLE "plain@example.com" LOGIN')
  const result = await workspace.lakelet(['grants', 'shop', 'plain@example.com'])
  expect(result).toMatchObject({ code: 5, stdout: '' })
  expect(result.stderr).toContain('belongs to no identity of the workspace')
})
