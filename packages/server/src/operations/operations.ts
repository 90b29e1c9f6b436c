// Durable operations. `start` stores the intent and the operation in one transaction and returns; the steps then run one
// after the other, each result stored before the next begins. A step that fails has everything undone in reverse order. A
// server that was killed finds unfinished operations at its next start and goes on where they were: forward those that
// ran, backward those that were being undone.
import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { knownError, LakeletError } from '../base/errors.ts'
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
import { conflict, type Lock, type OperationKind, type OperationRun } from './operation-kind.ts'

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

/** How often an undo that fails is tried before the operation is given up. */
const UNDO_ATTEMPTS = 5
const UNDO_RETRY_MS = 500

/** How often what the engine itself meets (a full disk, a fault in a kind) is tried again before the operation is given up. */
const DRIVE_ATTEMPTS = 5
const DRIVE_RETRY_MS = 500
const LONGEST_RETRY_MS = 30_000

// The kinds differ in their input; each is only ever given input that it stored itself.
type AnyKind = OperationKind<object>

export class Operations implements AsyncDisposable {
  readonly #options: OperationsOptions
  readonly #kinds = new Map<string, AnyKind>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #stopping = new AbortController()

  constructor(options: OperationsOptions) {
    this.#options = options
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
    if (this.#stopping.signal.aborted) throw new LakeletError('workspace_stopping')
    const id = randomUUID()
    const { input } = request
    const store = async (queries: Queries): Promise<OperationRow> => {
      await refuseConflicts(queries, request.locks)
      const row = this.#newRow(id, kind, request, typeof input === 'function' ? await input(queries) : input)
      await request.store?.(queries)
      await insertOperation(queries, row)
      if (kind.steps.length === 0) return this.#complete(queries, kind, row)
      await insertLocks(
        queries,
        request.locks.map((lock) => ({ operation_id: id, ...lock })),
      )
      return row
    }
    const stored = await this.#options.metadata.transaction(store)
    if (stored.state === 'running') this.#run(stored)
    else this.#options.onEnd?.()
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
      this.#run(row)
    }
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

  #run(row: OperationRow): void {
    const running = this.#driveToEnd(row).finally(() => {
      this.#running.delete(row.id)
      this.#options.onEnd?.()
    })
    this.#running.set(row.id, running)
  }

  /**
   * Tries until the operation has ended. One that throws again and again is given up, so that it does not keep its locks; where
   * even that cannot be stored, it goes on trying. Only a stop leaves it unfinished, for the next start.
   */
  async #driveToEnd(start: OperationRow): Promise<void> {
    const { signal } = this.#stopping
    let row = start
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#drive(row)
        return
      } catch (error) {
        if (signal.aborted) return
        this.#options.log.error(
          { err: error, operation: row.id, kind: row.kind, attempt },
          'operation is stuck',
        )
        if (attempt >= DRIVE_ATTEMPTS && (await this.#giveUp(row, error))) return
      }
      const pauseMs = Math.min(DRIVE_RETRY_MS * 2 ** (attempt - 1), LONGEST_RETRY_MS)
      await this.#options.clock.sleep(pauseMs, signal).catch(() => undefined)
      if (signal.aborted) return
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
          error: current.error ?? JSON.stringify(this.#errorBody(error, current)),
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

  async #drive(row: OperationRow): Promise<void> {
    const kind = this.#kinds.get(row.kind)
    if (!kind) throw new Error(`operation ${row.id} is of the unknown kind ${row.kind}`)
    if (row.state === 'undoing') {
      await this.#undo(kind, row)
      return
    }
    try {
      const advanced = await this.#advance(kind, row)
      await this.#failpoint(`${kind.name}.complete`)
      await this.#options.metadata.transaction((queries) => this.#complete(queries, kind, advanced))
    } catch (error) {
      if (this.#stopping.signal.aborted) throw error
      const current = (await findOperation(this.#options.metadata.db, row.id)) ?? row
      const failed = {
        ...current,
        state: 'undoing' as const,
        error: JSON.stringify(this.#errorBody(error, current)),
      }
      await updateOperation(this.#options.metadata.db, row.id, { state: failed.state, error: failed.error })
      await this.#undo(kind, failed)
    }
  }

  async #advance(kind: AnyKind, start: OperationRow): Promise<OperationRow> {
    let row = start
    for (const step of kind.steps.slice(row.steps_done)) {
      this.#stopping.signal.throwIfAborted()
      await this.#failpoint(`${kind.name}.${step.name}.before`)
      const run = this.#runOf(row)
      const result = await step.run(run)
      await this.#failpoint(`${kind.name}.${step.name}.after`)
      row = {
        ...row,
        steps_done: row.steps_done + 1,
        progress: JSON.stringify({ ...run.progress, ...result }),
      }
      await updateOperation(this.#options.metadata.db, row.id, {
        steps_done: row.steps_done,
        progress: row.progress,
      })
    }
    return row
  }

  async #complete(queries: Queries, kind: AnyKind, row: OperationRow): Promise<OperationRow> {
    const response = await kind.complete(queries, this.#runOf(row))
    const ended = {
      state: 'succeeded' as const,
      response: JSON.stringify(response),
      end_time: this.#options.clock.now().toISOString(),
    }
    await updateOperation(queries, row.id, ended)
    await deleteLocks(queries, row.id)
    return { ...row, ...ended }
  }

  async #undo(kind: AnyKind, row: OperationRow): Promise<void> {
    for (let index = Math.min(row.steps_done, kind.steps.length - 1); index >= 0; index -= 1) {
      const step = kind.steps[index]
      if (step?.undo) {
        await this.#failpoint(`${kind.name}.${step.name}.undo`)
        await this.#undoStep(() => step.undo?.(this.#runOf(row)) ?? Promise.resolve(), row, step.name)
      }
      await updateOperation(this.#options.metadata.db, row.id, { steps_done: Math.max(index - 1, 0) })
    }
    await this.#options.metadata.transaction(async (queries) => {
      await kind.abandon?.(queries, this.#runOf(row))
      await updateOperation(queries, row.id, {
        state: 'failed',
        end_time: this.#options.clock.now().toISOString(),
      })
      await deleteLocks(queries, row.id)
    })
  }

  /** What cannot be undone after some attempts is left to the sweep; the operation must end. */
  async #undoStep(undo: () => Promise<void>, row: OperationRow, step: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await undo()
        return
      } catch (error) {
        this.#stopping.signal.throwIfAborted()
        if (attempt === UNDO_ATTEMPTS) {
          this.#options.log.error({ err: error, operation: row.id, step }, 'a step could not be undone')
          return
        }
        await this.#options.clock.sleep(UNDO_RETRY_MS * attempt, this.#stopping.signal)
      }
    }
  }

  #runOf(row: OperationRow): OperationRun<object> {
    const progress = progressOf(row)
    return {
      id: row.id,
      input: JSON.parse(row.input) as object,
      progress,
      note: async (more) => {
        Object.assign(progress, more)
        await updateOperation(this.#options.metadata.db, row.id, { progress: JSON.stringify(progress) })
      },
      signal: this.#stopping.signal,
      log: this.#options.log.child({ operation: row.id, kind: row.kind }),
    }
  }

  #errorBody(error: unknown, row: OperationRow): object {
    const known = knownError(error, row.id)
    if (known.kind === 'internal')
      this.#options.log.error({ err: error, operation: row.id, kind: row.kind }, 'operation failed')
    return {
      error_code: known.entry.errorCode,
      message: known.message.replaceAll('{traceId}', row.id.replaceAll('-', '')),
      ...(known.details.length > 0 ? { details: known.details } : {}),
    }
  }

  async #failpoint(name: string): Promise<void> {
    await this.#options.failpoint?.(name)
  }
}

function progressOf(row: OperationRow): Record<string, unknown> {
  return JSON.parse(row.progress) as Record<string, unknown>
}

async function refuseConflicts(queries: Queries, locks: readonly Lock[]): Promise<void> {
  const held = await listLocks(queries)
  const clash = held.find((other) => locks.some((lock) => conflict(lock, other)))
  if (clash) throw new LakeletError('conflicting_operations')
}
