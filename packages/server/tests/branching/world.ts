// A workspace whose branches a model is compared with: the control plane, its operations and storage are real; below them are real Postgres
// processes, or simulated ones, which are a thousand times faster.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  ApiError,
  branchControlRoutes,
  branchRoutes,
  endpointRoutes,
  type Operation,
  restoreRoutes,
} from '@lakelet/api'
import { vi } from 'vitest'
import type { SimulatedDriver } from '../../src/computes/drivers/simulated.ts'
import { newBranch, newEndpoint } from '../../src/control/rules/new-rows.ts'
import { insertBranch, updateBranch } from '../../src/metadata/branches.ts'
import { insertEndpoint } from '../../src/metadata/endpoints.ts'
import { insertProject } from '../../src/metadata/projects.ts'
import type { AdminConnection } from '../../src/postgres/index.ts'
import {
  type ControlWorkspace,
  createProject,
  poll,
  startControlWorkspace,
} from '../control/control-workspace.ts'
import { openSimulated, type SimulatedPostgres } from '../simulated/postgres.ts'

/** A moment of a branch, between the commit before and the one after it. */
export interface Moment {
  readonly time: string
  readonly lsn: string
  readonly rows: readonly number[]
}

/** What an operation is interrupted by, at the place of this number that it comes by. */
export interface Interruption {
  readonly how: 'kill' | 'fail'
  readonly place: number
}

/** How a request ended: `refused` before anything was begun, `failed` with everything undone. */
export type Outcome = 'done' | 'refused' | 'failed'

/** What is below the control plane. */
interface Ground {
  readonly options: object
  makeProject(workspace: ControlWorkspace, id: string): Promise<void>
  write(
    workspace: ControlWorkspace,
    uid: Uids,
    what: 'add' | 'remove',
    n: number,
  ): Promise<Omit<Moment, 'rows'>>
  read(workspace: ControlWorkspace, uid: Uids): Promise<readonly number[]>
  switchSegment(workspace: ControlWorkspace, uid: Uids): Promise<void>
  /** Kills the server of a branch where one runs. */
  crash(workspace: ControlWorkspace, branchUid: string): Promise<void>
}

interface Uids {
  readonly branch: string
  readonly endpoint: string
}

export type Request =
  | { readonly kind: 'create'; readonly id: string; readonly source: string; readonly moment?: PastMoment }
  | {
      readonly kind: 'restore'
      readonly branch: string
      readonly backup: string
      readonly moment: PastMoment
    }
  | { readonly kind: 'reset' | 'undelete' | 'delete' | 'purge'; readonly branch: string }

export type PastMoment = { readonly time: string } | { readonly lsn: string }

export class World implements AsyncDisposable {
  readonly #dataDir: string
  readonly #ground: Ground
  #workspace!: ControlWorkspace
  #project = ''
  #projects = 0
  #interruption: Interruption | undefined
  #places = 0
  #cutOff = Promise.withResolvers<'cut off'>()
  #isCutOff = false
  /** Places where an operation was interrupted. */
  readonly interrupted = new Set<string>()

  constructor(dataDir: string, ground: Ground) {
    this.#dataDir = dataDir
    this.#ground = ground
  }

  get workspace(): ControlWorkspace {
    return this.#workspace
  }

  async start(): Promise<void> {
    this.#isCutOff = false
    this.#cutOff = Promise.withResolvers()
    this.#workspace = await startControlWorkspace({
      dataDir: this.#dataDir,
      failpoint: (name) => this.#reached(name),
      ...this.#ground.options,
    })
    await this.#workspace.control.context.operations.idle()
  }

  /** Ends in order and starts again. */
  async restart(): Promise<void> {
    await this.#workspace[Symbol.asyncDispose]()
    await this.start()
  }

  /** A new project with an empty root branch, `root`: the model begins with it. */
  async begin(): Promise<void> {
    this.#projects += 1
    this.#project = `p${this.#projects}`
    await this.#ground.makeProject(this.#workspace, this.#project)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#workspace[Symbol.asyncDispose]()
  }

  async #reached(name: string): Promise<void> {
    const { how, place } = this.#interruption ?? {}
    if (how === undefined || this.#places++ !== place) return
    this.interrupted.add(`${how} ${name}`)
    if (how === 'fail') throw new Error(`the model makes ${name} fail`)
    this.#interruption = undefined
    this.#isCutOff = true
    this.#cutOff.resolve('cut off')
    // From here on nothing of the operation is done: as after a kill, what is stored is all that the next start knows.
    void this.#workspace.control.context.operations[Symbol.asyncDispose]()
    throw new Error(`the model kills the workspace at ${name}`)
  }

  /** Makes a request and waits for its end, over an interruption too. */
  async request(request: Request, interruption?: Interruption): Promise<Outcome> {
    this.#interruption = interruption
    this.#places = 0
    try {
      const started = await this.#send(request)
      const ended = await Promise.race([this.#ended(started), this.#cutOff.promise])
      if (ended === 'cut off') return await this.#comeBack(started.name)
      return ended.error ? 'failed' : 'done'
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (this.#isCutOff) throw new Error('the workspace was cut off before it answered', { cause: error })
      return 'refused'
    } finally {
      this.#interruption = undefined
    }
  }

  /** Never of one that is cut off. */
  async #ended({ name }: Pick<Operation, 'name'>): Promise<Operation> {
    try {
      return await poll(this.#workspace.client, name)
    } catch (error) {
      if (this.#isCutOff) return new Promise(() => undefined)
      throw error
    }
  }

  async #comeBack(name: string): Promise<Outcome> {
    for (const uid of await this.#workspace.storage.list()) await this.#ground.crash(this.#workspace, uid)
    await this.#workspace[Symbol.asyncDispose]()
    await this.start()
    return (await poll(this.#workspace.client, name)).error ? 'failed' : 'done'
  }

  #send(request: Request): Promise<Pick<Operation, 'name'>> {
    const { client } = this.#workspace
    if (request.kind === 'create') return this.#create(request)
    const params = { project: this.#project, branch: request.branch }
    switch (request.kind) {
      case 'restore': {
        const body = { ...request.moment, in_place: true, branch_id: request.backup }
        return client.call(restoreRoutes.restore, { params, body })
      }
      case 'reset':
        return client.call(branchControlRoutes.resetBranch, { params, body: {} })
      case 'undelete':
        return client.call(branchRoutes.undeleteBranch, { params, body: {} })
      case 'delete':
      case 'purge':
        return client.call(branchRoutes.deleteBranch, { params, query: { purge: request.kind === 'purge' } })
    }
  }

  #create({ id, source, moment }: Request & { kind: 'create' }): Promise<Pick<Operation, 'name'>> {
    const at =
      moment && ('time' in moment ? { source_branch_time: moment.time } : { source_branch_lsn: moment.lsn })
    return this.#workspace.client.call(branchRoutes.createBranch, {
      params: { project: this.#project },
      query: { branch_id: id },
      body: {
        spec: { source_branch: `projects/${this.#project}/branches/${source}`, no_expiry: true, ...at },
      },
    })
  }

  /** Ids of the branches that a list shows, with the id of the one each was made from. */
  async branches(): Promise<Record<string, string | undefined>> {
    const { branches = [] } = await this.#workspace.client.call(branchRoutes.listBranches, {
      params: { project: this.#project },
      query: { page_size: 1000 },
    })
    const states = branches.filter(({ status }) => status.current_state !== 'READY')
    if (states.length > 0) throw new Error(`not READY: ${JSON.stringify(states)}`)
    const entries = branches.map(({ branch_id, status }) => [
      branch_id,
      status.source_branch?.split('/').at(-1),
    ])
    return Object.fromEntries(entries) as Record<string, string | undefined>
  }

  async uidsOf(branch: string): Promise<Uids> {
    const params = { project: this.#project, branch }
    const { client } = this.#workspace
    const endpoint = await client.call(endpointRoutes.getEndpoint, {
      params: { ...params, endpoint: 'primary' },
    })
    return { branch: (await client.call(branchRoutes.getBranch, { params })).uid, endpoint: endpoint.uid }
  }

  async write(branch: string, what: 'add' | 'remove', n: number): Promise<Omit<Moment, 'rows'>> {
    return this.#ground.write(this.#workspace, await this.uidsOf(branch), what, n)
  }

  async read(branch: string): Promise<readonly number[]> {
    return this.#ground.read(this.#workspace, await this.uidsOf(branch))
  }

  async switchSegment(branch: string): Promise<void> {
    await this.#ground.switchSegment(this.#workspace, await this.uidsOf(branch))
  }

  async suspend(branch: string): Promise<void> {
    await this.#workspace.computes.suspend((await this.uidsOf(branch)).endpoint)
  }

  async crash(branch: string): Promise<void> {
    const { branch: uid, endpoint } = await this.uidsOf(branch)
    await this.#ground.crash(this.#workspace, uid)
    await vi.waitFor(() => {
      if (this.#workspace.computes.state(endpoint) === 'active') throw new Error('still active')
    }, 60_000)
  }

  /** A base as the reconciler takes it; with `forget`, all before it is forgotten. False where none was taken. */
  async takeBase(branch: string, forget: boolean): Promise<boolean> {
    const { computes, storage } = this.#workspace
    const uids = await this.uidsOf(branch)
    const paths = storage.paths(uids.branch)
    const base = await computes.withFiles(uids.endpoint, (connect) =>
      storage.history.takeBase(paths, connect),
    )
    if (base && forget) await storage.history.forgetBefore(paths, base)
    return base !== undefined
  }

  async firstMoment(branch: string): Promise<PastMoment | undefined> {
    const params = { project: this.#project, branch }
    const history = await this.#workspace.client.call(restoreRoutes.getHistory, { params })
    return history.earliest_restore_time === undefined ? undefined : { time: history.earliest_restore_time }
  }
}

const DATABASE = { database: 'databricks_postgres' }

/** Real Postgres processes. */
export async function realWorld(dataDir: string): Promise<World> {
  const on = <T>(
    { computes }: ControlWorkspace,
    { endpoint }: Uids,
    work: (admin: AdminConnection) => Promise<T>,
  ) => computes.withAdmin(endpoint, work, DATABASE)
  return new World(dataDir, {
    options: {},
    makeProject: (workspace, id) => createProject(workspace.client, id),
    write: (workspace, uid, what, n) =>
      on(workspace, uid, async (admin) => {
        await admin.execute('CREATE TABLE IF NOT EXISTS public.t (n int)')
        if (what === 'add') await admin.query('INSERT INTO public.t VALUES ($1)', [n])
        else await admin.execute('TRUNCATE public.t')
        const [row] = await admin.query<{ time: string; lsn: string }>(
          `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time, pg_current_wal_insert_lsn()::text AS lsn`,
        )
        if (!row) throw new Error('no row')
        return row
      }),
    read: (workspace, uid) =>
      on(workspace, uid, async (admin) => {
        const [table] = await admin.query<{ t: string | null }>("SELECT to_regclass('public.t')::text AS t")
        if (table?.t === null) return []
        return (await admin.query<{ n: number }>('SELECT n FROM public.t ORDER BY n')).map(({ n }) => n)
      }),
    switchSegment: (workspace, uid) => on(workspace, uid, (admin) => admin.execute('SELECT pg_switch_wal()')),
    async crash({ storage }, branchUid) {
      const file = path.join(storage.dataDirectory(branchUid), 'postmaster.pid')
      const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
      if (pid > 0) process.kill(pid, 'SIGKILL')
    },
  })
}

/** Simulated ones. */
export async function simulatedWorld(dataDir: string): Promise<World> {
  const postgres = await openSimulated(dataDir)
  let driver: SimulatedDriver | undefined
  return new World(dataDir, {
    options: {
      postgres,
      driver: (archives: Parameters<SimulatedPostgres['driver']>[0]) => {
        driver = postgres.driver(archives)
        return driver
      },
    },
    makeProject: makeSimulatedProject,
    async write(workspace, uid, what, n) {
      const cluster = await awake(postgres, workspace, uid)
      cluster.commit(what === 'add' ? { add: n } : { remove: true }, postgres.now())
      return { time: postgres.now(), lsn: cluster.insertLsn }
    },
    read: async (workspace, uid) =>
      (await awake(postgres, workspace, uid)).rows.toSorted((one, other) => one - other),
    switchSegment: async (workspace, uid) => (await awake(postgres, workspace, uid)).switchSegment(),
    async crash({ storage }, branchUid) {
      driver?.serverOn(storage.dataDirectory(branchUid))?.crash()
    },
  })
}

async function awake(postgres: SimulatedPostgres, { computes, storage }: ControlWorkspace, uid: Uids) {
  await computes.wake(uid.endpoint)
  const cluster = postgres.clusters.get(storage.dataDirectory(uid.branch))
  if (!cluster) throw new Error(`nothing runs on ${uid.branch}`)
  return cluster
}

/** What creating a project does, without the SQL for its owner. */
async function makeSimulatedProject(
  { metadata, storage, identity }: ControlWorkspace,
  id: string,
): Promise<void> {
  const now = new Date().toISOString()
  const owner = identity.directory.find('user', 'jane.doe@example.com')
  const branch = newBranch({ branch_id: 'production', project_uid: `uid-${id}` }, now)
  const size = { minCu: 1, maxCu: 1, suspendSeconds: null }
  await metadata.transaction(async (queries) => {
    await insertProject(queries, {
      uid: `uid-${id}`,
      project_id: id,
      owner: 'jane.doe@example.com',
      owner_id: owner?.id ?? 0,
      display_name: id,
      pg_version: 17,
      history_retention_seconds: 604_800,
      default_endpoint_settings: '{}',
      default_branch_uid: branch.uid,
      enable_pg_native_login: 0,
      custom_tags: null,
      budget_policy_id: null,
      create_time: now,
      update_time: now,
      delete_time: null,
      purge_time: null,
    })
    await insertBranch(queries, branch)
    await insertEndpoint(
      queries,
      newEndpoint({ endpointId: 'primary', branchUid: branch.uid, size, pgSettings: {} }, now),
    )
  })
  const identityOf = { workspaceId: identity.workspaceId, projectUid: `uid-${id}` }
  await storage.create(branch.uid, { ...identityOf, record: {} })
  await updateBranch(metadata.db, branch.uid, { state: 'READY' })
}
