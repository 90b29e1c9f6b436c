// The control plane over real SQLite, storage, Postgres, identity and HTTP, without the gateway, apps and files.
import path from 'node:path'
import {
  ApiError,
  type Client,
  createClient,
  type Operation,
  operationRoutes,
  parseResourceName,
  projectRoutes,
  type RouteDefinition,
} from '@lakelet/api'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { loadConfig } from '../../src/base/config.ts'
import { keepPostgres, seedPostgres } from '../../../../tests/system/postgres-cache.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import { type Computes, localDriver, type ServerDriver, startComputes } from '../../src/computes/index.ts'
import { catalogObserver } from '../../src/control/catalog/known-catalog.ts'
import type { RateLimit } from '../../src/control/http/rate-limit.ts'
import { startHttpServer } from '../../src/control/http/server.ts'
import type { PastSpecs } from '../../src/control/services/past-branches.ts'
import { endpointSource } from '../../src/control/services/endpoint-specs.ts'
import { type Identity, startIdentity } from '../../src/identity/start.ts'
import { withPast } from '../../src/main/computes.ts'
import { type ControlPlane, startControlPlane } from '../../src/main/control-plane.ts'
import { type Metadata, openMetadata } from '../../src/metadata/database.ts'
import { findProject } from '../../src/metadata/projects.ts'
import type { Failpoint } from '../../src/operations/failpoints.ts'
import {
  DEFAULT_MAJOR,
  openPostgres,
  type PostgresVersions,
  writeIdentities,
} from '../../src/postgres/index.ts'
import { type Archives, type Storage, startStorage } from '../../src/storage/index.ts'
import { temporaryDirectory, TEST_MAJOR } from '../postgres/installed.ts'

/** Principals of every test workspace: jane owns it, bob and eve are users, the last one is a service principal. */
const USERS = ['jane', 'bob', 'eve'] as const
export const SERVICE = '0a1b2c3d-1111-4222-8333-444444444444'

type Name = (typeof USERS)[number] | 'service'

export interface ControlWorkspace extends AsyncDisposable {
  readonly host: string
  readonly metadata: Metadata
  readonly storage: Storage
  readonly computes: Computes
  readonly identity: Identity
  readonly control: ControlPlane
  readonly tokens: Readonly<Record<Name, string>>
  as(name: Name): Client
  /** As jane, who is an admin. */
  readonly client: Client
  /** Gives a principal a level on a project. */
  grant(name: Name, project: string, level: 'CAN_USE' | 'CAN_MANAGE'): Promise<void>
}

export interface ControlWorkspaceOptions {
  readonly dataDir: string
  readonly rateLimit?: RateLimit
  readonly requestTimeoutMs?: number
  readonly failpoint?: Failpoint
  /** What runs in the place of real Postgres. */
  readonly postgres?: PostgresVersions
  readonly driver?: (archives: Archives) => ServerDriver
  /** Of the control plane; the system's when left out. */
  readonly clock?: Clock
}

/** A control plane on a data directory; start another one on the same directory after disposing to see what survives. */
export async function startControlWorkspace(options: ControlWorkspaceOptions): Promise<ControlWorkspace> {
  await using starting = new AsyncDisposableStack()
  const clock = options.clock ?? systemClock
  const log = guardedLogger()
  const config = loadConfig({})
  const metadata = starting.use(await openMetadata(path.join(options.dataDir, 'metadata.sqlite')))
  if (!options.postgres) await seedPostgres(options.dataDir, [DEFAULT_MAJOR, TEST_MAJOR])
  const postgres = options.postgres ?? (await openPostgres({ dataDir: options.dataDir }))
  const storage = await startStorage({ postgres, log })
  const identity = starting.use(
    await startIdentity({
      metadata,
      clock,
      log,
      workspaceId: '900800700600',
      baseUrl: () => 'http://127.0.0.1',
      credentials: config.credentials,
      sealingKeyFile: path.join(options.dataDir, 'secrets.key'),
      objects: {
        async find({ id }) {
          const row = await findProject(metadata.db, id)
          return row && { id: row.uid, ownerId: row.owner_id }
        },
      },
    }),
  )
  const tokens = await makePrincipals(identity)
  await writeIdentities(postgres.host, identity.directory.identities())
  const pastSpecs: PastSpecs = new Map()
  const computes = starting.use(
    await startComputes({
      driver:
        options.driver?.(storage.archives) ??
        localDriver({ postgres, clock, log, archives: storage.archives }),
      storage,
      replicas: storage.replicas,
      ...withPast(pastSpecs, {
        endpoints: endpointSource(metadata, storage, {
          sessions: 'on',
          keepAwakeSeconds: 3600,
          maxMegabytes: 256,
        }),
        catalogs: catalogObserver({ metadata, clock, log }),
      }),
      log,
    }),
  )
  const control = starting.use(
    await startControlPlane({
      workspaceId: identity.workspaceId,
      config,
      metadata,
      clock,
      log,
      computes,
      pastSpecs,
      sessions: { list: async () => [] },
      storage,
      identity,
      hostNames: { of: (uid) => ({ host: `${uid}.database.local` }), certificateNames: [] },
      ...(options.failpoint ? { failpoint: options.failpoint } : {}),
    }),
  )
  await control.resume()
  const server = starting.use(
    await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      workspaceId: identity.workspaceId,
      log,
      callers: identity.callers,
      routes: control.routes,
      ...(options.rateLimit ? { rateLimit: options.rateLimit } : {}),
      ...(options.requestTimeoutMs ? { requestTimeoutMs: options.requestTimeoutMs } : {}),
    }),
  )
  const host = `http://127.0.0.1:${server.port}`
  if (!options.postgres) await keepPostgres(options.dataDir)
  const owned = starting.move()
  const as = (name: Name) => createClient({ host, token: () => tokens[name] })
  return {
    host,
    metadata,
    storage,
    computes,
    identity,
    control,
    tokens,
    as,
    client: as('jane'),
    async grant(name, project, level) {
      await identity.permissions.set(
        { type: 'project', id: project },
        [{ principalId: principalOf(identity, name).id, level }],
        'add',
      )
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function makePrincipals(identity: Identity): Promise<Record<Name, string>> {
  const { directory } = identity
  await identity.ensureOwner({ email: emailOf('jane'), displayName: 'jane' })
  for (const name of USERS) {
    if (!directory.find('user', emailOf(name))) await directory.create('user', emailOf(name))
  }
  if (!directory.find('service_principal', SERVICE)) {
    await directory.createServicePrincipal('the service', SERVICE)
  }
  const tokenOf = async (name: Name) => (await identity.tokens.create(principalOf(identity, name))).value
  return {
    jane: await tokenOf('jane'),
    bob: await tokenOf('bob'),
    eve: await tokenOf('eve'),
    service: await tokenOf('service'),
  }
}

function principalOf({ directory }: Identity, name: Name) {
  const found =
    name === 'service' ? directory.find('service_principal', SERVICE) : directory.find('user', emailOf(name))
  if (!found) throw new Error(`there is no principal ${name}`)
  return found
}

function emailOf(name: string): string {
  return `${name}.doe@example.com`
}

/** A control plane in a directory of its own. */
export async function startFreshControl(
  options: Omit<ControlWorkspaceOptions, 'dataDir'> = {},
): Promise<ControlWorkspace> {
  await using starting = new AsyncDisposableStack()
  const directory = starting.use(await temporaryDirectory())
  const workspace = starting.use(await startControlWorkspace({ dataDir: directory.path, ...options }))
  const owned = starting.move()
  return { ...workspace, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Polls an operation by its name, as the SDKs do, until it is done. */
export async function poll(client: Client, name: string): Promise<Operation> {
  const [resource = '', operation = ''] = name.split('/operations/')
  const parsed = parseResourceName(resource)
  if (!parsed) throw new Error(`not the name of an operation: ${name}`)
  const { project, branch = '', leaf = '', type } = parsed
  for (;;) {
    const reply = await pollOnce()
    if (reply.done) return reply
  }

  async function pollOnce(): Promise<Operation> {
    switch (type) {
      case 'project':
        return client.call(operationRoutes.getProjectOperation, { params: { project, operation } })
      case 'branch':
        return client.call(operationRoutes.getBranchOperation, { params: { project, branch, operation } })
      case 'endpoint':
        return client.call(operationRoutes.getEndpointOperation, {
          params: { project, branch, endpoint: leaf, operation },
        })
      case 'database':
        return client.call(operationRoutes.getDatabaseOperation, {
          params: { project, branch, database: leaf, operation },
        })
      case 'role':
        return client.call(operationRoutes.getRoleOperation, {
          params: { project, branch, role: leaf, operation },
        })
      case 'snapshot':
        return client.call(operationRoutes.getSnapshotOperation, {
          params: { project, snapshot: leaf, operation },
        })
      case 'snapshot_schedule':
        return client.call(operationRoutes.getSnapshotScheduleOperation, {
          params: { project, branch, operation },
        })
    }
  }
}

/** The response of an operation that must succeed. */
export async function done(
  client: Client,
  started: { readonly name: string },
): Promise<Record<string, unknown>> {
  const ended = await poll(client, started.name)
  if (ended.error || !ended.response) throw new Error(`operation failed: ${JSON.stringify(ended.error)}`)
  return ended.response
}

/** Creates a project of the major version that the tests are about, and waits for it. */
export async function createProject(client: Client, projectId: string): Promise<void> {
  const query = { project_id: projectId }
  const body = TEST_MAJOR === DEFAULT_MAJOR ? {} : { spec: { pg_version: TEST_MAJOR } }
  await done(client, await client.call(projectRoutes.createProject, { query, body }))
}

/** The error that a call answers. */
export async function refusal(call: Promise<unknown>): Promise<ApiError> {
  try {
    await call
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
  throw new Error('the call was not refused')
}

/** A request that the typed client would not make. */
export async function send(
  workspace: Pick<ControlWorkspace, 'host' | 'tokens'>,
  method: RouteDefinition['method'],
  url: string,
  options: {
    readonly token?: string | undefined
    readonly body?: unknown
    readonly headers?: Record<string, string>
  } = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> }> {
  const token = 'token' in options ? options.token : workspace.tokens.jane
  const reply = await fetch(`${workspace.host}${url}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined
      ? {}
      : { body: typeof options.body === 'string' ? options.body : JSON.stringify(options.body) }),
  })
  const text = await reply.text()
  return {
    status: reply.status,
    headers: reply.headers,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
  }
}
