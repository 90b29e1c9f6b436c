// A workspace whose branches a model is compared with: the control plane, its operations and storage are real; below them are real Postgres
// processes, or simulated ones, which are a thousand times faster.
import {
  ApiError,
  branchRoutes,
  endpointRoutes,
  type Operation,
  restoreRoutes,
  snapshotRoutes,
} from '@lakelet/api'
import { vi } from 'vitest'
import { isLakeletError } from '../../src/base/errors.ts'
import { listExpiredBranches } from '../../src/metadata/branches.ts'
import { listExpiredSnapshots } from '../../src/metadata/snapshots.ts'
import { type ControlWorkspace, poll, startControlWorkspace } from '../control/control-workspace.ts'
import { SetClock } from '../set-clock.ts'
import { listed, type ListedBranch, type PastMoment, type Request, sendRequest } from './requests.ts'
import { DATABASE, readTable } from './table.ts'

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
export interface Ground {
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
  checkpoint(workspace: ControlWorkspace, uid: Uids): Promise<void>
  /** Kills the server of a branch where one runs. */
  crash(workspace: ControlWorkspace, branchUid: string): Promise<void>
}

export interface Uids {
  readonly branch: string
  readonly endpoint: string
}

export type { ListedBranch, PastMoment, Request } from './requests.ts'

export class World implements AsyncDisposable {
  readonly #dataDir: string
  readonly #ground: Ground
  readonly #clock = new SetClock()
  #workspace!: ControlWorkspace
  #project = ''
  #projects = 0
  #interruption: Interruption | undefined
  #places = 0
  #cutOff = Promise.withResolvers<'cut off'>()
  #isCutOff = false
  /** What the last request that was refused was told. */
  refusal = ''
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
      clock: this.#clock,
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
    this.#clock.set(new Date())
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
      this.refusal = error.message
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
    return sendRequest(this.#workspace.client, this.#project, request)
  }

  /** The branches that a list shows, by their ids. */
  async branches(): Promise<Record<string, ListedBranch>> {
    const { branches = [] } = await this.#workspace.client.call(branchRoutes.listBranches, {
      params: { project: this.#project },
      query: { page_size: 1000 },
    })
    const states = branches.filter(({ status }) => status.current_state !== 'READY')
    if (states.length > 0) throw new Error(`not READY: ${JSON.stringify(states)}`)
    return Object.fromEntries(branches.map((branch) => [branch.branch_id, listed(branch)]))
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

  /** Has the server of a branch write what it has to its files. */
  async checkpoint(branch: string): Promise<void> {
    await this.#ground.checkpoint(this.#workspace, await this.uidsOf(branch))
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

  /** Of the control plane. */
  nowMs(): number {
    return this.#clock.now().getTime()
  }

  /** Until what is over then has deleted itself. */
  async passTime(seconds: number): Promise<void> {
    this.#clock.move(seconds * 1000)
    const { db } = this.#workspace.metadata
    await vi.waitFor(async () => {
      const now = this.#clock.now().toISOString()
      const left = [...(await listExpiredBranches(db, now)), ...(await listExpiredSnapshots(db, now))]
      if (left.length > 0) throw new Error(`their time is over: ${JSON.stringify(left)}`)
    }, 20_000)
    await this.#workspace.control.context.operations.idle()
  }

  /** Ids of the snapshots that a list shows. */
  async snapshots(): Promise<string[]> {
    const { snapshots = [] } = await this.#workspace.client.call(snapshotRoutes.listSnapshots, {
      params: { project: this.#project },
    })
    const states = snapshots.filter(({ status }) => status.current_state !== 'READY')
    if (states.length > 0) throw new Error(`not READY: ${JSON.stringify(states)}`)
    return snapshots.map(({ snapshot_id: id }) => id).sort()
  }

  /** What a client reads that asks for a moment, and whether it could write there. */
  async preview(
    branch: string,
    moment: PastMoment,
  ): Promise<'refused' | { readonly rows: readonly number[]; readonly isWritten: boolean }> {
    const { past } = this.#workspace.control
    const { endpoint } = await this.uidsOf(branch)
    const found = await past.find(endpoint, moment).catch((error: unknown) => {
      if (isLakeletError(error, 'history_not_reached')) return undefined
      throw error
    })
    if (!found) return 'refused'
    return past.withAdmin(
      found.id,
      async (admin) => {
        const rows = await readTable(admin)
        const isWritten = await admin.execute('CREATE TABLE public.refused ()').then(
          () => true,
          () => false,
        )
        return { rows, isWritten }
      },
      DATABASE,
    )
  }

  async firstMoment(branch: string): Promise<PastMoment | undefined> {
    const params = { project: this.#project, branch }
    const history = await this.#workspace.client.call(restoreRoutes.getHistory, { params })
    return history.earliest_restore_time === undefined ? undefined : { time: history.earliest_restore_time }
  }
}
