// What can be done with a branch beyond the API of the real service: resetting it from its parent, where all that it had is gone and all
// that it is called stays, and comparing its schema.
import { readFile } from 'node:fs/promises'
import {
  branchRoutes,
  computeControlRoutes,
  credentialRoutes,
  endpointRoutes,
  roleRoutes,
} from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const PROJECT = 'shop'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', PROJECT])
  await using production = await connect('production')
  await production.query('CREATE TABLE items (id int PRIMARY KEY); INSERT INTO items VALUES (1)')
  const spec = { source_branch: `projects/${PROJECT}/branches/production`, no_expiry: true }
  await createBranch('dev', spec)
})
afterAll(() => workspace[Symbol.asyncDispose]())

async function createBranch(id: string, spec: object): Promise<void> {
  const json = JSON.stringify({ spec })
  await workspace.cli(['postgres', 'create-branch', `projects/${PROJECT}`, id, '--json', json])
}

async function endpointOf(branch: string) {
  return workspace.client.call(endpointRoutes.getEndpoint, {
    params: { project: PROJECT, branch, endpoint: 'primary' },
  })
}

async function connect(branch: string) {
  const { uid, name } = await endpointOf(branch)
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint: name } })
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    options: `endpoint=${uid}`,
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  const ended = new Promise<Error>((resolve) => client.on('error', resolve))
  await client.connect()
  return Object.assign(client, { ended, [Symbol.asyncDispose]: () => client.end().catch(() => undefined) })
}

const reset = (branch: string) => workspace.lakelet(['branch', 'reset', branch, '--project', PROJECT])

it('takes the data of an awake parent, has idle sessions go on with it, and keeps names, ids and credentials', async () => {
  const before = await endpointOf('dev')
  await using production = await connect('production')
  await using dev = await connect('dev')
  await dev.query('DROP TABLE items; CREATE TABLE own (id int); CREATE ROLE own_role')
  await workspace.client.call(roleRoutes.listRoles, { params: { project: PROJECT, branch: 'dev' } })
  await using open = await connect('dev')
  await open.query('BEGIN')
  await production.query('INSERT INTO items VALUES (2); CREATE ROLE newcomer LOGIN')
  expect(await reset('dev')).toMatchObject({ code: 0, stdout: 'Reset dev from its parent.\n' })
  expect(await open.ended).toMatchObject({ code: '57P01' })
  expect((await dev.query('SELECT count(*)::int AS n FROM items')).rows).toEqual([{ n: 2 }])
  expect(await endpointOf('dev')).toMatchObject({
    uid: before.uid,
    name: before.name,
    status: { hosts: before.status.hosts },
  })
  await using again = await connect('dev')
  expect((await again.query('TABLE items')).rows).toEqual([{ id: 1 }, { id: 2 }])
  expect((await again.query(`SELECT to_regclass('own') AS own`)).rows).toEqual([{ own: null }])
  const { roles } = await workspace.client.call(roleRoutes.listRoles, {
    params: { project: PROJECT, branch: 'dev' },
  })
  expect(roles?.map((role) => role.role_id).sort()).toEqual(['jane-doe', 'newcomer'])
  const { status } = await workspace.client.call(branchRoutes.getBranch, {
    params: { project: PROJECT, branch: 'dev' },
  })
  expect(status).toMatchObject({ current_state: 'READY' })
  // The parent goes on with its own.
  expect((await production.query('SELECT count(*)::int AS n FROM items')).rows).toEqual([{ n: 2 }])
})

it('wakes neither of them', async () => {
  const params = (branch: string) => ({ project: PROJECT, branch, endpoint: 'primary' })
  for (const branch of ['production', 'dev'])
    await workspace.client.call(computeControlRoutes.suspend, { params: params(branch), body: {} })
  expect((await reset('dev')).code).toBe(0)
  for (const branch of ['production', 'dev'])
    expect((await endpointOf(branch)).status.current_state).toBe('IDLE')
  await using dev = await connect('dev')
  expect((await dev.query('SELECT count(*)::int AS n FROM items')).rows).toEqual([{ n: 2 }])
})

it('is refused for what has no parent, is protected or has children, and for a name that is none', async () => {
  const spec = (source: string) => ({
    source_branch: `projects/${PROJECT}/branches/${source}`,
    no_expiry: true,
  })
  expect((await reset('production')).stderr).toContain('has no parent to be reset from')
  await createBranch('grandchild', spec('dev'))
  expect((await reset('dev')).stderr).toContain('Branches were made from this one (grandchild)')
  expect((await reset('grandchild')).code).toBe(0)
  await createBranch('guarded', { ...spec('production'), is_protected: true })
  expect((await reset('guarded')).stderr).toContain('A protected branch cannot be reset')
  expect((await reset('nobody')).stderr).toContain('branch id not found')
  expect((await reset('projects/shop')).stderr).toContain('is neither the id of a branch nor a full name')
})

it('tells schemas of branches apart, as a list, as SQL that makes them alike, and by its exit code', async () => {
  const diff = (...args: string[]) => workspace.lakelet(['branch', 'diff', ...args, '--project', PROJECT])
  await createBranch('work', { source_branch: `projects/${PROJECT}/branches/production`, no_expiry: true })
  const alike = { code: 0, stdout: 'The schemas are alike.\n' }
  expect(await diff('production', 'work', '--exit-code')).toMatchObject(alike)
  {
    await using work = await connect('work')
    await work.query('ALTER TABLE items ADD label text; CREATE INDEX ON items (label)')
    await work.query('CREATE ROLE reader; GRANT SELECT ON items TO reader')
  }
  const differing = await diff('production', 'work', '--exit-code')
  expect(differing.code).toBe(1)
  expect(differing.stdout).toBe(
    '+ column public.items.label\n+ grant reader on table public.items\n+ index public.items_label_idx\n',
  )
  expect(differing.stderr).toContain('The role reader is only there on the second side')
  const { stdout: sql } = await diff('production', 'work', '--sql')
  {
    // As the owner, who is no superuser.
    await using production = await connect('production')
    await production.query('CREATE ROLE reader')
    await production.query(sql)
  }
  expect(await diff('production', 'work', '--exit-code')).toMatchObject(alike)
  expect((await diff('work', 'production', '-o', 'json')).stdout).toContain('"changes": []')
  expect((await diff('production', 'nobody')).stderr).toContain('branch id not found')
  expect((await diff('production', 'projects/other/branches/x')).stderr).toContain('of this project')
  expect((await diff('production', 'work', '-d', 'nowhere')).stderr).toContain('database id not found')
})

it('makes a branch for a script and prints what it needs, also when the job runs again', async () => {
  const create = (...args: string[]) =>
    workspace.cli(['branch', 'create', 'ci-1', '--project', PROJECT, '--from', 'production', ...args])
  const variables = JSON.parse(await create('--ttl', '2h', '--env', '--format', 'json')) as Record<
    string,
    string
  >
  expect(variables).toMatchObject({
    PGPASSWORD: expect.any(String),
    ENDPOINT_NAME: `projects/${PROJECT}/branches/ci-1/endpoints/primary`,
  })
  expect(await create('--ttl', '2h', '--reuse', '--env')).toContain(
    `export ENDPOINT_NAME=${variables['ENDPOINT_NAME']}`,
  )
  const params = { project: PROJECT, branch: 'ci-1' }
  const { status } = await workspace.client.call(branchRoutes.getBranch, { params })
  expect(Date.parse(status.expire_time ?? '') - Date.now()).toBeLessThanOrEqual(7_201_000)
  const again = await workspace.lakelet(['branch', 'create', 'ci-1', '--project', PROJECT])
  expect(again.stderr).toContain('already exists')
  const unnamed = await workspace.lakelet(['branch', 'create', '--reuse', '--project', PROJECT])
  expect(unnamed.stderr).toContain('--reuse needs the id')
})
