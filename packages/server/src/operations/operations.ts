// Durable operations. `start` stores the intent and the operation in one transaction and returns; the steps then run one
// after the other, each result stored before the next begins. A step that fails has everything undone in reverse order. A
// server that was killed finds unfinished operations at its next start and goes on where they were: forward those that
// ran, backward those that were being undone.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { asError, LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata, Queries } from '../metadata/database.ts'
import {
  deleteLocks,
  findOperation,
  insertLocks,
  insertOperation,
  listLocks,
  listUnfinishedOperations,
  type OperationRow,
  updateOperation,
} from '../metadata/operations.ts'
import { type Failpoint, failpointsOf } from './failpoints.ts'
import { conflict, type Lock, type OperationKind } from './operation-kind.ts'
import { type AnyKind, OperationRunner } from './runner.ts'

export interface OperationsOptions {
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
  readonly failpoint?: Failpoint
  /** Called after each operation that ended, so that reconcilers look again. */
  readonly onEnd?: () => void
}

/** A request for an operation. */
export interface OperationRequest<I extends object> {
  /** Full name of the resource: the operation's name starts with it. */
  readonly resource: string
  /** Uid of the object whose permissions decide who may poll it. */
  readonly objectUid: string
  /** SCIM id of who asks; absent for the workspace itself. */
  readonly callerId?: number
  /** The input, or how it is read from the rows as they are once the locks are free. Throwing refuses the operation. */
  readonly input: I | ((queries: Queries) => Promise<I>)
  readonly locks: readonly Lock[]
  /** Stores the intent, in the same transaction as the operation. Throwing refuses the operation. */
  readonly store?: (queries: Queries) => Promise<void>
}

/** How often what the engine itself meets (a full disk, a fault in a kind) is tried again before the operation is given up. */
const DRIVE_ATTEMPTS = 5
const DRIVE_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000

export class Operations implements AsyncDisposable {
  readonly #options: OperationsOptions
  readonly #kinds = new Map<string, AnyKind>()
  /** What each running operation fails with, or undefined. */
  readonly #running = new Map<string, Promise<Error | undefined>>()
  readonly #stopping = new AbortController()
  readonly #runner: OperationRunner

  constructor(options: OperationsOptions) {
    this.#options = options
    this.#runner = new OperationRunner({ ...options, kinds: this.#kinds, stopping: this.#stopping.signal })
  }

  /** Makes a kind known; all must be before `resume`. */
  register<I extends object>(kind: OperationKind<I>): OperationKind<I> {
    if (this.#kinds.has(kind.name)) throw new Error(`two kinds of operation are called ${kind.name}`)
    this.#kinds.set(kind.name, kind)
    return kind
  }

  /** How many steps operations of this kind have; undefined for a kind of another version. */
  stepsOf(kind: string): number | undefined {
    return this.#kinds.get(kind)?.steps.length
  }

  /**
   * Stores an operation and starts it; one without steps is done when this resolves. Throws `conflicting_operations` when a
   * running operation holds one of its locks, `workspace_stopping`, and whatever `store` throws.
   */
  async start<I extends object>(kind: OperationKind<I>, request: OperationRequest<I>): Promise<OperationRow> {
    const stored = await this.#store(kind, request)
    if (stored.state === 'running') void this.#run(stored)
    return stored
  }

  /**
   * Does an operation for who waits for its end: throws what `start` throws, and what a step failed with. LakeletError
   * `conflicting_operations` where it has not ended after `ms`; it goes on then.
   */
  async perform<I extends object>(
    kind: OperationKind<I>,
    request: OperationRequest<I>,
    ms: number,
  ): Promise<void> {
    const stored = await this.#store(kind, request)
    if (stored.state !== 'running') return
    const failure = this.#run(stored)
    const ended = await this.waitFor(stored.id, ms)
    if (ended?.state === 'running' || ended?.state === 'undoing')
      throw new LakeletError('conflicting_operations')
    const error = await failure
    if (error !== undefined) throw error
  }

  async #store<I extends object>(
    kind: OperationKind<I>,
    request: OperationRequest<I>,
  ): Promise<OperationRow> {
    if (this.#stopping.signal.aborted) throw new LakeletError('workspace_stopping')
    const id = randomUUID()
    const { input } = request
    const store = async (queries: Queries): Promise<OperationRow> => {
      await refuseConflicts(queries, request.locks)
      const row = this.#newRow(id, kind, request, typeof input === 'function' ? await input(queries) : input)
      await request.store?.(queries)
      await insertOperation(queries, row)
      if (kind.steps.length === 0) return this.#runner.complete(queries, kind, row)
      await insertLocks(
        queries,
        request.locks.map((lock) => ({ operation_id: id, ...lock })),
      )
      return row
    }
    const stored = await this.#options.metadata.transaction(store)
    if (stored.state !== 'running') this.#options.onEnd?.()
    return stored
  }

  #newRow<I extends object>(
    id: string,
    kind: OperationKind<I>,
    request: OperationRequest<I>,
    input: I,
  ): OperationRow {
    return {
      id,
      resource: request.resource,
      kind: kind.name,
      metadata_type: kind.metadataType,
      caller_id: request.callerId ?? null,
      object_uid: request.objectUid,
      input: JSON.stringify(input),
      progress: '{}',
      state: 'running',
      steps_done: 0,
      response: null,
      error: null,
      create_time: this.#options.clock.now().toISOString(),
      end_time: null,
    }
  }

  /** Waits until an operation has ended, at most `ms`; returns it as it then is. */
  async waitFor(id: string, ms: number, signal?: AbortSignal): Promise<OperationRow | undefined> {
    const running = this.#running.get(id)
    if (running) {
      const waiting = new AbortController()
      const onAbort = () => waiting.abort(new LakeletError('client_gone'))
      signal?.addEventListener('abort', onAbort, { once: true })
      const pause = this.#options.clock.sleep(ms, waiting.signal).catch(() => undefined)
      await Promise.race([running, pause])
      signal?.removeEventListener('abort', onAbort)
      waiting.abort(new Error('waited long enough'))
    }
    return findOperation(this.#options.metadata.db, id)
  }

  /** Goes on with what an earlier run of the server left; does not wait for its end. */
  async resume(): Promise<void> {
    for (const kind of this.#kinds.values())
      this.#options.log.debug(
        { kind: kind.name, failpoints: failpointsOf(kind) },
        'knows a kind of operation',
      )
    for (const row of await listUnfinishedOperations(this.#options.metadata.db)) {
      this.#options.log.info(
        { operation: row.id, kind: row.kind, state: row.state, stepsDone: row.steps_done },
        'resuming an operation',
      )
      void this.#run(row)
    }
  }

  /** Operations on the resource of this full name that have not ended. */
  async unfinishedOn(resource: string): Promise<OperationRow[]> {
    const rows = await listUnfinishedOperations(this.#options.metadata.db)
    return rows.filter((row) => row.resource === resource)
  }

  /** Resolves when no operation runs. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running.values())
  }

  /** Lets no operation begin and aborts the running ones between two steps; they go on at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort(new LakeletError('workspace_stopping'))
    await this.idle()
  }

  /** Resolves at the end with what the operation failed with, or undefined. */
  #run(row: OperationRow): Promise<Error | undefined> {
    const running = this.#driveToEnd(row).finally(() => {
      this.#running.delete(row.id)
      this.#options.onEnd?.()
    })
    this.#running.set(row.id, running)
    return running
  }

  /**
   * Tries until the operation has ended. One that throws again and again is given up, so that it does not keep its locks; where
   * even that cannot be stored, it goes on trying. Only a stop leaves it unfinished, for the next start.
   */
  async #driveToEnd(start: OperationRow): Promise<Error | undefined> {
    const { signal } = this.#stopping
    let row = start
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#runner.drive(row)
      } catch (error) {
        if (signal.aborted) return asError(error)
        this.#options.log.error(
          { err: error, operation: row.id, kind: row.kind, attempt },
          'operation is stuck',
        )
        if (attempt >= DRIVE_ATTEMPTS && (await this.#giveUp(row, error))) return asError(error)
      }
      const pauseMs = Math.min(DRIVE_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS)
      await this.#options.clock.sleep(pauseMs, signal).catch(() => undefined)
      if (signal.aborted) return undefined
      row = (await findOperation(this.#options.metadata.db, row.id).catch(() => undefined)) ?? row
    }
  }

  /** Marks the operation as failed and frees its locks; false where that could not be stored. */
  async #giveUp(row: OperationRow, error: unknown): Promise<boolean> {
    try {
      await this.#options.metadata.transaction(async (queries) => {
        const current = (await findOperation(queries, row.id)) ?? row
        await updateOperation(queries, row.id, {
          state: 'failed',
          error: current.error ?? JSON.stringify(this.#runner.errorBody(error, current)),
          end_time: this.#options.clock.now().toISOString(),
        })
        await deleteLocks(queries, row.id)
      })
      return true
    } catch (failure) {
      this.#options.log.error({ err: failure, operation: row.id }, 'operation could not be given up')
      return false
    }
  }
}

async function refuseConflicts(queries: Queries, locks: readonly Lock[]): Promise<void> {
  const held = await listLocks(queries)
  const clash = held.find((other) => locks.some((lock) => conflict(lock, other)))
  if (clash) throw new LakeletError('conflicting_operations')
}
