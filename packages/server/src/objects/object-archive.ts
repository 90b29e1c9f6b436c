// Keeps the archive of a workspace in an object store: sends what is new, the log of each branch first, and says how far it is. A workspace without
// changes sends nothing.
import { STORED_TOPICS } from '../base/changes.ts'
import { isLakeletError, LakeletError } from '../base/errors.ts'
import { Signal } from '../base/signal.ts'
import type { ArchiveFollower } from '../storage/index.ts'
import type { ObjectArchiveParts, ObjectArchiveStatus } from './archive-parts.ts'
import { BranchLines } from './branch-lines.ts'
import { connect, type Connection } from './connection.ts'
import { lineOf } from './lines.ts'
import { StoreFailure } from './object-store.ts'
import { type SentState, sendState } from './states.ts'
import { sweep, type SweepReport } from './sweep.ts'
import { asArchiveError } from './vault.ts'

/** Where nothing says that anything changed. */
const LOOK_ANYWAY_MS = 600_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000
/** At the end of the workspace. */
const LAST_PASS_MS = 10_000
/** Between two copies of the metadata. */
const STATES_APART_MS = 10_000
const SWEEP_EVERY_MS = 6 * 3_600_000

export class ObjectArchive implements ArchiveFollower, AsyncDisposable {
  readonly #parts: ObjectArchiveParts
  readonly #ending = new AbortController()
  readonly #noted = new Signal()
  /** Somebody waits for it. */
  readonly #asked = new Signal()
  readonly #branches: BranchLines
  #connection: Connection | undefined
  #problem: { since: Date; message: string; isFinal: boolean } | undefined
  #state: SentState | undefined
  #stateRevision = -1
  #stateAt = 0
  #sweptAt = 0
  #syncedAt: Date | undefined
  #hasGap = false
  #lost: LakeletError | undefined
  #passDone = Promise.withResolvers<void>()
  #wantsNow = false
  readonly #running: Promise<void>

  constructor(parts: ObjectArchiveParts) {
    this.#parts = parts
    this.#branches = new BranchLines(parts)
    this.#sweptAt = parts.clock.monotonicMs()
    parts.storage.archives.follower = this
    this.#running = this.#run()
  }

  noted(dataDirectory: string): void {
    this.#branches.note([dataDirectory])
    this.#noted.notify()
  }

  async mayForget(directory: string): Promise<(name: string) => boolean> {
    const id = await lineOf(directory)
    const isTooMuch = this.status().waitingBytes > this.#parts.settings.maxWaitingGigabytes * 1_000_000_000
    return (name) => {
      const isSent = this.#isSent(id, name)
      if (isTooMuch && !isSent) this.#hasGap = true
      return isSent || isTooMuch
    }
  }

  #isSent(id: string | undefined, name: string): boolean {
    return id !== undefined && (this.#connection?.lines.get(id)?.log.has(name) ?? false)
  }

  status(): ObjectArchiveStatus {
    const waiting = this.#branches.waiting()
    const since = waiting.map((each) => each.since.getTime())
    const { message, since: failing, isFinal } = this.#problem ?? {}
    return {
      url: this.#parts.settings.url,
      state:
        failing === undefined
          ? this.#syncedAt === undefined
            ? 'starting'
            : waiting.length > 0
              ? 'behind'
              : 'current'
          : isFinal
            ? 'stopped'
            : 'failing',
      ...(failing === undefined || message === undefined ? {} : { problem: { since: failing, message } }),
      waitingBytes: waiting.reduce((sum, each) => sum + each.bytes, 0),
      waitingFiles: waiting.length,
      ...(since.length === 0 ? {} : { waitingSince: new Date(Math.min(...since)) }),
      ...(this.#syncedAt ? { syncedAt: this.#syncedAt } : {}),
      hasGap: this.#hasGap,
    }
  }

  /**
   * Sends all that was committed and stored before this call; resolves when the store has it. LakeletErrors `object_archive_failed` and others
   * that say what stands in the way; it is tried again by itself.
   */
  async sync(): Promise<ObjectArchiveStatus> {
    const { promise } = this.#passDone
    this.#wantsNow = true
    this.#branches.note()
    this.#noted.notify()
    this.#asked.notify()
    await promise
    // That one had begun before.
    if (this.#wantsNow) await this.#passDone.promise
    if (this.#ending.signal.aborted) throw new LakeletError('workspace_stopping')
    const problem = this.#problem
    if (problem)
      throw new LakeletError('object_archive_failed', {
        url: this.#parts.settings.url,
        reason: problem.message,
      })
    return this.status()
  }

  /** Removes what no kept moment needs any more. */
  async sweep(): Promise<SweepReport> {
    const connection = this.#connection
    const state = this.#state
    if (!connection || !state) return { deleted: 0 }
    await this.#checkClaim(connection)
    return sweep({ ...connection, current: state, now: this.#parts.clock.now(), signal: this.#ending.signal })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // What the computes left when they were suspended. A store that cannot be reached gets it after the next start.
    if (!this.#problem) {
      const over = new AbortController()
      const late = this.#parts.clock.sleep(LAST_PASS_MS, over.signal).catch(() => undefined)
      await Promise.race([this.sync().catch(() => undefined), late])
      over.abort()
    }
    this.#ending.abort(new Error('the workspace stops'))
    this.#noted.notify()
    await this.#running
    this.#parts.storage.archives.follower = undefined
    this.#connection?.vault.store.close()
  }

  async #run(): Promise<void> {
    const { log } = this.#parts
    const { signal } = this.#ending
    let retry = FIRST_RETRY_MS
    while (!signal.aborted) {
      try {
        await this.#pass()
        if (this.#problem) log.info('the archive in the object store goes on')
        this.#problem = undefined
        retry = FIRST_RETRY_MS
      } catch (error) {
        if (signal.aborted) break
        this.#failed(error)
        this.#branches.note()
      }
      const done = this.#passDone
      this.#passDone = Promise.withResolvers()
      done.resolve()
      if (this.#problem) {
        // Not all at once where many workspaces lost the same store.
        await this.#pause(retry * (0.5 + Math.random() / 2), this.#asked.wait())
        retry = Math.min(LONGEST_RETRY_MS, retry * 2)
      } else await this.#untilDue(signal)
    }
    this.#passDone.resolve()
  }

  #failed(error: unknown): void {
    const { clock, log, settings } = this.#parts
    const known = asArchiveError(error, settings.url)
    const message = known instanceof Error ? known.message : String(known)
    const isFinal = isLakeletError(known) && !(error instanceof StoreFailure)
    // Once somebody else writes there, all that is known of it may be wrong.
    if (isFinal) this.#disconnect()
    if (this.#problem?.message !== message)
      log.warn({ err: error }, 'the archive in the object store is behind; it is tried again')
    this.#problem = { since: this.#problem?.since ?? clock.now(), message, isFinal }
  }

  #disconnect(): void {
    this.#connection?.vault.store.close()
    this.#connection = undefined
    this.#state = undefined
  }

  /** Until something changed, or branches that are awake are to be looked at again. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    const { clock, storage, changes, settings } = this.#parts
    const isMetadataNew = () => changes.latestOf(STORED_TOPICS) !== this.#stateRevision
    const awake = () => storage.archives.followed()
    const began = clock.monotonicMs()
    while (!signal.aborted && !this.#wantsNow && !this.#branches.hasWork) {
      const [now, noted, changed] = [clock.monotonicMs(), this.#noted.wait(), changes.next()]
      const forAwake = awake().length > 0 ? began + settings.everySeconds * 1000 : Infinity
      const forState = isMetadataNew() ? this.#stateAt + STATES_APART_MS : Infinity
      const due = Math.min(began + LOOK_ANYWAY_MS, forAwake, forState)
      if (due <= now) break
      await this.#pause(due - now, isMetadataNew() ? noted : Promise.race([noted, changed]))
    }
    if (clock.monotonicMs() - began >= LOOK_ANYWAY_MS) this.#branches.note()
    this.#branches.note(awake())
  }

  /** For `ms`, or until something happens, or the end. */
  async #pause(ms: number, something: Promise<void>): Promise<void> {
    const over = new AbortController()
    const either = AbortSignal.any([this.#ending.signal, over.signal])
    await Promise.race([this.#parts.clock.sleep(ms, either).catch(() => undefined), something])
    over.abort()
  }

  async #pass(): Promise<void> {
    const { clock, changes } = this.#parts
    const isAsked = this.#wantsNow
    this.#wantsNow = false
    const began = clock.now()
    // What is to be sent is known, and said, where the store cannot be reached, too.
    const directories = await this.#branches.take()
    await this.#branches.look(directories, this.#connection)
    try {
      if (this.#lost) throw this.#lost
      this.#connection ??= await this.#connect()
      const connection = this.#connection
      await this.#checkClaim(connection)
      await this.#branches.send(directories, connection, this.#source(connection))
      const revision = changes.latestOf(STORED_TOPICS)
      const isDue = clock.monotonicMs() - this.#stateAt >= STATES_APART_MS
      const isNew = revision !== this.#stateRevision || (this.#state?.missing.length ?? 0) > 0
      if (isNew && (isDue || isAsked || !this.#state)) {
        await this.#sendState(connection)
        this.#stateRevision = revision
        this.#stateAt = clock.monotonicMs()
      }
      if (this.#stateRevision === revision && this.#state?.missing.length === 0) this.#syncedAt = began
    } catch (error) {
      this.#branches.note(directories)
      throw error
    }
    if (clock.monotonicMs() - this.#sweptAt >= SWEEP_EVERY_MS) {
      this.#sweptAt = clock.monotonicMs()
      await this.sweep()
    }
  }

  /** Once somebody else claimed the archive, this run does not write any more. */
  async #checkClaim({ claim }: Connection): Promise<void> {
    await claim.check().catch((error: unknown) => {
      if (isLakeletError(error, 'object_archive_foreign')) this.#lost = error
      throw error
    })
  }

  async #connect(): Promise<Connection> {
    const connection = await connect(this.#parts)
    this.#stateRevision = -1
    return connection
  }

  async #sendState(connection: Connection): Promise<void> {
    const { dataDir, metadata, storage, version, clock } = this.#parts
    this.#state = await sendState(
      {
        ...this.#source(connection),
        dataDir,
        metadata,
        storage,
        version,
        now: () => clock.now(),
        hasBase: (line) => (connection.lines.get(line)?.bases.size ?? 0) > 0,
        snapshots: connection.snapshots,
      },
      this.#state,
    )
  }

  #source({ vault }: Connection) {
    const { postgresUid, clock } = this.#parts
    return { vault, postgresUid, signal: this.#ending.signal, now: () => clock.now() }
  }
}
