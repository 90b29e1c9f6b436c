// The workspace that kill tests work on: what is done with it, and what must be true of it after each start.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { branchRoutes, credentialRoutes, type Operation, projectRoutes } from '@lakelet/api'
import { Client } from 'pg'
import { expect, vi } from 'vitest'
import type { TestWorkspace } from '../system/workspace.ts'

/** The project that scenarios work on. */
export const BASE = 'base'
export const BASE_ENDPOINT = `projects/${BASE}/branches/production/endpoints/primary`

/** For what a busy machine may take its time. */
export const patience = { timeout: 60_000, interval: 25 }

/** A session of the owner at an endpoint. */
export async function connectTo(workspace: TestWorkspace, endpoint: string) {
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint } })
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  // The server may be killed while a session is open.
  client.on('error', () => {})
  await client.connect()
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client.end()
    },
  }
}

/** Polls an operation to its end; rejects with its error. */
export async function operationDone(
  workspace: TestWorkspace,
  { name }: { readonly name?: string },
): Promise<void> {
  const headers = { authorization: `Bearer ${workspace.token}` }
  const ended = await vi.waitFor(async () => {
    const reply = await fetch(`${workspace.host}/api/2.0/postgres/${name}`, { headers })
    const operation = (await reply.json()) as Operation
    if (!operation.done) throw new Error(`${name} is not done: ${JSON.stringify(operation)}`)
    return operation
  }, patience)
  expect(ended.error).toBeUndefined()
}

/** Waits until no operation runs or is being undone. */
export async function atRest(workspace: TestWorkspace): Promise<void> {
  await vi.waitFor(() => {
    expect(rowsOf(workspace, "SELECT kind FROM operations WHERE state IN ('running', 'undoing')")).toEqual([])
  }, patience)
}

/** Makes the base project with a table in it. */
export async function prepareBase(workspace: TestWorkspace): Promise<void> {
  await operationDone(
    workspace,
    await workspace.client.call(projectRoutes.createProject, { query: { project_id: BASE }, body: {} }),
  )
  await using sql = await connectTo(workspace, BASE_ENDPOINT)
  await sql.client.query('CREATE TABLE acknowledged (n int PRIMARY KEY)')
}

/** Stores a row whose commit is acknowledged; it must be there after every kill from now on. */
export async function acknowledge(workspace: TestWorkspace, n: number): Promise<void> {
  await using sql = await connectTo(workspace, BASE_ENDPOINT)
  await sql.client.query('INSERT INTO acknowledged VALUES ($1)', [n])
}

/** Every acknowledged row is there, every resource is whole, and nothing lies around that nobody owns. */
export async function expectWhole(workspace: TestWorkspace, acknowledged: readonly number[]): Promise<void> {
  await using sql = await connectTo(workspace, BASE_ENDPOINT)
  const { rows } = await sql.client.query<{ n: number }>('SELECT n FROM acknowledged ORDER BY n')
  expect(rows.map(({ n }) => n)).toEqual(acknowledged)
  expect(rowsOf(workspace, 'SELECT scope FROM operation_locks')).toEqual([])
  expect(rowsOf(workspace, "SELECT branch_id FROM branches WHERE state <> 'READY'")).toEqual([])
  expect(namesIn(workspace, 'branches')).toEqual(column(workspace, 'SELECT uid FROM branches'))
  const apps = column(workspace, 'SELECT name FROM apps')
  expect(namesIn(workspace, 'apps/by-name')).toEqual(apps)
  expect(column(workspace, "SELECT display_name FROM principals WHERE display_name LIKE 'app-%'")).toEqual(
    apps.map((name) => `app-${name}`),
  )
  expect(
    column(workspace, "SELECT DISTINCT object_id FROM permission_grants WHERE object_type = 'app'"),
  ).toEqual(apps)
  const roles = await sql.client.query<{ rolname: string }>(
    "SELECT rolname FROM pg_roles WHERE rolname ~ '^[0-9a-f]{8}-' ORDER BY 1",
  )
  expect(roles.rows.map(({ rolname }) => rolname)).toEqual(column(workspace, 'SELECT client_id FROM apps'))
  expect(namesIn(workspace, 'trash')).toEqual([])
  await expectBranchesReachable(workspace)
}

async function expectBranchesReachable({ client }: TestWorkspace): Promise<void> {
  const { branches = [] } = await client.call(branchRoutes.listBranches, { params: { project: BASE } })
  expect(branches.map(({ status }) => status.current_state).filter((state) => state !== 'READY')).toEqual([])
}

/** Names in a directory of the data directory, sorted; what a killed process was building or removing is among them. */
function namesIn(workspace: TestWorkspace, directory: string): string[] {
  const place = path.join(workspace.dataDir, directory)
  return existsSync(place) ? readdirSync(place).sort() : []
}

function column(workspace: TestWorkspace, query: string): string[] {
  return rowsOf(workspace, query)
    .map((row) => String(Object.values(row)[0]))
    .sort()
}

function rowsOf(workspace: TestWorkspace, query: string): Record<string, unknown>[] {
  using database = new DatabaseSync(path.join(workspace.dataDir, 'metadata.sqlite'), { readOnly: true })
  return database.prepare(query).all()
}

/** The places where each kind of operation can be killed, as the workspace itself says at its start with the log level `debug`. */
export function failpointsOf(workspace: TestWorkspace): ReadonlyMap<string, readonly string[]> {
  const lines = readFileSync(path.join(workspace.dataDir, 'lakelet.log'), 'utf8').split('\n')
  const kinds = lines
    .filter((line) => line.includes('knows a kind of operation'))
    .map((line) => JSON.parse(line) as { kind: string; failpoints: string[] })
  return new Map(kinds.map(({ kind, failpoints }) => [kind, failpoints]))
}
