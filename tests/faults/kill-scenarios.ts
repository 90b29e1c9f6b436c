// What leads to each kind of operation, and what must be true when it was done or undone. A kind that the workspace registers and that
// has no scenario here fails the kill tests by its name.
import {
  ApiError,
  type AppResource,
  appsRoutes,
  branchControlRoutes,
  branchFileRoutes,
  branchRoutes,
  type Client,
  dataApiRoutes,
  databaseRoutes,
  endpointRoutes,
  projectRoutes,
  restoreRoutes,
  roleRoutes,
  snapshotRoutes,
  workspaceRoutes,
} from '@lakelet/api'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { expect, vi } from 'vitest'
import type { TestWorkspace } from '../system/workspace.ts'
import { BASE, BASE_ENDPOINT, connectTo, operationDone, patience } from './kill-workspace.ts'

/** `id` is the name of the resource that this kill works on, of no other. */
export interface KillScenario {
  /** Runs to its end before the request that is interrupted. */
  readonly prepare?: (workspace: TestWorkspace, id: string) => Promise<void>
  /** The request whose operation is interrupted. */
  readonly act: (workspace: TestWorkspace, id: string) => Promise<unknown>
  readonly expectDone: (workspace: TestWorkspace, id: string) => Promise<void>
  /** For kinds with steps that can be undone. */
  readonly expectUndone?: (workspace: TestWorkspace, id: string) => Promise<void>
}

/** An app that runs before the first kill. */
const SERVED = 'served'

export const base = { project: BASE, branch: 'production' }
export const baseName = `projects/${BASE}/branches/production`

export const killScenarios: Readonly<Record<string, KillScenario>> = {
  create_project: {
    act: createProject,
    async expectDone({ client }, id) {
      const params = { project: id, branch: 'production' }
      const { status } = await client.call(projectRoutes.getProject, { params })
      expect(status?.default_branch).toBe(`projects/${id}/branches/production`)
      const { roles } = await client.call(roleRoutes.listRoles, { params })
      expect(roles?.map((role) => role.role_id)).toEqual(['jane-doe'])
      const { databases } = await client.call(databaseRoutes.listDatabases, { params })
      expect(databases?.map((database) => database.database_id)).toEqual(['databricks-postgres'])
      const { endpoints } = await client.call(endpointRoutes.listEndpoints, { params })
      expect(endpoints?.map((endpoint) => endpoint.status?.endpoint_id)).toEqual(['primary'])
    },
    expectUndone: ({ client }, id) => expectMissing(getProject(client, id)),
  },
  delete_project: {
    prepare: async (workspace, id) => operationDone(workspace, await createProject(workspace, id)),
    act: ({ client }, id) =>
      client.call(projectRoutes.deleteProject, { params: { project: id }, query: { purge: true } }),
    expectDone: ({ client }, id) => expectMissing(getProject(client, id)),
  },
  create_branch: {
    act: createBranch,
    async expectDone(workspace, id) {
      const { status } = await getBranch(workspace.client, id)
      expect(status).toMatchObject({ current_state: 'READY', source_branch: baseName })
      await using sql = await connectTo(workspace, `projects/${BASE}/branches/${id}/endpoints/primary`)
      const { rows } = await sql.client.query('SELECT count(*)::int > 0 AS cloned FROM acknowledged')
      expect(rows).toEqual([{ cloned: true }])
    },
    expectUndone: ({ client }, id) => expectMissing(getBranch(client, id)),
  },
  reset_branch: {
    async prepare(workspace, id) {
      await operationDone(workspace, await createBranch(workspace, id))
      await using sql = await connectTo(workspace, `projects/${BASE}/branches/${id}/endpoints/primary`)
      await sql.client.query('CREATE TABLE own AS SELECT 1 AS n; CREATE ROLE own_role')
    },
    act: ({ client }, id) =>
      client.call(branchControlRoutes.resetBranch, { params: { project: BASE, branch: id }, body: {} }),
    expectDone: (workspace, id) => expectOwn(workspace, id, false),
    expectUndone: (workspace, id) => expectOwn(workspace, id, true),
  },
  delete_branch: {
    prepare: async (workspace, id) => operationDone(workspace, await createBranch(workspace, id)),
    act: ({ client }, id) =>
      client.call(branchRoutes.deleteBranch, {
        params: { project: BASE, branch: id },
        query: { purge: true },
      }),
    expectDone: ({ client }, id) => expectMissing(getBranch(client, id)),
  },
  restore_branch: {
    prepare: spoilBranch,
    act: ({ client }, id) =>
      client.call(restoreRoutes.restore, {
        params: { project: BASE, branch: id },
        body: { time: spoiled.get(id), in_place: true, branch_id: `${id}-old` },
      }),
    async expectDone(workspace, id) {
      expect(await wordIn(workspace, id)).toBe('good')
      expect(await wordIn(workspace, `${id}-old`)).toBe('spoiled')
      expect((await getBranch(workspace.client, `${id}-old`)).status.current_state).toBe('READY')
    },
    async expectUndone(workspace, id) {
      expect(await wordIn(workspace, id)).toBe('spoiled')
      await expectMissing(getBranch(workspace.client, `${id}-old`))
    },
  },
  import_branch: {
    act: importBranch,
    async expectDone(workspace, id) {
      const { status } = await getBranch(workspace.client, id)
      expect(status).toMatchObject({ current_state: 'READY', imported_from: baseName })
      await using sql = await connectTo(workspace, endpointOf(id))
      const { rows } = await sql.client.query('SELECT count(*)::int > 0 AS brought FROM acknowledged')
      expect(rows).toEqual([{ brought: true }])
      expect(await readdir(path.join(workspace.dataDir, 'imports'))).toEqual([])
    },
    async expectUndone({ client, dataDir }, id) {
      await expectMissing(getBranch(client, id))
      expect(await readdir(path.join(dataDir, 'imports'))).toEqual([])
    },
  },
  create_snapshot: {
    prepare: makeRoomForSnapshots,
    act: createSnapshot,
    async expectDone(workspace, id) {
      const { status } = await getSnapshot(workspace.client, id)
      expect(status).toMatchObject({ current_state: 'READY', source_branch: baseName })
      expect(status.full_size_bytes).toBeGreaterThan(1_000_000)
      // No other operation here, which could come by the place that is armed next.
      expect(status.diff_size_bytes).toBeGreaterThanOrEqual(0)
    },
    expectUndone: ({ client }, id) => expectMissing(getSnapshot(client, id)),
  },
  delete_snapshot: {
    prepare: async (workspace, id) => operationDone(workspace, await createSnapshot(workspace, id)),
    act: ({ client }, id) =>
      client.call(snapshotRoutes.deleteSnapshot, { params: { project: BASE, snapshot: id } }),
    expectDone: ({ client }, id) => expectMissing(getSnapshot(client, id)),
  },
  create_role: {
    act: createRole,
    async expectDone({ client }, id) {
      const { status } = await getRole(client, id)
      expect(status.attributes).toEqual({ createdb: true, createrole: false, bypassrls: false })
    },
  },
  update_role: {
    prepare: async (workspace, id) => operationDone(workspace, await createRole(workspace, id)),
    act: ({ client }, id) =>
      client.call(roleRoutes.updateRole, {
        params: { ...base, role: id },
        query: { update_mask: 'spec.attributes' },
        body: { spec: { attributes: { createrole: true } } },
      }),
    async expectDone({ client }, id) {
      expect((await getRole(client, id)).status.attributes?.createrole).toBe(true)
    },
  },
  delete_role: {
    prepare: async (workspace, id) => operationDone(workspace, await createRole(workspace, id)),
    act: ({ client }, id) => client.call(roleRoutes.deleteRole, { params: { ...base, role: id } }),
    expectDone: ({ client }, id) => expectMissing(getRole(client, id)),
  },
  create_database: {
    act: createDatabase,
    async expectDone({ client }, id) {
      expect((await getDatabase(client, id)).status.postgres_database).toBe(nameOf(id))
    },
  },
  update_database: {
    prepare: async (workspace, id) => operationDone(workspace, await createDatabase(workspace, id)),
    act: ({ client }, id) =>
      client.call(databaseRoutes.updateDatabase, {
        params: { ...base, database: id },
        query: { update_mask: 'spec.postgres_database' },
        body: { spec: { postgres_database: `${nameOf(id)}_renamed` } },
      }),
    async expectDone({ client }, id) {
      expect((await getDatabase(client, id)).status.postgres_database).toBe(`${nameOf(id)}_renamed`)
    },
  },
  delete_database: {
    prepare: async (workspace, id) => operationDone(workspace, await createDatabase(workspace, id)),
    act: ({ client }, id) =>
      client.call(databaseRoutes.deleteDatabase, { params: { ...base, database: id } }),
    expectDone: ({ client }, id) => expectMissing(getDatabase(client, id)),
  },
  create_data_api: {
    prepare: async (workspace, id) => operationDone(workspace, await createDatabase(workspace, id)),
    act: createDataApi,
    async expectDone({ client }, id) {
      expect((await getDataApi(client, id)).status.db_schemas).toEqual(['public'])
    },
  },
  update_data_api: {
    async prepare(workspace, id) {
      await operationDone(workspace, await createDatabase(workspace, id))
      await operationDone(workspace, await createDataApi(workspace, id))
    },
    act: ({ client }, id) =>
      client.call(dataApiRoutes.updateDataApi, {
        params: { ...base, database: id },
        query: { update_mask: 'spec.db_max_rows' },
        body: { spec: { db_max_rows: 7 } },
      }),
    async expectDone({ client }, id) {
      expect((await getDataApi(client, id)).status.db_max_rows).toBe(7)
    },
  },
  delete_data_api: {
    async prepare(workspace, id) {
      await operationDone(workspace, await createDatabase(workspace, id))
      await operationDone(workspace, await createDataApi(workspace, id))
    },
    act: ({ client }, id) => client.call(dataApiRoutes.deleteDataApi, { params: { ...base, database: id } }),
    expectDone: ({ client }, id) => expectMissing(getDataApi(client, id)),
  },
  delete_endpoint: {
    async prepare(workspace, id) {
      await operationDone(workspace, await createReplica(workspace, id))
      await (await connectTo(workspace, `${baseName}/endpoints/${id}`))[Symbol.asyncDispose]()
    },
    act: deleteReplica,
    expectDone: ({ client }, id) =>
      expectMissing(client.call(endpointRoutes.getEndpoint, { params: { ...base, endpoint: id } })),
  },
  update_endpoint: {
    act: (workspace, id) => updateEndpoint(workspace, { work_mem: memoryOf(id) }),
    expectDone: async (workspace, id) =>
      expect(await memoryIn(workspace)).toEqual([memoryOf(id), memoryOf(id)]),
    // The settings of an earlier kill came back, whatever they were.
    expectUndone: async (workspace, id) => expect(await memoryIn(workspace)).not.toContain(memoryOf(id)),
  },
  create_app: {
    act: createApp,
    async expectDone({ client, user }, id) {
      expect((await getApp(client, id)).name).toBe(id)
      expect((await templateFolders(client, user)).some((name) => name.includes(id))).toBe(true)
    },
    async expectUndone({ client, user }, id) {
      await expectMissing(getApp(client, id))
      expect((await templateFolders(client, user)).some((name) => name.includes(id))).toBe(false)
    },
  },
  update_app: {
    prepare: async (workspace, id) => void (await createApp(workspace, id)),
    act: ({ client }, id) =>
      client.call(appsRoutes.update, {
        params: { name: id },
        body: { description: 'changed', resources: appResources() },
      }),
    expectDone: async ({ client }, id) => expect((await getApp(client, id)).description).toBe('changed'),
    expectUndone: async ({ client }, id) => expect((await getApp(client, id)).description).toBe(''),
  },
  // On an app that runs already: its first deployment would come by the place that is armed, too.
  deploy_app: {
    act: (workspace, id) => deploy(workspace, SERVED, id),
    async expectDone(workspace, id) {
      expect((await deploymentStates(workspace, SERVED))[0]).toBe('SUCCEEDED')
      expect(await pageOf(workspace, SERVED)).toBe(id)
    },
    async expectUndone(workspace, id) {
      expect((await deploymentStates(workspace, SERVED))[0]).toBe('FAILED')
      expect(await pageOf(workspace, SERVED)).not.toBe(id)
    },
  },
  start_app: {
    async prepare(workspace, id) {
      await serveOne(workspace, id)
      await workspace.client.call(appsRoutes.stop, { params: { name: id }, body: {} })
    },
    act: ({ client }, id) => client.call(appsRoutes.start, { params: { name: id }, body: {} }),
    async expectDone(workspace, id) {
      expect((await getApp(workspace.client, id)).compute_status.state).toBe('ACTIVE')
      expect(await pageOf(workspace, id)).toBe('one')
    },
    expectUndone: ({ client }, id) => expectStopped(client, id),
  },
  stop_app: {
    prepare: serveOne,
    act: ({ client }, id) => client.call(appsRoutes.stop, { params: { name: id }, body: {} }),
    expectDone: ({ client }, id) => expectStopped(client, id),
  },
  delete_app: {
    prepare: async (workspace, id) => void (await createApp(workspace, id)),
    act: ({ client }, id) => client.call(appsRoutes.delete, { params: { name: id } }),
    expectDone: ({ client }, id) => expectMissing(getApp(client, id)),
  },
}

function createProject({ client }: TestWorkspace, id: string) {
  return client.call(projectRoutes.createProject, { query: { project_id: id }, body: {} })
}

function getProject(client: Client, id: string) {
  return client.call(projectRoutes.getProject, { params: { project: id } })
}

function createBranch({ client }: TestWorkspace, id: string) {
  return client.call(branchRoutes.createBranch, {
    params: { project: BASE },
    query: { branch_id: id },
    body: {},
  })
}

/** A branch of the file of another one. */
async function importBranch({ client }: TestWorkspace, id: string) {
  const file = await buffer(await client.call(branchFileRoutes.exportBranch, { params: base }))
  const request = { params: { project: BASE }, query: { branch_id: id }, body: new Blob([file]) }
  return client.call(branchFileRoutes.importBranch, request)
}

export function getBranch(client: Client, id: string) {
  return client.call(branchRoutes.getBranch, { params: { project: BASE, branch: id } })
}

/** By branch, the last moment at which its content was good. */
const spoiled = new Map<string, string>()

/** Makes a branch whose content is good, and then is not. */
export async function spoilBranch(workspace: TestWorkspace, id: string): Promise<void> {
  await operationDone(workspace, await createBranch(workspace, id))
  await using sql = await connectTo(workspace, endpointOf(id))
  await sql.client.query("CREATE TABLE content AS SELECT 'good' AS word")
  const { rows } = await sql.client.query<{ at: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
  )
  spoiled.set(id, rows[0]?.at ?? '')
  await sql.client.query("UPDATE content SET word = 'spoiled'")
}

export async function wordIn(workspace: TestWorkspace, id: string): Promise<string | undefined> {
  await using sql = await connectTo(workspace, endpointOf(id))
  return (await sql.client.query<{ word: string }>('SELECT word FROM content')).rows[0]?.word
}

export function endpointOf(branch: string): string {
  return `projects/${BASE}/branches/${branch}/endpoints/primary`
}

/** A project has ten snapshots at most. Only where none that is deleted is what is killed. */
export async function makeRoomForSnapshots(workspace: TestWorkspace): Promise<void> {
  const params = { project: BASE }
  const { snapshots = [] } = await workspace.client.call(snapshotRoutes.listSnapshots, { params })
  for (const { snapshot_id: snapshot } of snapshots.filter((each) => each.snapshot_id.startsWith('kill-')))
    await operationDone(
      workspace,
      await workspace.client.call(snapshotRoutes.deleteSnapshot, { params: { ...params, snapshot } }),
    )
}

export function createSnapshot({ client }: TestWorkspace, id: string) {
  return client.call(snapshotRoutes.createSnapshot, {
    params: { project: BASE },
    query: { snapshot_id: id },
    body: { spec: { source_branch: baseName } },
  })
}

export function getSnapshot(client: Client, id: string) {
  return client.call(snapshotRoutes.getSnapshot, { params: { project: BASE, snapshot: id } })
}

function createRole({ client }: TestWorkspace, id: string) {
  return client.call(roleRoutes.createRole, {
    params: base,
    query: { role_id: id },
    body: { spec: { postgres_role: id, attributes: { createdb: true } } },
  })
}

function getRole(client: Client, id: string) {
  return client.call(roleRoutes.getRole, { params: { ...base, role: id } })
}

function createDatabase({ client }: TestWorkspace, id: string) {
  return client.call(databaseRoutes.createDatabase, {
    params: base,
    query: { database_id: id },
    body: { spec: { role: `${baseName}/roles/jane-doe` } },
  })
}

function createDataApi({ client }: TestWorkspace, id: string) {
  return client.call(dataApiRoutes.createDataApi, {
    params: { ...base, database: id },
    body: { spec: { db_schemas: ['public'] } },
  })
}

function getDataApi(client: Client, id: string) {
  return client.call(dataApiRoutes.getDataApi, { params: { ...base, database: id } })
}

/** The name that Postgres gives to a database with this id. */
function nameOf(id: string): string {
  return id.replaceAll('-', '_')
}

function getDatabase(client: Client, id: string) {
  return client.call(databaseRoutes.getDatabase, { params: { ...base, database: id } })
}

function updateEndpoint({ client }: TestWorkspace, settings: Readonly<Record<string, string>>) {
  return client.call(endpointRoutes.updateEndpoint, {
    params: { ...base, endpoint: 'primary' },
    query: { update_mask: 'spec.settings.pg_settings' },
    body: { spec: { settings: { pg_settings: settings } } },
  })
}

/** A setting that is the scenario's own. */
function memoryOf(id: string): string {
  return `${100 + Number(id.replace(/\D/g, ''))}kB`
}

/** What the API says of the compute's setting, and what the compute itself says. */
async function memoryIn(workspace: TestWorkspace): Promise<unknown[]> {
  const params = { ...base, endpoint: 'primary' }
  const { status } = await workspace.client.call(endpointRoutes.getEndpoint, { params })
  await using sql = await connectTo(workspace, BASE_ENDPOINT)
  const { rows } = await sql.client.query<{ work_mem: string }>('SHOW work_mem')
  return [status.settings?.pg_settings?.['work_mem'], ...rows.map((row) => row.work_mem)]
}

function createApp({ client }: TestWorkspace, id: string) {
  return client.call(appsRoutes.create, {
    query: { template: 'node-hello-world' },
    body: { name: id, resources: appResources() },
  })
}

function appResources(): AppResource[] {
  const permission = 'CAN_CONNECT_AND_CREATE'
  return [{ name: 'postgres', postgres: { branch: baseName, database: 'databricks_postgres', permission } }]
}

/** Makes the app that deployments are killed of. */
export function prepareServed(workspace: TestWorkspace): Promise<void> {
  return serveOne(workspace, SERVED)
}

/** Makes an app that answers `one`. */
async function serveOne(workspace: TestWorkspace, id: string): Promise<void> {
  await createApp(workspace, id)
  await deploy(workspace, id, 'one')
  await vi.waitFor(async () => expect(await deploymentStates(workspace, id)).toEqual(['SUCCEEDED']), patience)
}

/** Begins to deploy a server that answers with `text`: a folder with nothing in it, and a command. */
async function deploy({ client, user }: TestWorkspace, id: string, text: string): Promise<void> {
  const path = `/Workspace/Users/${user}/empty`
  await client.call(workspaceRoutes.mkdirs, { body: { path } })
  const server = `require('node:http').createServer((_, reply) => reply.end('${text}')).listen(process.env.PORT)`
  await client.call(appsRoutes.createDeployment, {
    params: { name: id },
    body: { source_code_path: path, command: ['node', '-e', server] },
  })
}

async function deploymentStates({ client }: TestWorkspace, id: string): Promise<string[]> {
  const { app_deployments: all = [] } = await client.call(appsRoutes.listDeployments, {
    params: { name: id },
  })
  return all.map((each) => each.status.state)
}

/** What the app answers, once it runs. */
async function pageOf(workspace: TestWorkspace, id: string): Promise<string> {
  const { url } = await getApp(workspace.client, id)
  return vi.waitFor(async () => {
    const reply = await fetch(url, { headers: { authorization: `Bearer ${workspace.token}` } })
    expect(reply.status).toBe(200)
    return reply.text()
  }, patience)
}

async function expectStopped(client: Client, id: string): Promise<void> {
  expect((await getApp(client, id)).compute_status.state).toBe('STOPPED')
}

function getApp(client: Client, id: string) {
  return client.call(appsRoutes.get, { params: { name: id } })
}

async function templateFolders(client: Client, user: string): Promise<string[]> {
  const path = `/Workspace/Users/${user}/databricks_apps`
  const { objects = [] } = await client.call(workspaceRoutes.list, { query: { path } })
  return objects.map((each) => each.path.slice(each.path.lastIndexOf('/') + 1))
}

export async function expectMissing(call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ status: 404 })
}

/** Whether the branch has what it had of its own before the reset; what it has of its parent, it has. */
async function expectOwn(workspace: TestWorkspace, id: string, isThere: boolean): Promise<void> {
  const { status } = await getBranch(workspace.client, id)
  expect(status?.current_state).toBe('READY')
  await using sql = await connectTo(workspace, `projects/${BASE}/branches/${id}/endpoints/primary`)
  const { rows } = await sql.client.query(
    `SELECT to_regclass('own') IS NOT NULL AS is_there, (SELECT count(*)::int > 0 FROM acknowledged) AS is_cloned,
      EXISTS (SELECT FROM pg_roles WHERE rolname = 'own_role') AS has_role`,
  )
  expect(rows).toEqual([{ is_there: isThere, is_cloned: true, has_role: isThere }])
}

function createReplica({ client }: TestWorkspace, id: string) {
  return client.call(endpointRoutes.createEndpoint, {
    params: base,
    query: { endpoint_id: id },
    body: { spec: { endpoint_type: 'ENDPOINT_TYPE_READ_ONLY' } },
  })
}

function deleteReplica({ client }: TestWorkspace, id: string) {
  return client.call(endpointRoutes.deleteEndpoint, { params: { ...base, endpoint: id } })
}
