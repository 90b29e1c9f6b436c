// Keeps the archive of a workspace in an object store: sends what is new, the log of each branch first, and says how far it is. A workspace without
// changes sends nothing.
import path from 'node:path'
import type { Changes } from '../base/changes.ts'
import type { Clock } from '../base/clock.ts'
import { isLakeletError, LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { Signal } from '../base/signal.ts'
import type { Metadata } from '../metadata/database.ts'
import { type ArchiveFollower, isArchivedName, type Storage } from '../storage/index.ts'
import { type Line, Line as NewLine, lineOf, linesIn } from './lines.ts'
import { SNAPSHOTS } from './names.ts'
import { StoreFailure } from './object-store.ts'
import { type ArchiveSettings, passphraseOf, storeOf } from './settings.ts'
import { type SentState, sendState } from './states.ts'
import { sweep, type SweepReport } from './sweep.ts'
import { asArchiveError, Vault } from './vault.ts'
import { instanceOf, WriterClaim } from './writer-claim.ts'

/** Where nothing says that anything changed. */
const LOOK_ANYWAY_MS = 600_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000
/** At the end of the workspace. */
const LAST_PASS_MS = 10_000
/** Between two copies of the metadata. */
const STATES_APART_MS = 10_000
const SWEEP_EVERY_MS = 6 * 3_600_000
/** How often what was completed while it was sent is sent as well. */
const ROUNDS = 5
/** What a workspace consists of beside its branches' data. */
const STORED = [
  'projects', 'branches', 'snapshots', 'endpoints', 'roles', 'databases', 'apps', 'deployments', 'files',
  'principals', 'permissions', 'tokens', 'operations',
] as const

export interface ObjectArchiveParts {
  readonly settings: ArchiveSettings & { readonly url: string }
  readonly dataDir: string
  readonly workspaceId: string
  readonly version: string
  readonly postgresUid: number | undefined
  readonly metadata: Metadata
  readonly storage: Storage
  readonly changes: Changes
  readonly clock: Clock
  readonly log: Logger
}

/** How far the archive is. */
export interface ObjectArchiveStatus {
  readonly url: string
  /** `stopped`: somebody else writes there, and only a person can say who is to. */
  readonly state: 'starting' | 'current' | 'behind' | 'failing' | 'stopped'
  readonly problem?: { readonly since: Date; readonly message: string }
  /** What is complete and not in the store yet. */
  readonly waitingBytes: number
  readonly waitingFiles: number
  /** When the oldest of it was complete. */
  readonly waitingSince?: Date
  /** As of when all was in the store. */
  readonly syncedAt?: Date
  /** Log was forgotten here that the store never got, as more than may wait did; a restore to then needs a later base. */
  readonly hasGap: boolean
}

interface Connection {
  readonly vault: Vault
  readonly claim: WriterClaim
  readonly lines: Map<string, Line>
  readonly snapshots: Set<string>
}

export class ObjectArchive implements ArchiveFollower, AsyncDisposable {
  readonly #parts: ObjectArchiveParts
  readonly #ending = new AbortController()
  readonly #noted = new Signal()
  /** Somebody waits for it. */
  readonly #asked = new Signal()
  /** Data directories that something happened to; `all` at the start and now and then. */
  readonly #dirty = new Set<string>()
  #isAllDirty = true
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
    this.#sweptAt = parts.clock.monotonicMs()
    parts.storage.archives.follower = this
    this.#running = this.#run()
  }

  noted(dataDirectory: string): void {
    this.#dirty.add(dataDirectory)
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
    const waiting = [...this.#lines.values()].flatMap((line) => [...line.waiting.values()])
    const since = waiting.map((each) => each.since.getTime())
    const { message, since: failing, isFinal } = this.#problem ?? {}
    return {
      url: this.#parts.settings.url,
      state:
        failing === undefined
          ? (this.#syncedAt === undefined ? 'starting' : waiting.length > 0 ? 'behind' : 'current')
          : isFinal ? 'stopped' : 'failing',
      ...(failing === undefined || message === undefined ? {} : { problem: { since: failing, message } }),
      waitingBytes: waiting.reduce((sum, each) => sum + each.bytes, 0),
      waitingFiles: waiting.length,
      ...(since.length === 0 ? {} : { waitingSince: new Date(Math.min(...since)) }),
      ...(this.#syncedAt ? { syncedAt: this.#syncedAt } : {}),
      hasGap: this.#hasGap,
    }
  }

  /** Lines that were looked at, by data directory, whether the store can be reached or not. */
  readonly #lines = new Map<string, Line>()

  /**
   * Sends all that was committed and stored before this call; resolves when the store has it. LakeletErrors `object_archive_failed` and others
   * that say what stands in the way; it is tried again by itself.
   */
  async sync(): Promise<ObjectArchiveStatus> {
    const { promise } = this.#passDone
    this.#wantsNow = true
    this.#isAllDirty = true
    this.#noted.notify()
    this.#asked.notify()
    await promise
    // That one had begun before.
    if (this.#wantsNow) await this.#passDone.promise
    if (this.#ending.signal.aborted) throw new LakeletError('workspace_stopping')
    const problem = this.#problem
    if (problem)
      throw new LakeletError('object_archive_failed', { url: this.#parts.settings.url, reason: problem.message })
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
    const { clock, log } = this.#parts
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
        this.#isAllDirty = true
      }
      const done = this.#passDone
      this.#passDone = Promise.withResolvers()
      done.resolve()
      if (this.#problem) {
        // Not all at once where many workspaces lost the same store.
        const over = new AbortController()
        const pause = retry * (0.5 + Math.random() / 2)
        const paused = clock.sleep(pause, AbortSignal.any([signal, over.signal])).catch(() => undefined)
        await Promise.race([paused, this.#asked.wait()])
        over.abort()
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
    const isMetadataNew = () => changes.latestOf(STORED) !== this.#stateRevision
    const awake = () => storage.archives.followed()
    const over = new AbortController()
    const either = AbortSignal.any([signal, over.signal])
    const until = clock.monotonicMs()
    const wait = async () => {
      while (!signal.aborted && !this.#wantsNow && !this.#isAllDirty && this.#dirty.size === 0) {
        const [now, noted, changed] = [clock.monotonicMs(), this.#noted.wait(), changes.next()]
        const forAwake = awake().length > 0 ? until + settings.everySeconds * 1000 : Infinity
        const forState = isMetadataNew() ? this.#stateAt + STATES_APART_MS : Infinity
        const due = Math.min(until + LOOK_ANYWAY_MS, forAwake, forState)
        if (due <= now) break
        const idle = isMetadataNew() ? noted : Promise.race([noted, changed])
        await Promise.race([idle, clock.sleep(due - now, either).catch(() => undefined)])
      }
    }
    await wait()
    over.abort()
    const due = clock.monotonicMs()
    if (due - until >= LOOK_ANYWAY_MS) this.#isAllDirty = true
    for (const directory of awake()) this.#dirty.add(directory)
  }

  async #pass(): Promise<void> {
    const { clock, changes } = this.#parts
    const isAsked = this.#wantsNow
    this.#wantsNow = false
    const began = clock.now()
    // What is to be sent is known, and said, where the store cannot be reached, too.
    const directories = await this.#take()
    await this.#lookAt(directories)
    try {
      if (this.#lost) throw this.#lost
      this.#connection ??= await this.#connect()
      const connection = this.#connection
      await this.#checkClaim(connection)
      await this.#sendAll(directories, connection)
      const revision = changes.latestOf(STORED)
      const isDue = clock.monotonicMs() - this.#stateAt >= STATES_APART_MS
      if (revision !== this.#stateRevision && (isDue || isAsked || !this.#state)) {
        await this.#sendState(connection)
        this.#stateRevision = revision
        this.#stateAt = clock.monotonicMs()
      }
      if (this.#state && this.#state.missing.length === 0) this.#syncedAt = began
    } catch (error) {
      for (const directory of directories) this.#dirty.add(directory)
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

  /** The data directories to look at. */
  async #take(): Promise<string[]> {
    const { storage } = this.#parts
    const isAll = this.#isAllDirty
    this.#isAllDirty = false
    const noted = [...this.#dirty]
    this.#dirty.clear()
    const all = (await storage.list()).map((uid) => storage.dataDirectory(uid))
    const known = new Set(all)
    for (const directory of this.#lines.keys()) if (!known.has(directory)) this.#lines.delete(directory)
    // A branch that was not looked at yet is new.
    return isAll ? all : all.filter((each) => noted.includes(each) || !this.#lines.has(each))
  }

  async #lookAt(directories: readonly string[]): Promise<void> {
    const { storage } = this.#parts
    for (const data of directories) {
      const paths = storage.paths(path.basename(path.dirname(data)))
      const id = await lineOf(paths.directory)
      if (id === undefined) continue
      const line = this.#lineFor(id, data)
      await line.look(paths, storage.archives)
    }
  }

  #lineFor(id: string, data: string): Line {
    const before = this.#lines.get(data)
    const known = this.#connection?.lines.get(id) ?? (before?.id === id ? before : undefined)
    const line = known ?? new NewLine(id)
    this.#connection?.lines.set(id, line)
    this.#lines.set(data, line)
    return line
  }

  async #connect(): Promise<Connection> {
    const { settings, dataDir, workspaceId, clock } = this.#parts
    const store = await storeOf(settings, settings.url)
    try {
      const passphrase = await passphraseOf(settings, dataDir)
      const vault = await Vault.openOrBegin(store, passphrase, { workspaceId, now: clock.now() })
      const instance = await instanceOf(path.join(dataDir, 'archive-writer'))
      const claim = await WriterClaim.make(vault, { instance, takeOver: false, now: clock.now() })
      await vault.learnChunks()
      const lines = await linesIn(vault)
      const snapshots = new Set<string>()
      for await (const { name } of store.list(SNAPSHOTS)) snapshots.add(name.slice(SNAPSHOTS.length))
      this.#stateRevision = -1
      return { vault, claim, lines, snapshots }
    } catch (error) {
      store.close()
      throw error
    }
  }

  async #sendAll(directories: readonly string[], connection: Connection): Promise<void> {
    const { storage, settings } = this.#parts
    const queue = directories.values()
    const send = async () => {
      for (const data of queue) {
        const paths = storage.paths(path.basename(path.dirname(data)))
        const id = await lineOf(paths.directory)
        if (id === undefined) continue
        const line = this.#lineFor(id, data)
        for (let round = 0; round < ROUNDS; round += 1) {
          await line.look(paths, storage.archives)
          await line.send(paths, this.#source(connection))
          // What was completed meanwhile may be gone from where the tail was read.
          await line.look(paths, storage.archives)
          if (![...line.waiting.keys()].some(isArchivedName)) break
        }
      }
    }
    await Promise.all(Array.from({ length: settings.parallel }, send))
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

