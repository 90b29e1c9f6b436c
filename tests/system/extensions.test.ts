// Extensions of Postgres, as a project's owner and as an app's service principal meet them.
import { afterAll, beforeAll, expect, it } from 'vitest'
import { rowsOf } from '../clients/postgres-session.ts'
import { createProject, type Endpoint } from '../clients/workspace-objects.ts'
import { type TestWorkspace, startTestWorkspace } from './workspace.ts'

let workspace: TestWorkspace
let endpoint: Endpoint

beforeAll(async () => {
  workspace = await startTestWorkspace()
  endpoint = await createProject(workspace, 'extensions')
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

const owned = (query: string) => rowsOf(workspace, endpoint, query)

it('creates vector from the first start, indexes and searches with it', async (context) => {
  const { extensions } = await listed()
  // A machine without the network has it only when its Postgres of this version has.
  if (!extensions.some(({ name }) => name === 'vector')) context.skip(await whyNoVector())
  await owned('CREATE EXTENSION vector')
  await owned('CREATE TABLE items (id int, at vector(3))')
  await owned("INSERT INTO items VALUES (1, '[1,2,3]'), (2, '[4,5,6]')")
  await owned('CREATE INDEX ON items USING hnsw (at vector_l2_ops)')
  expect(await owned("SELECT id FROM items ORDER BY at <-> '[3,3,3]' LIMIT 1")).toEqual([{ id: 1 }])
})

it('counts statements', async () => {
  await owned('CREATE EXTENSION pg_stat_statements')
  await owned('SELECT 42 AS counted')
  const rows = await owned(
    "SELECT calls::int FROM pg_stat_statements WHERE query LIKE 'SELECT $1 AS counted'",
  )
  expect(rows).toEqual([{ calls: 1 }])
})

it('lists only what can be created, and lets users create what the real service does', async () => {
  const { extensions } = await listed()
  const available = await owned('SELECT name FROM pg_available_extensions ORDER BY name')
  expect(new Set(extensions.map(({ name }) => name))).toEqual(
    new Set((available as { name: string }[]).map(({ name }) => name)),
  )
  const trusted = extensions.filter((each) => each.trusted).map(({ name }) => name)
  expect(trusted).toEqual(expect.arrayContaining(['citext', 'hstore', 'pg_stat_statements', 'pgcrypto']))
  for (const name of trusted) await owned(`CREATE EXTENSION IF NOT EXISTS "${name}" CASCADE`)
  await expect(owned('CREATE EXTENSION file_fdw')).rejects.toThrow('permission denied')
})

it('has nothing to bring where the extension is there already', async () => {
  const installed = await workspace.cli(['extension', 'install', 'citext', '-o', 'json'])
  expect(JSON.parse(installed)).toMatchObject({ name: 'citext', trusted: true })
})

it('says which package to install where there is no way to bring one', async () => {
  const ran = await workspace.lakelet(['extension', 'install', 'postgis_tiger_geocoder'])
  expect(ran).toMatchObject({ code: 1, stdout: '' })
  expect(ran.stderr).toContain('Install the package postgresql-17-postgis-tiger-geocoder')
  const wrong = await workspace.lakelet(['extension', 'install', '../etc'])
  expect(wrong.stderr).toContain('no extension has this name')
})

const listed = async () =>
  JSON.parse(`{"extensions":${await workspace.cli(['extension', 'list', '-o', 'json'])}}`) as {
    extensions: { name: string; trusted: boolean }[]
  }

async function whyNoVector(): Promise<string> {
  return (await workspace.lakelet(['extension', 'install', 'vector'])).stderr
}
