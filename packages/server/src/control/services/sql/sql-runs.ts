// SQL for callers of the API. A run has no rights of its own: it logs in as the caller, with a credential made for the caller.
import type { SqlRunBody } from '@lakelet/api'
import type { Caller } from '../../../base/caller.ts'
import type { Clock } from '../../../base/clock.ts'
import { LakeletError } from '../../../base/errors.ts'
import type { Logger } from '../../../base/log.ts'
import type { DatabaseCredentials } from '../../../identity/database-credentials.ts'
import type { CredentialEndpoints } from '../credentials.ts'
import { Lines } from './lines.ts'
import { runSql } from './sql-run.ts'

const RUNS_PER_CALLER = 4
const RUNS = 16
/** A reader that takes nothing for so long has its run cancelled. */
const STALL_MS = 60_000
const REMEMBERED_MS = 3600_000
const REMEMBERED = 100_000

export interface SqlRunsOptions {
  readonly credentials: DatabaseCredentials
  readonly endpoints: CredentialEndpoints
  /** Where the gateway listens, and whose certificates it shows. */
  readonly gateway: () => { readonly host: string; readonly port: number; readonly ca: string }
  readonly clock: Clock
  readonly log: Logger
}

interface Run {
  readonly callerId: number
  readonly abort: AbortController
  readonly ended: Promise<void>
}

export class SqlRuns implements AsyncDisposable {
  readonly #options: SqlRunsOptions
  readonly #running = new Map<string, Run>()
  /** Run ids and when they were accepted, the oldest first. */
  readonly #accepted = new Map<string, number>()

  constructor(options: SqlRunsOptions) {
    this.#options = options
  }

  /**
   * Accepts a run and gives its lines. The first line is there before anything is sent to Postgres: a browser repeats a request only
   * when no answer came, so what may have had an effect is never repeated. When `gone` is aborted, nobody reads any more and the run is cancelled.
   * LakeletError `sql_run_repeated`, `sql_runs_limit`, `resource_not_found`.
   */
  async start(caller: Caller, body: SqlRunBody, gone: AbortSignal): Promise<AsyncIterable<string>> {
    this.#admit(caller, body.run_id)
    const endpoint = await this.#options.endpoints.nameFor(caller, body.endpoint)
    if (endpoint === undefined) throw new LakeletError('resource_not_found', { type: 'endpoint' })
    this.#accept(body.run_id)
    const abort = new AbortController()
    const lines = new Lines(STALL_MS, () => abort.abort())
    const leave = () => {
      abort.abort()
      // The generator below may wait for a line that a slow statement does not write.
      lines.end()
    }
    if (gone.aborted) leave()
    else gone.addEventListener('abort', leave, { once: true })
    return this.#lines(caller, body, { endpoint, abort, lines })
  }

  /** Cancels a run of the caller. LakeletError `resource_not_found` for one that does not run or is another's. */
  async cancel(caller: Caller, runId: string): Promise<void> {
    const run = this.#running.get(runId)
    if (!run || run.callerId !== caller.id) throw new LakeletError('resource_not_found', { type: 'SQL run' })
    run.abort.abort()
    await run.ended
  }

  /** Cancels every run. */
  async [Symbol.asyncDispose](): Promise<void> {
    const runs = [...this.#running.values()]
    for (const run of runs) run.abort.abort()
    await Promise.all(runs.map((run) => run.ended))
  }

  async *#lines(
    caller: Caller,
    body: SqlRunBody,
    run: { readonly endpoint: string; readonly abort: AbortController; readonly lines: Lines },
  ): AsyncGenerator<string> {
    const { abort, lines } = run
    const ending = Promise.withResolvers<void>()
    this.#running.set(body.run_id, { callerId: caller.id, abort, ended: ending.promise })
    try {
      yield `${JSON.stringify({ event: 'accepted', run_id: body.run_id })}\n`
      const { token } = this.#options.credentials.issue(caller, { endpoint: run.endpoint })
      const login = { ...this.#options.gateway(), user: caller.name, password: token }
      const { log } = this.#options
      const done = runSql(body, login, { lines, signal: abort.signal, log })
      yield* lines
      await done
    } finally {
      // Also reached when the reader leaves early.
      abort.abort()
      lines.end()
      this.#running.delete(body.run_id)
      ending.resolve()
    }
  }

  #admit(caller: Caller, runId: string): void {
    this.#forgetOld()
    if (this.#accepted.has(runId)) throw new LakeletError('sql_run_repeated', { run: runId })
    const own = [...this.#running.values()].filter(({ callerId }) => callerId === caller.id).length
    if (own >= RUNS_PER_CALLER) throw new LakeletError('sql_runs_limit', { limit: RUNS_PER_CALLER })
    if (this.#running.size >= RUNS) throw new LakeletError('sql_runs_limit', { limit: RUNS })
  }

  #accept(runId: string): void {
    // Between the check and here another request of the same id may have been accepted.
    if (this.#accepted.has(runId)) throw new LakeletError('sql_run_repeated', { run: runId })
    this.#accepted.set(runId, this.#options.clock.now().getTime())
  }

  #forgetOld(): void {
    const before = this.#options.clock.now().getTime() - REMEMBERED_MS
    for (const [id, at] of this.#accepted) {
      if (at > before && this.#accepted.size < REMEMBERED) return
      this.#accepted.delete(id)
    }
  }
}
