// A workspace with files and apps over a real HTTP server, tree, SQLite, npm and Python. Only what other rooms own is made up here:
// principals are named by their token, and everybody but `stranger` may use every app.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Apps, startApps } from '../../src/apps/apps.ts'
import type { AppDatabases, AppGrants, AppIdentities, AppSecrets, AppVisitors } from '../../src/apps/ports.ts'
import type { AppSizes } from '../../src/apps/limits/sizes.ts'
import { AppTemplates } from '../../src/apps/templates.ts'
import { systemClock } from '../../src/base/clock.ts'
import { LakeletError } from '../../src/base/errors.ts'
import { randomNumericId } from '../../src/base/ids.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import { startHttpServer } from '../../src/control/http/server.ts'
import { implementApps } from '../../src/control/routes/apps.ts'
import { implementWorkspaceFiles } from '../../src/control/routes/workspace-files.ts'
import { implementWorkspace } from '../../src/control/routes/workspace.ts'
import { AppDeploymentsService } from '../../src/control/services/app-deployments.ts'
import { AppThumbnailsService } from '../../src/control/services/app-thumbnails.ts'
import { AppsService } from '../../src/control/services/apps.ts'
import { WorkspaceFilesService } from '../../src/control/services/workspace.ts'
import { appSyncer } from '../../src/control/reconcilers/sync-apps.ts'
import { openWorkspaceTree } from '../../src/files/workspace-tree.ts'
import { failpointFrom } from '../../src/operations/failpoints.ts'
import { Operations } from '../../src/operations/operations.ts'
import { openMetadata } from '../../src/metadata/database.ts'
import { callerNamed } from '../files/workspace-api.ts'

export interface AppsApi extends AsyncDisposable {
  /** One round of what deploys apps that follow their source. */
  readonly syncApps: () => Promise<void>
  readonly directory: string
  readonly apps: Apps
  readonly operations: Operations
  call(method: string, url: string, json?: unknown, as?: string): Promise<{ status: number; body: ReplyBody }>
  /** What a route answers with, in base64. */
  bytes(url: string): Promise<string>
  /** Writes files into a workspace folder. */
  upload(folder: string, files: Readonly<Record<string, string>>): Promise<void>
  /** Does `work` as a workspace does that is not to be killed. */
  withoutFailpoint(work: () => Promise<void>): Promise<void>
  /** Deploys and waits for the end. */
  deploy(name: string, body?: unknown, as?: string): Promise<Deployment>
}

/** The fields that these tests read, of whatever reply has them. */
export interface ReplyBody extends Deployment {
  readonly message: string
  readonly url: string
  readonly default_source_code_path: string
  readonly service_principal_client_id: string
  readonly app_status: { readonly state: string }
  readonly log: string
  readonly app_deployments: readonly Deployment[]
  readonly templates: readonly { readonly name: string }[]
  readonly lines: readonly { readonly source: string; readonly message: string }[]
  readonly variables: readonly { readonly name: string; readonly value: string }[]
}

export interface Deployment {
  readonly deployment_id: string
  readonly status: { readonly state: string; readonly message: string }
}

export interface Visit {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

/** A session cookie of these tests names its user. */
const SESSION = /lakelet_session=([^;]+)/

const visitors: AppVisitors = {
  bySession: async (cookie) => {
    const name = SESSION.exec(cookie)?.[1]
    return name === undefined ? undefined : callerNamed(name)
  },
  byToken: async (token) => (token === 'expired' ? undefined : callerNamed(token)),
  tokenFor: (caller, scopes) => `token of ${caller.name} for ${scopes.join(' ')}`,
  homeUrl: () => 'http://workspace.test',
  signInUrl: (next) => `http://127.0.0.1:1/sign-in?next=${encodeURIComponent(next)}`,
}

const grants: AppGrants = {
  own: async () => {},
  may: async (caller, _app, level) => caller.name !== 'stranger' && (level === 'CAN_USE' || caller.isAdmin),
  mayAttach: async (caller) => caller.isAdmin,
  requireSecrets: async () => {},
  forget: async () => {},
}

export async function startAppsApi(
  options: {
    readonly directory?: string
    readonly removed?: string[]
    readonly cacheFrom?: string
    readonly failpoint?: string
    readonly isolation?: 'auto'
    readonly localPorts?: readonly number[]
    /** Where the workspace's API answers over TLS. */
    readonly tlsPort?: number
    readonly sizes?: AppSizes
  } = {},
): Promise<AppsApi> {
  await using starting = new AsyncDisposableStack()
  const directory = options.directory ?? (await mkdtemp(path.join(tmpdir(), 'lakelet-apps-')))
  if (options.directory === undefined) starting.defer(() => rm(directory, { recursive: true, force: true }))
  const log = guardedLogger()
  const caFile = options.isolation ? path.join(directory, 'ca.pem') : '/nowhere/ca.pem'
  if (options.isolation) await writeFile(caFile, '')
  const metadata = starting.use(await openMetadata(path.join(directory, 'metadata.sqlite')))
  const common = { metadata, clock: systemClock, log }
  const tree = await openWorkspaceTree({ directory: path.join(directory, 'files'), ...common })
  const workspace = new WorkspaceFilesService(tree, { levelOn: async () => undefined })
  const identities: AppIdentities = {
    create: async (name) => ({ id: randomNumericId(), name }),
    secrets: {
      list: async () => [],
      create: async (id) => ({ secret: `secret-of-${id}` }),
      revoke: async () => {},
    },
    removeClient: async (clientId) => {
      options.removed?.push(clientId)
    },
  }
  const databases: AppDatabases = {
    bind: (_app, resource) => databases.resolve(resource),
    release: async () => {},
    resolve: async (resource) => {
      if (!resource.branch.startsWith('projects/my-app-db/'))
        throw new LakeletError('app_resource_invalid', { resource: 'postgres', reason: 'no such branch' })
      const endpoint = `${resource.branch}/endpoints/primary`
      return { host: 'ep-1.database.local', port: 5432, database: 'databricks_postgres', endpoint }
    },
  }
  const secrets: AppSecrets = {
    read: async ({ scope, key }) => `value of ${scope}/${key}`,
    bind: async () => {},
    release: async () => {},
  }
  const templates = new AppTemplates({
    directory: path.join(import.meta.dirname, '../../../../templates'),
    tree,
    clock: systemClock,
    packConnector: async () => {
      throw new Error('no connector in this test')
    },
  })
  let isArmed = true
  const kill = failpointFrom(options.failpoint)
  const failpoint = (name: string) => (isArmed ? kill(name) : undefined)
  const operations = starting.use(new Operations({ ...common, failpoint }))
  const apps = starting.use(
    await startApps({
      ...common,
      directory: path.join(directory, 'apps'),
      operations,
      tree,
      templates,
      workspace: {
        host: 'http://127.0.0.1:1',
        workspaceId: '42',
        caFile,
        ports: () => [],
        ...(options.tlsPort === undefined ? {} : { tlsPort: options.tlsPort }),
      },
      isolation: options.isolation ?? 'off',
      localPorts: options.localPorts ?? [],
      limits: options.sizes ? 'auto' : 'off',
      ...(options.sizes ? { sizes: options.sizes } : {}),
      identities,
      grants,
      visitors,
      databases,
      secrets,
      peers: { bind: async () => {}, release: async () => {} },
      host: '127.0.0.1',
      firstPort: 0,
      stopMs: 3000,
    }),
  )
  await operations.resume()
  await apps.adopt()
  await apps.startWanted()
  const service = new AppsService({
    baseUrl: 'http://workspace.test',
    metadata,
    clock: systemClock,
    apps,
    templates,
    grants,
  })
  const deployments = new AppDeploymentsService({ metadata, clock: systemClock, apps, grants, workspace })
  const server = starting.use(
    await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      workspaceId: '42',
      log,
      callers: {
        authenticate: async (token) => callerNamed(token),
        authorize: async () => 'allowed' as const,
      },
      routes: [
        ...implementWorkspace(workspace),
        ...implementWorkspaceFiles(workspace),
        ...implementApps(service, deployments, new AppThumbnailsService(metadata)),
      ],
    }),
  )
  const base = `http://127.0.0.1:${server.port}`
  const stack = starting.move()
  const api: AppsApi = {
    directory,
    apps,
    operations,
    syncApps: appSyncer({ metadata, deployments, log, callerNamed }),
    call: (method, url, json, as) => call(base + url, method, json, as),
    async bytes(url) {
      const reply = await fetch(base + url, { headers: { authorization: 'Bearer admin' } })
      return Buffer.from(await reply.arrayBuffer()).toString('base64')
    },
    async upload(folder, files) {
      for (const [name, text] of Object.entries(files)) {
        const key = `${folder}/${name}`
        await tree.mkdirs(path.posix.dirname(key))
        await tree.write({ key, bytes: Buffer.from(text), overwrite: true })
      }
    },
    async withoutFailpoint(work) {
      isArmed = false
      await work()
      await operations.idle()
      isArmed = true
    },
    async deploy(name, body = {}, as = 'admin') {
      const url = `/api/2.0/apps/${name}/deployments`
      const created = await api.call('POST', url, body, as)
      if (created.status !== 200) throw new Error(`deploy: ${created.status} ${created.body.message}`)
      for (;;) {
        const { body: now } = await api.call('GET', `${url}/${created.body.deployment_id}`)
        if (now.status.state !== 'IN_PROGRESS') return now
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
  return api
}

/** An HTTP request with nothing added to it but the Host header. */
export function visit(
  url: string,
  options: {
    readonly method?: string
    readonly headers?: Record<string, string>
    readonly body?: string
  } = {},
): Promise<Visit> {
  return new Promise((resolve, reject) => {
    const { method = 'GET', headers = { authorization: 'Bearer admin' }, body } = options
    const sent = request(url, { method, headers }, (reply) => {
      const chunks: Buffer[] = []
      reply.on('data', (chunk: Buffer) => chunks.push(chunk))
      reply.on('error', reject)
      reply.on('end', () => {
        resolve({
          status: reply.statusCode ?? 0,
          headers: reply.headers,
          text: Buffer.concat(chunks).toString(),
        })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

async function call(
  url: string,
  method: string,
  json?: unknown,
  as = 'admin',
): Promise<{ status: number; body: ReplyBody }> {
  const reply = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  return { status: reply.status, body: (await reply.json()) as ReplyBody }
}
