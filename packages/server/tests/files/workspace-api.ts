// A real HTTP server over a real tree and SQLite, with callers named by their token: `admin`, or any user name.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Caller } from '../../src/base/caller.ts'
import { systemClock } from '../../src/base/clock.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import { startHttpServer } from '../../src/control/http/server.ts'
import { implementWorkspaceFiles } from '../../src/control/routes/workspace-files.ts'
import { implementWorkspace } from '../../src/control/routes/workspace.ts'
import { WorkspaceFilesService } from '../../src/control/services/workspace.ts'
import type { FileGrants } from '../../src/files/ports.ts'
import { openWorkspaceTree, type WorkspaceTree } from '../../src/files/workspace-tree.ts'
import { openMetadata } from '../../src/metadata/database.ts'

export interface WorkspaceApi extends AsyncDisposable {
  readonly directory: string
  readonly tree: WorkspaceTree
  readonly grants: Map<string, 'CAN_READ' | 'CAN_EDIT' | 'CAN_MANAGE'>
  call(method: string, path: string, options?: CallOptions): Promise<Reply>
}

interface CallOptions {
  readonly as?: string
  readonly json?: unknown
  readonly body?: Uint8Array | string | FormData
}

interface Reply {
  readonly status: number
  readonly bytes: Buffer
  readonly type: string
  json(): Record<string, unknown>
}

export function callerNamed(name: string): Caller {
  const isAdmin = name === 'admin'
  return { id: 1, kind: 'user', name, displayName: name, isAdmin, groups: [] }
}

export async function startWorkspaceApi(): Promise<WorkspaceApi> {
  await using starting = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-files-'))
  starting.defer(() => rm(directory, { recursive: true, force: true }))
  const log = guardedLogger()
  const metadata = starting.use(await openMetadata(path.join(directory, 'metadata.sqlite')))
  const tree = await openWorkspaceTree({
    directory: path.join(directory, 'files'),
    metadata,
    clock: systemClock,
    log,
  })
  const grants: WorkspaceApi['grants'] = new Map()
  const port: FileGrants = { levelOn: async (caller, id) => grants.get(`${caller.name}:${id}`) }
  const service = new WorkspaceFilesService(tree, port)
  const server = starting.use(
    await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      workspaceId: '1',
      log,
      callers: {
        authenticate: async (token) => callerNamed(token),
        authorize: async () => 'allowed' as const,
      },
      routes: [...implementWorkspace(service), ...implementWorkspaceFiles(service)],
    }),
  )
  const stack = starting.move()
  return {
    directory,
    tree,
    grants,
    call: (method, url, options) => call(`http://127.0.0.1:${server.port}${url}`, method, options ?? {}),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}

async function call(url: string, method: string, options: CallOptions): Promise<Reply> {
  const body = options.json === undefined ? options.body : JSON.stringify(options.json)
  const reply = await fetch(url, {
    method,
    headers: {
      authorization: `Bearer ${options.as ?? 'admin'}`,
      ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: body as RequestInit['body'] & {} }),
  })
  const bytes = Buffer.from(await reply.arrayBuffer())
  const type = reply.headers.get('content-type') ?? ''
  return { status: reply.status, bytes, type, json: () => JSON.parse(bytes.toString()) }
}
