// The archives of all branches: one archiver for each server that runs, and one pass at a time over each data directory.
import { type Clock, systemClock } from '../../base/clock.ts'
import type { Logger } from '../../base/log.ts'
import { KeyedMutex } from '../../base/mutex.ts'
import { SEGMENT_BYTES } from '../../postgres/index.ts'
import { besideData } from '../branch-files.ts'
import type { Problem } from '../disk/index.ts'
import { archiveReady, countReady } from './archive-wal.ts'
import { DirectoryStore } from './directory-store.ts'

/** A segment is complete after 16 MB of log; until it is archived it is safe where it is. */
const LOOK_EVERY_MS = 1_000
/** After a failure, such as a full disk. */
const RETRY_EVERY_MS = 5_000

/** Keeps a second archive elsewhere, of what the first one has. */
export interface ArchiveFollower {
  /** Something was archived, or the server of a data directory started or ended. */
  noted(dataDirectory: string): void
  /** Which files of a branch's archive may be forgotten as far as the second archive is concerned. */
  mayForget(directory: string): Promise<(name: string) => boolean>
}

/** Archives what one server completes, from its start to its end. */
export interface Archiver {
  /** To be called when the server has ended: archives the rest. Never rejects; what could not be archived is kept, and said. */
  finish(): Promise<void>
}

export class Archives {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #mutex = new KeyedMutex<string>()
  readonly #problems = new Map<string, Problem>()
  readonly #followed = new Set<string>()
  /** Plugged in where there is a second archive. */
  follower: ArchiveFollower | undefined

  constructor(options: { readonly log: Logger; readonly clock?: Clock }) {
    this.#log = options.log
    this.#clock = options.clock ?? systemClock
  }

  /** The archive of the branch that a data directory belongs to. */
  storeOf(dataDirectory: string): DirectoryStore {
    return new DirectoryStore(besideData(dataDirectory).archive)
  }

  /** Why the log of a data directory is not archived at present; undefined when it is. */
  problemOf(dataDirectory: string): Problem | undefined {
    return this.#problems.get(dataDirectory)
  }

  /** What is completed of the log of a data directory and not in the archive, in bytes. */
  async lagBytes(dataDirectory: string): Promise<number> {
    return (await countReady(dataDirectory)) * Number(SEGMENT_BYTES)
  }

  /** Data directories whose servers run. */
  followed(): readonly string[] {
    return [...this.#followed]
  }

  /** Begins to archive what the server on `dataDirectory` completes. */
  follow(dataDirectory: string): Archiver {
    const over = new AbortController()
    this.#followed.add(dataDirectory)
    this.follower?.noted(dataDirectory)
    const looking = this.#look(dataDirectory, over.signal)
    return {
      finish: async () => {
        over.abort()
        await looking
        await this.#try(dataDirectory)
        this.#followed.delete(dataDirectory)
        this.follower?.noted(dataDirectory)
      },
    }
  }

  /**
   * Archives what is complete, then runs `work` while nothing else is archived: until it returns, Postgres keeps all of its log that
   * is not in the archive. Throws what stood in the way of archiving.
   */
  async upToDate<T>(dataDirectory: string, work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(dataDirectory, async () => {
      const archived = await archiveReady(dataDirectory, this.storeOf(dataDirectory))
      if (archived.length > 0) this.follower?.noted(dataDirectory)
      this.#problems.delete(dataDirectory)
      return work()
    })
  }

  async #look(dataDirectory: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isFine = await this.#try(dataDirectory)
      await this.#clock.sleep(isFine ? LOOK_EVERY_MS : RETRY_EVERY_MS, signal).catch(() => undefined)
    }
  }

  async #try(dataDirectory: string): Promise<boolean> {
    try {
      await this.upToDate(dataDirectory, async () => undefined)
      return true
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      const known = this.#problems.get(dataDirectory)
      if (known?.message === message) return false
      this.#problems.set(dataDirectory, { since: known?.since ?? this.#clock.now(), message })
      this.#log.warn({ err: error, dataDirectory }, 'the write-ahead log is not archived; Postgres keeps it')
      return false
    }
  }
}
