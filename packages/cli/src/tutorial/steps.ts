// The steps of the tutorial, each done only when it is not done yet. They use what any client has: the API, SQL over TLS
// with a database credential, and the app's address.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  ApiError,
  type App,
  type Client,
  type Endpoint,
  appsRoutes,
  endpointRoutes,
  projectRoutes,
  workspaceRoutes,
} from '@lakelet/api'
import { Output } from '../command/output.ts'
import { Failure } from '../command/failure.ts'
import { poll } from '../command/poll.ts'
import { waitForCompute, waitForDeployment } from '../commands/apps/deployment.ts'
import { waitForOperation } from '../commands/postgres/operation.ts'
import { exportDirectory } from '../commands/workspace/export-dir.ts'
import { DATABASE } from '../postgres/connection.ts'
import { identifier, literal } from '../postgres/quote.ts'
import type { SqlSession } from '../postgres/sql-session.ts'
import { loadSnapshot } from '../sync/snapshot.ts'
import { syncFolder } from '../sync/sync-folder.ts'
import { withEnvironment } from './app-yaml.ts'

export const APP = 'my-lakebase-app'
const PROJECT = 'my-app-db'
const BRANCH = 'production'
const ENDPOINT = 'primary'

/** Rows of the table, in the order of the tutorial. */
const NOTES = [
  'Welcome to Lakebase Autoscaling!',
  'This app connects to Postgres',
  'Data fetched from your database',
]

/** Longest wait for a project, an app or a deployment. */
const TIMEOUT_MS = 600_000

export interface StepContext {
  readonly client: Client
  readonly signal: AbortSignal
}

/** What a step did, for the progress line; undefined when there was nothing to do. */
export type Done = string | undefined

export async function createApp(
  { client, signal }: StepContext,
  template: string,
): Promise<{ readonly app: App; readonly done: Done }> {
  const existing = await orMissing(client.call(appsRoutes.get, { params: { name: APP } }, signal))
  if (existing) return { app: existing, done: undefined }
  const query = { template }
  await client.call(appsRoutes.create, { query, body: { name: APP } }, signal)
  const wait = { timeoutMs: TIMEOUT_MS, signal }
  const app = await waitForCompute(client, APP, 'ACTIVE', ['ERROR', 'STOPPED'], wait)
  return { app, done: `created from ${template}` }
}

export async function createProject({
  client,
  signal,
}: StepContext): Promise<{ readonly endpoint: Endpoint; readonly done: Done }> {
  const params = { project: PROJECT, branch: BRANCH, endpoint: ENDPOINT }
  const existing = await orMissing(client.call(endpointRoutes.getEndpoint, { params }, signal))
  if (existing) return { endpoint: existing, done: undefined }
  const operation = await client.call(
    projectRoutes.createProject,
    { query: { project_id: PROJECT }, body: { spec: { display_name: PROJECT } } },
    signal,
  )
  await waitForOperation(client, operation, { timeoutMs: TIMEOUT_MS, signal })
  return { endpoint: await client.call(endpointRoutes.getEndpoint, { params }, signal), done: 'created' }
}

export async function createRole(session: SqlSession, clientId: string): Promise<Done> {
  await session.query('CREATE EXTENSION IF NOT EXISTS databricks_auth')
  const [found] = await session.query(`SELECT 1 FROM pg_roles WHERE rolname = ${literal(clientId)}`)
  const isNew = found?.length === 0
  if (isNew) await session.query(`SELECT databricks_create_role(${literal(clientId)}, 'service_principal')`)
  await session.query(`GRANT CONNECT ON DATABASE ${DATABASE} TO ${identifier(clientId)};
GRANT CREATE, USAGE ON SCHEMA public TO ${identifier(clientId)};`)
  return isNew ? `created ${clientId}` : undefined
}

/** Table and rows come together or not at all, so the rows are there exactly once. */
export async function createNotes(session: SqlSession, clientId: string): Promise<Done> {
  const [found] = await session.query("SELECT to_regclass('public.notes') IS NOT NULL")
  const isNew = found?.[0]?.[0] !== 't'
  if (isNew) {
    // Several statements in one query are one transaction.
    await session.query(`CREATE TABLE notes (
  id SERIAL PRIMARY KEY,
  content TEXT NOT NULL,
  created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
INSERT INTO notes (content) VALUES ${NOTES.map((note) => `(${literal(note)})`).join(', ')};`)
  }
  await session.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON TABLE notes TO ${identifier(clientId)}`)
  return isNew ? `created with ${NOTES.length} rows` : undefined
}

export interface SourceOptions {
  readonly app: App
  readonly endpoint: Endpoint
  readonly port: number
  /** Workspace folder that the app is deployed from. */
  readonly folder: string
}

/** Brings the app's files with a filled-in app.yaml into `folder`; files that are there keep everything but the addresses. */
export async function writeSource(context: StepContext, options: SourceOptions): Promise<Done> {
  const values = {
    PGHOST: options.endpoint.status.hosts.host,
    PGDATABASE: DATABASE,
    PGUSER: options.app.service_principal_client_id,
    PGPORT: String(options.port),
    PGSSLMODE: 'require',
    ENDPOINT_NAME: options.endpoint.name,
  }
  const file = `${options.folder}/app.yaml`
  const present = await orMissing(
    context.client.call(
      workspaceRoutes.export,
      { query: { path: file, direct_download: true } },
      context.signal,
    ),
  )
  if (!present) return uploadTemplate(context, options, values)
  const before = new TextDecoder().decode(present)
  const after = withEnvironment(before, values)
  if (after === before) return undefined
  const content = Buffer.from(after).toString('base64')
  const fields = { path: file, content, format: 'AUTO', overwrite: true }
  await context.client.call(workspaceRoutes.import, { body: JSON.stringify(fields) }, context.signal)
  return 'app.yaml has the new addresses'
}

async function uploadTemplate(
  { client, signal }: StepContext,
  { app, folder }: SourceOptions,
  values: Readonly<Record<string, string>>,
): Promise<Done> {
  const template = app.default_source_code_path
  if (template === undefined) {
    throw new Failure(`App ${app.name} has no source yet and was not made from a template.`, {
      todo: `Deploy your own with 'lakelet sync' and 'lakelet apps deploy', or 'lakelet apps delete ${app.name}' and start again.`,
    })
  }
  const local = await mkdtemp(path.join(tmpdir(), 'lakelet-tutorial-'))
  try {
    const out = silentOutput()
    await exportDirectory({ client, source: template, target: local, overwrite: true, out, signal })
    const yaml = path.join(local, 'app.yaml')
    await writeFile(yaml, withEnvironment(await readFile(yaml, 'utf8'), values))
    await client.call(workspaceRoutes.mkdirs, { body: { path: folder } }, signal)
    const snapshot = await loadSnapshot(local, client.host, folder)
    const selection = { exclude: [], include: [] }
    const from = { client, source: local, target: folder, selection, env: {}, snapshot }
    const plan = await syncFolder({ ...from, isDryRun: false, out, signal }, 0)
    return `${plan.put.length} files in ${folder}`
  } finally {
    await rm(local, { recursive: true, force: true })
  }
}

/** Deploys when the source changed or nothing runs from it yet. */
export async function deploy(
  { client, signal }: StepContext,
  folder: string,
  isChanged: boolean,
): Promise<Done> {
  const app = await client.call(appsRoutes.get, { params: { name: APP } }, signal)
  const wait = { timeoutMs: TIMEOUT_MS, signal }
  if (app.pending_deployment) {
    await waitForDeployment(client, APP, app.pending_deployment, wait).catch(() => {
      // Whatever became of it, the source as it is now is deployed below if need be.
    })
  }
  const active = app.active_deployment
  const isDeployed = active?.status.state === 'SUCCEEDED' && active.source_code_path === folder
  if (isDeployed && !isChanged) return undefined
  const body = { source_code_path: folder }
  const started = await client.call(appsRoutes.createDeployment, { params: { name: APP }, body }, signal)
  await waitForDeployment(client, APP, started, wait)
  return `deployment ${started.deployment_id}`
}

/** Waits until the app's page shows the notes, asked for with the owner's token. */
export async function waitForPage(
  { client, signal }: StepContext,
  send: typeof fetch,
  token: string,
): Promise<{ readonly url: string }> {
  let last = 'it did not answer'
  const ask = async (): Promise<string | undefined> => {
    const { url } = await client.call(appsRoutes.get, { params: { name: APP } }, signal)
    try {
      const reply = await send(url, { headers: { authorization: `Bearer ${token}` }, signal })
      const page = await reply.text()
      if (reply.ok && NOTES.some((note) => page.includes(note))) return url
      last = `HTTP ${reply.status}: ${page
        .replace(/<[^>]*>/g, ' ')
        .replace(/\s+/g, ' ')
        .trim()
        .slice(0, 300)}`
    } catch (error) {
      if (signal.aborted) throw error
      last = error instanceof Error ? error.message : String(error)
    }
    return undefined
  }
  try {
    return { url: await poll(ask, { what: 'The page of the app', timeoutMs: 60_000, signal }) }
  } catch (error) {
    if (signal.aborted) throw error
    throw new Failure(`The app's page does not show the notes: ${last}`, {
      todo: `'lakelet apps logs ${APP}' shows what the app wrote.`,
      cause: error,
    })
  }
}

async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

function silentOutput(): Output {
  return new Output({ stdout: () => {}, stderr: () => {}, isInteractive: false }, 'text')
}
