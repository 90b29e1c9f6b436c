// What of the operations of deployments lives in this process: what is being done for each, and the way to end it early.
import { LakeletError } from '../base/errors.ts'
import { randomUUID } from '../base/ids.ts'
import type { OperationRun } from '../operations/operation-kind.ts'

interface Run {
  readonly app: string
  readonly abort: AbortController
}

export class DeploymentRuns {
  /** Names this process in the notes of an operation. */
  readonly process = randomUUID()
  readonly #runs = new Map<string, Run>()
  readonly #working = new Set<Promise<unknown>>()
  readonly #ending = new AbortController()
  readonly #opened = Promise.withResolvers<void>()
  #isOpen = false

  /** Aborted when the workspace stops. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  /** Whether apps may run: they need the workspace's API and its gateway. */
  get isOpen(): boolean {
    return this.#isOpen && !this.#ending.signal.aborted
  }

  /** From now on apps may run. */
  open(): void {
    this.#isOpen = true
    this.#opened.resolve()
  }

  /** Whether something of a deployment of this app is being done. */
  has(app: string): boolean {
    return [...this.#runs.values()].some((run) => run.app === app)
  }

  /** Does part of a deployment; rejects with the reason when that is ended early. */
  async during<T>(
    { id, input, signal: stopping }: OperationRun<{ readonly name: string }>,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { abort } = this.#runOf(id, input.name)
    const signal = AbortSignal.any([abort.signal, this.#ending.signal, stopping])
    signal.throwIfAborted()
    const working = work(signal).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error
    })
    const settled = working.catch(() => undefined)
    this.#working.add(settled)
    void settled.finally(() => this.#working.delete(settled))
    return working
  }

  /** Waits until apps may run. */
  async untilOpen(signal: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<never>()
    const onAbort = () => {
      aborted.reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      signal.throwIfAborted()
      await Promise.race([this.#opened.promise, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** Ends the deployment of this operation early, whatever of it is being done. */
  cancel(operation: string, app: string, reason: LakeletError): void {
    this.#runOf(operation, app).abort.abort(reason)
  }

  /** Forgets an operation that has ended. */
  forget(operation: string): void {
    this.#runs.delete(operation)
  }

  /** Ends all work early, for the end of the workspace, and waits until nothing is done any more. */
  async stop(): Promise<void> {
    this.#ending.abort(new LakeletError('deployment_interrupted'))
    await Promise.all(this.#working)
  }

  #runOf(operation: string, app: string): Run {
    const known = this.#runs.get(operation) ?? { app, abort: new AbortController() }
    this.#runs.set(operation, known)
    return known
  }
}
