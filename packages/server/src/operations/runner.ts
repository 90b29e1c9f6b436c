// Drives one operation: its steps forward one after the other, each result stored before the next begins; or backward, undoing them.
import type { Clock } from '../base/clock.ts'
import { asError, knownError, writeErrorHeader } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata, Queries } from '../metadata/database.ts'
import { deleteLocks, findOperation, type OperationRow, updateOperation } from '../metadata/operations.ts'
import type { Failpoint } from './failpoints.ts'
import type { OperationFailure, OperationKind, OperationRun } from './operation-kind.ts'

// The kinds differ in their input; each is only ever given input that it stored itself.
export type AnyKind = OperationKind<object>

export interface RunnerOptions {
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
  readonly failpoint?: Failpoint
  readonly kinds: ReadonlyMap<string, AnyKind>
  /** Aborted when the workspace stops: the operation is left as it is between two steps then. */
  readonly stopping: AbortSignal
}

/** How often an undo that fails is tried before the operation is given up. */
const UNDO_ATTEMPTS = 5
const UNDO_RETRY_MS = 500

export class OperationRunner {
  readonly #options: RunnerOptions

  constructor(options: RunnerOptions) {
    this.#options = options
  }

  /** Returns what the operation failed with, after undoing it. */
  async drive(row: OperationRow): Promise<Error | undefined> {
    const kind = this.#options.kinds.get(row.kind)
    if (!kind) throw new Error(`operation ${row.id} is of the unknown kind ${row.kind}`)
    if (row.state === 'undoing') {
      await this.#undo(kind, row)
      return undefined
    }
    try {
      const advanced = await this.#advance(kind, row)
      await this.#failpoint(`${kind.name}.complete`)
      await this.#options.metadata.transaction((queries) => this.complete(queries, kind, advanced))
      this.#announce(kind, advanced, undefined)
      return undefined
    } catch (error) {
      if (this.#options.stopping.aborted) throw error
      const current = (await findOperation(this.#options.metadata.db, row.id)) ?? row
      const failed = {
        ...current,
        state: 'undoing' as const,
        error: JSON.stringify(this.errorBody(error, current)),
      }
      await updateOperation(this.#options.metadata.db, row.id, { state: failed.state, error: failed.error })
      await this.#undo(kind, failed)
      return asError(error)
    }
  }

  #announce(kind: AnyKind, row: OperationRow, failure: OperationFailure | undefined): void {
    try {
      kind.ended?.(this.#runOf(row), failure)
    } catch (error) {
      // It is over all the same.
      this.#options.log.error({ err: error, operation: row.id, kind: row.kind }, 'the end was not announced')
    }
  }

  async #advance(kind: AnyKind, start: OperationRow): Promise<OperationRow> {
    let row = start
    for (const step of kind.steps.slice(row.steps_done)) {
      this.#options.stopping.throwIfAborted()
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

  async complete(queries: Queries, kind: AnyKind, row: OperationRow): Promise<OperationRow> {
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
    const run = this.#runOf(row)
    const failure = JSON.parse(row.error ?? '{}') as OperationFailure
    await this.#options.metadata.transaction(async (queries) => {
      await kind.abandon?.(queries, run, failure)
      await updateOperation(queries, row.id, {
        state: 'failed',
        end_time: this.#options.clock.now().toISOString(),
      })
      await deleteLocks(queries, row.id)
    })
    this.#announce(kind, row, failure)
  }

  /** What cannot be undone after some attempts is left to the sweep; the operation must end. */
  async #undoStep(undo: () => Promise<void>, row: OperationRow, step: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await undo()
        return
      } catch (error) {
        this.#options.stopping.throwIfAborted()
        if (attempt === UNDO_ATTEMPTS) {
          this.#options.log.error({ err: error, operation: row.id, step }, 'a step could not be undone')
          return
        }
        await this.#options.clock.sleep(UNDO_RETRY_MS * attempt, this.#options.stopping)
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
      signal: this.#options.stopping,
      log: this.#options.log.child({ operation: row.id, kind: row.kind }),
    }
  }

  errorBody(error: unknown, row: OperationRow): object {
    const known = knownError(error, row.id)
    if (known.kind === 'internal')
      this.#options.log.error({ err: error, operation: row.id, kind: row.kind }, 'operation failed')
    const header = writeErrorHeader(known)
    return {
      ...(header === undefined ? {} : { lakelet_error: header }),
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
