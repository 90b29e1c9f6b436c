// Moments of the past that clients read: each an ephemeral branch with a compute of its own, which all who ask for the same moment share. It
// has no row: it is in no list, counts to no limit, and is gone when nobody uses it or the workspace ends.
import { randomBytes } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { OpenMoment } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
import { untilAborted } from '../../base/until-aborted.ts'
import type { BackendAddress, EndpointSpec } from '../../computes/index.ts'
import { listLiveEndpoints, type LiveEndpoint } from '../../metadata/endpoints.ts'
import type { AdminConnection } from '../../postgres/index.ts'
import { besideData, type PastMoment } from '../../storage/index.ts'
import type { ControlParts } from '../context.ts'
import { nameOfEndpoint } from '../rules/endpoint-names.ts'
import { type AskedMoment, parseMoment, requireReached, textOf } from '../rules/past-moment.ts'

/** Endpoints that have no row, by uid: what their computes need to know. */
export type PastSpecs = Map<string, EndpointSpec>

export interface PastBranchesOptions {
  /** Most that are open at once; 0 = none. */
  readonly maxMoments: number
  /** Without activity for this long, one is closed. */
  readonly idleSeconds: number
}

export interface PastEndpoint {
  /** Of its compute: `past-…`. */
  readonly id: string
  /** `projects/…/endpoints/…@<moment>`. */
  readonly name: string
}

interface PastBranch extends PastEndpoint {
  readonly key: string
  readonly source: LiveEndpoint
  readonly directory: string
  readonly moment: PastMoment
  readonly opened: Date
  readonly closing: AbortController
  /** Undefined until the first client that was let in asks for it. */
  made: Promise<void> | undefined
  isMade: boolean
  /** Who uses it beside clients. */
  users: number
  touchedMs: number
}

/** Between being told its endpoint and reaching it, nobody finds it gone. */
const GRACE_MS = 3_000
/** A standby must have at least what the server had that wrote the log (CheckRequiredParameterValues, xlogrecovery.c), here the usual. */
const SIZES_OF_STANDBY = new Set([
  'max_worker_processes',
  'max_prepared_transactions',
  'max_locks_per_transaction',
])

export class PastBranches implements AsyncDisposable {
  readonly #context: ControlParts
  readonly #specs: PastSpecs
  readonly #options: PastBranchesOptions
  readonly #open = new Map<string, PastBranch>()
  readonly #closings = new Set<Promise<void>>()

  constructor(context: ControlParts, specs: PastSpecs, options: PastBranchesOptions) {
    this.#context = context
    this.#specs = specs
    this.#options = options
  }

  has(id: string): boolean {
    return this.#open.has(id)
  }

  /**
   * The endpoint of a branch as it was at a moment. Makes nothing yet: `wake` does. Throws `time_travel_off`, `moment_time_invalid`,
   * `moment_lsn_invalid`, `history_not_begun`, `history_not_reached`, `endpoint_unknown`, `endpoint_disabled`, `branch_not_ready` or
   * `past_moments_limit`.
   */
  async find(endpointUid: string, asked: AskedMoment): Promise<PastEndpoint> {
    if (this.#options.maxMoments === 0) throw new LakeletError('time_travel_off')
    const moment = parseMoment(asked)
    const source = await this.#sourceOf(endpointUid)
    await requireReached(this.#context, { branchUid: source.branchUid, endpointUid }, moment)
    const directory = await this.#directoryOf(source)
    // A branch that was reset or restored has another past under the same name.
    const key = `${source.branchUid} ${directory} ${textOf(moment)}`
    const found = [...this.#open.values()].find((each) => each.key === key)
    const past = found ?? this.#begin({ key, source, directory, moment })
    past.touchedMs = this.#now()
    return past
  }

  /** See `Computes.wake`; the first makes the branch. Throws as `find`, and as a clone and a start do. */
  async wake(id: string, signal?: AbortSignal): Promise<BackendAddress> {
    await this.#ready(id, signal)
    return this.#context.computes.wake(id, signal)
  }

  /** See `Computes.withAdmin`. */
  async withAdmin<T>(
    id: string,
    work: (admin: AdminConnection) => Promise<T>,
    options: { readonly database?: string; readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    const past = await this.#ready(id, options.signal)
    past.users += 1
    try {
      return await this.#context.computes.withAdmin(id, work, options)
    } finally {
      past.users -= 1
    }
  }

  /** Those of a branch, the oldest first. */
  listOf(branchUid: string): OpenMoment[] {
    return [...this.#open.values()]
      .filter(({ source }) => source.branchUid === branchUid)
      .map((past) => ({
        ...past.moment,
        open_time: past.opened.toISOString(),
        state: past.isMade ? 'OPEN' : 'RECOVERING',
        session_count: this.#sessionsOf(past),
      }))
  }

  /** Closes those that nobody uses, and those whose branch is gone or has become another. */
  async sweep(): Promise<void> {
    await Promise.all([...this.#open.values()].map((past) => this.#closeIfOver(past)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const past of this.#open.values()) this.#close(past)
    await Promise.all(this.#closings)
  }

  async #closeIfOver(past: PastBranch): Promise<void> {
    const source = await this.#sourceOf(past.source.uid).catch(() => undefined)
    const isSame = source && (await this.#directoryOf(source).catch(() => '')) === past.directory
    if (!isSame || this.#isUnused(past)) this.#close(past)
  }

  /** Its compute has put itself to sleep, or nobody came. */
  #isUnused(past: PastBranch): boolean {
    const state = this.#context.computes.state(past.id)
    return this.#isFree(past) && (state === 'idle' || state === 'failed')
  }

  /** Nobody is connected to it or about to be. */
  #isFree(past: PastBranch): boolean {
    const isMaking = past.made !== undefined && !past.isMade
    return !isMaking && this.#sessionsOf(past) === 0 && this.#now() - past.touchedMs > GRACE_MS
  }

  #sessionsOf({ id, isMade, users }: PastBranch): number {
    return isMade ? this.#context.computes.activity(id).sessions + users : 0
  }

  #begin(of: Pick<PastBranch, 'key' | 'source' | 'directory' | 'moment'>): PastBranch {
    this.#makeRoom()
    const id = `past-${randomBytes(8).toString('hex')}`
    const past: PastBranch = {
      ...of,
      id,
      name: `${nameOfEndpoint(of.source)}@${textOf(of.moment)}`,
      opened: this.#context.clock.now(),
      closing: new AbortController(),
      made: undefined,
      isMade: false,
      users: 0,
      touchedMs: this.#now(),
    }
    this.#open.set(id, past)
    return past
  }

  /** The one that was asked for longest ago, of those that nobody is connected to, makes room. */
  #makeRoom(): void {
    const { maxMoments } = this.#options
    if (this.#open.size < maxMoments) return
    const [oldest] = [...this.#open.values()]
      .filter((past) => this.#isFree(past))
      .sort((one, other) => one.touchedMs - other.touchedMs)
    if (!oldest) throw new LakeletError('past_moments_limit', { limit: maxMoments })
    this.#close(oldest)
  }

  async #ready(id: string, signal?: AbortSignal): Promise<PastBranch> {
    const past = this.#open.get(id)
    if (!past) throw new LakeletError('endpoint_unknown')
    past.touchedMs = this.#now()
    past.made ??= this.#make(past).catch((error: unknown) => {
      // Who asks next tries again, from the beginning.
      this.#close(past)
      throw error
    })
    await untilAborted(past.made, signal)
    past.touchedMs = this.#now()
    return past
  }

  async #make(past: PastBranch): Promise<void> {
    const { computes, storage, log, clock } = this.#context
    const { id, source, moment, closing } = past
    const began = clock.monotonicMs()
    const view = await computes.withFiles(source.uid, (connect) =>
      storage.pastViews.gather(source.branchUid, moment, connect),
    )
    try {
      await storage.pastViews.recover(view, closing.signal)
      closing.signal.throwIfAborted()
    } catch (error) {
      await storage.pastViews.remove(view.paths)
      throw error
    }
    this.#specs.set(id, specOf(past, view.paths.data, this.#options.idleSeconds * 1000))
    past.isMade = true
    log.info(
      { past: past.name, durationMs: Math.round(clock.monotonicMs() - began) },
      'opened a moment of the past',
    )
  }

  /** From here on nobody finds it; its sessions end, and its files go. */
  #close(past: PastBranch): void {
    if (!this.#open.delete(past.id)) return
    past.closing.abort(new LakeletError('endpoint_unknown'))
    const closed = this.#remove(past)
      .catch((error: unknown) =>
        this.#context.log.warn({ err: error, past: past.name }, 'a moment of the past is not closed'),
      )
      .finally(() => this.#closings.delete(closed))
    this.#closings.add(closed)
  }

  async #remove(past: PastBranch): Promise<void> {
    const { computes, storage, log } = this.#context
    await past.made?.catch(() => undefined)
    await computes.remove(past.id)
    const spec = this.#specs.get(past.id)
    if (!spec) return
    this.#specs.delete(past.id)
    await storage.pastViews.remove(besideData(spec.dataDirectory))
    log.info({ past: past.name }, 'closed a moment of the past')
  }

  async #sourceOf(endpointUid: string): Promise<LiveEndpoint> {
    const [source] = await listLiveEndpoints(this.#context.metadata.db, endpointUid)
    if (!source) throw new LakeletError('endpoint_unknown')
    if (source.isDisabled) throw new LakeletError('endpoint_disabled')
    if (source.branchState !== 'READY')
      throw new LakeletError('branch_not_ready', { name: source.branchId, state: source.branchState })
    return source
  }

  /** Which directory it is, whatever its path: files that took its place are another one. */
  async #directoryOf({ branchUid }: LiveEndpoint): Promise<string> {
    return String((await stat(this.#context.storage.dataDirectory(branchUid))).ino)
  }

  #now(): number {
    return this.#context.clock.monotonicMs()
  }
}

function specOf({ id, source }: PastBranch, dataDirectory: string, idleMs: number): EndpointSpec {
  const settings = Object.entries(source.pgSettings).filter(([name]) => !SIZES_OF_STANDBY.has(name))
  return {
    uid: id,
    branchUid: id,
    dataDirectory,
    major: source.pgVersion,
    // As it was recovered with.
    minCu: 1,
    maxCu: 1,
    suspendAfterMs: idleMs,
    disabled: false,
    settings: Object.fromEntries(settings),
  }
}
