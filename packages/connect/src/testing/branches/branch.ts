// A branch of its own for a test: made from one that holds what tests begin with, and deleted afterwards.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../clock.ts'
import { LakebaseError } from '../../errors.ts'
import { jsonObject } from '../../workspace/http.ts'
import type { HttpRequest } from '../../workspace/http.ts'
import { workspaceSettings } from '../../workspace/workspace-settings.ts'
import type { WorkspaceAuth } from '../../workspace/workspace-settings.ts'
import { Workspace } from '../../workspace/workspace.ts'
import { connectionUrl, variablesOf } from './variables.ts'

export interface BranchOptions {
  /**
   * The branch to begin with: `projects/<project>/branches/<branch>`, or its id in the project that the environment names. Default: the branch
   * of LAKEBASE_ENDPOINT or ENDPOINT_NAME. It must not expire.
   */
  from?: string
  /** Seconds after which the branch goes by itself, where nobody could delete it. Default: 3600 */
  ttlSeconds?: number
  /** How to sign in to the workspace. Default: as the environment says, see `WorkspaceAuth` */
  auth?: WorkspaceAuth
  /** Variables to read in place of those of the process. */
  env?: Readonly<Record<string, string | undefined>>
}

/** A branch that nobody else uses. */
export interface TestBranch extends AsyncDisposable {
  /** `projects/<project>/branches/<branch>` */
  readonly name: string
  /** Its read-write endpoint, for clients that get their own credentials. */
  readonly endpoint: string
  /** What an app needs to run on it: PGHOST … with PGPASSWORD, a credential good for an hour, DATABASE_URL, ENDPOINT_NAME and LAKEBASE_ENDPOINT. */
  readonly env: Readonly<Record<string, string>>
  readonly connectionString: string
  /** Deletes it. Whoever is connected is disconnected. */
  delete(): Promise<void>
}

const TTL_SECONDS = 3600
/** Of one call; a branch of a large parent is copied where the file system cannot share blocks. */
const CALL_MS = 60_000
const DONE_MS = 600_000
const LONGEST_PAUSE_MS = 1000

/** Makes a branch, runs `work` on it and deletes it, whatever `work` did; gives what `work` gave. */
export async function withBranch<T>(
  work: (branch: TestBranch) => Promise<T>,
  options: BranchOptions = {},
): Promise<T> {
  const branch = await startBranch(options)
  try {
    return await work(branch)
  } finally {
    await branch.delete()
  }
}

/** Makes a branch; whoever asked deletes it. Rejects with a LakebaseError that says what the workspace said. */
export async function startBranch(options: BranchOptions = {}): Promise<TestBranch> {
  const env = options.env ?? process.env
  const { project, parent } = parentOf(options.from, env)
  const workspace = new Workspace(() => workspaceSettings(options.auth ?? {}, env), env, systemClock)
  const name = `${project}/branches/test-${Date.now().toString(36)}-${randomBytes(4).toString('hex')}`
  const spec = { source_branch: parent, ttl: `${options.ttlSeconds ?? TTL_SECONDS}s` }
  const query = `branch_id=${name.slice(name.lastIndexOf('/') + 1)}`
  const started = await call(workspace, 'POST', `${project}/branches?${query}`, { spec })
  const remove = async () => {
    await call(workspace, 'DELETE', `${name}?purge=true`)
  }
  try {
    await untilDone(workspace, started)
    const endpoint = `${name}/endpoints/primary`
    const limits = { timeoutMs: CALL_MS }
    const [[host = ''], { token }] = await Promise.all([
      workspace.endpointHosts(endpoint, limits),
      workspace.issueCredential({ endpoint }, limits),
    ])
    const user = env['PGUSER'] || (await workspace.currentUser(limits))
    const variables = variablesOf(env, { host, user, token, endpoint })
    const connectionString = connectionUrl(variables)
    return {
      name,
      endpoint,
      env: { ...variables, DATABASE_URL: connectionString },
      connectionString,
      delete: remove,
      [Symbol.asyncDispose]: remove,
    }
  } catch (error) {
    // It goes by itself; why it is of no use matters more.
    await remove().catch(() => undefined)
    throw error
  }
}

function parentOf(
  from: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { project: string; parent: string } {
  const named = env['LAKEBASE_ENDPOINT'] || env['ENDPOINT_NAME'] || ''
  const [, here, branch] = /^(projects\/[^/]+)\/branches\/([^/]+)/.exec(named) ?? []
  const asked = from === undefined ? undefined : /^(?:(projects\/[^/]+)\/branches\/)?([^/]+)$/.exec(from)
  if (asked === null)
    throw new LakebaseError(
      'CONFIGURATION',
      `'${from}' is neither the id of a branch nor projects/<project>/branches/<branch>`,
    )
  const project = asked?.[1] ?? here
  const wanted = asked?.[2] ?? branch
  if (project === undefined || wanted === undefined)
    throw new LakebaseError(
      'CONFIGURATION',
      'no branch is named to begin with: set ENDPOINT_NAME, as `lakelet env` prints it, or pass from: projects/<project>/branches/<branch>',
    )
  return { project, parent: `${project}/branches/${wanted}` }
}

/** A workspace of Lakelet answers when the operation is done, the real service at once. */
async function untilDone(workspace: Workspace, started: Record<string, unknown>): Promise<void> {
  const until = performance.now() + DONE_MS
  let pauseMs = 20
  for (let operation = started; ;) {
    if (operation['error'] !== undefined) throw failed(String(operation['name']), operation['error'])
    if (operation['done'] === true) return
    if (performance.now() > until)
      throw new LakebaseError(
        'CONFIGURATION',
        `${String(operation['name'])} was not done after ${DONE_MS} ms`,
      )
    const asked = performance.now()
    operation = await call(workspace, 'GET', String(operation['name']))
    if (operation['done'] === true || performance.now() - asked > pauseMs) continue
    await sleep(pauseMs)
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
  }
}

async function call(
  workspace: Workspace,
  method: HttpRequest['method'],
  path: string,
  body?: object,
): Promise<Record<string, unknown>> {
  const text = body && JSON.stringify(body)
  const answer = await workspace.call(method, `/api/2.0/postgres/${path}`, { timeoutMs: CALL_MS }, text)
  const reply = jsonObject(answer)
  if (answer.status === 200 && reply) return reply
  throw failed(`${method} ${path} (HTTP ${answer.status} of ${workspace.host})`, reply)
}

function failed(what: string, reply: unknown): LakebaseError {
  const { message = 'no reason given' } = (reply ?? {}) as { message?: string }
  return new LakebaseError('CONFIGURATION', `${what}: ${message}`)
}
