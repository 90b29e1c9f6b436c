// The control plane over real SQLite, real storage, real Postgres and HTTP. Callers are named by their token, and what they
// may do on a project stands in `grants`: this is about the control plane, identity has tests of its own.
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
import type { Caller } from '../../src/base/caller.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/log.ts'
import { type Computes, startComputes } from '../../src/computes/index.ts'
import { type Control, startControl } from '../../src/control/control.ts'
import { startHttpServer } from '../../src/control/http/server.ts'
import type { Failpoint } from '../../src/control/operations/failpoints.ts'
import type { ControlDefaults } from '../../src/control/services/context.ts'
import { findEndpointSpec } from '../../src/control/services/endpoint-specs.ts'
import { type Metadata, openMetadata } from '../../src/metadata/database.ts'
import { findProject } from '../../src/metadata/projects.ts'
import { installPostgres } from '../../src/postgres/index.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import { temporaryDirectory } from '../postgres/installed.ts'

export interface ControlWorkspace extends AsyncDisposable {
  readonly host: string
  readonly metadata: Metadata
  readonly storage: Storage
  readonly computes: Computes
  readonly control: Control
  /** `<caller name> <project uid>` to the level granted. */
  readonly grants: Map<string, 'CAN_USE' | 'CAN_MANAGE'>
  /** A client of a principal: `jane` is the admin, anybody else is not. */
  as(name: string): Client
  readonly client: Client
}

export interface ControlWorkspaceOptions {
  readonly dataDir: string
  readonly clock?: Clock
  readonly defaults?: Partial<ControlDefaults>
  readonly failpoint?: Failpoint
}

const ids: Record<string, number> = { jane: 11, bob: 12, eve: 13 }

export function callerNamed(name: string): Caller {
  const isService = name.startsWith('0000')
  return {
    id: ids[name] ?? 99,
    kind: isService ? 'service_principal' : 'user',
    name: isService ? name : `${name}.doe@example.com`,
    displayName: name,
    isAdmin: name === 'jane',
    groups: [],
  }
}

/** A control plane on a data directory; start another one on the same directory after disposing to see what survives. */
export async function startControlWorkspace(options: ControlWorkspaceOptions): Promise<ControlWorkspace> {
  await using starting = new AsyncDisposableStack()
  const clock = options.clock ?? systemClock
  const log = createLogger({ level: process.env['LAKELET_TEST_LOG'] ? 'debug' : 'silent' })
  const metadata = starting.use(await openMetadata(path.join(options.dataDir, 'metadata.sqlite')))
  const installation = await installPostgres({ dataDir: options.dataDir })
  const storage = await startStorage({ installation, log })
  const computes = starting.use(
    await startComputes({
      installation,
      storage,
      endpoints: { load: (uid) => findEndpointSpec(metadata.db, storage, uid) },
      log,
    }),
  )
  const grants: ControlWorkspace['grants'] = new Map()
  const levelOf = (name: string, uid: string) => grants.get(`${name} ${uid}`)
  const control = starting.use(
    await startControl({
      metadata,
      clock,
      log,
      computes,
      storage,
      principals: {
        findIdentity: (type, name) => (name.startsWith('nobody') ? undefined : { type, id: 4711 }),
        projectLevel: (caller, uid) => levelOf(caller.displayName, uid),
      },
      hosts: (uid) => ({ host: `${uid}.database.local` }),
      reconcileEveryMs: 200,
      ...(options.defaults ? { defaults: options.defaults } : {}),
      ...(options.failpoint ? { failpoint: options.failpoint } : {}),
    }),
  )
  const server = starting.use(
    await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      workspaceId: '1',
      log,
      callers: {
        authenticate: async (token) => callerNamed(token),
        async authorize(caller, object, level) {
          const project = await findProject(metadata.db, object.id)
          if (caller.isAdmin || project?.owner === caller.name) return 'allowed'
          const granted = project && levelOf(caller.displayName, project.uid)
          if (granted === undefined) return 'hidden'
          return granted === 'CAN_MANAGE' || level === 'CAN_USE' ? 'allowed' : 'denied'
        },
      },
      routes: control.routes,
    }),
  )
  const host = `http://127.0.0.1:${server.port}`
  const owned = starting.move()
  const as = (name: string) => createClient({ host, token: () => name })
  return {
    host,
    metadata,
    storage,
    computes,
    control,
    grants,
    as,
    client: as('jane'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
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

/** Creates a project and waits for it. */
export async function createProject(client: Client, projectId: string): Promise<void> {
  await done(
    client,
    await client.call(projectRoutes.createProject, { query: { project_id: projectId }, body: {} }),
  )
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
  workspace: Pick<ControlWorkspace, 'host'>,
  method: RouteDefinition['method'],
  url: string,
  options: { readonly as?: string; readonly body?: unknown; readonly headers?: Record<string, string> } = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly body: Record<string, unknown> }> {
  const reply = await fetch(`${workspace.host}${url}`, {
    method,
    headers: {
      authorization: `Bearer ${options.as ?? 'jane'}`,
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
