// The address of an app, open as long as the app is there: while another process has its port, it is tried again.
import type { Clock } from '../base/clock.ts'
import { type FrontProxy, type FrontProxyOptions, startFrontProxy } from './front-proxy.ts'

export interface AppAddressOptions extends FrontProxyOptions {
  readonly clock: Clock
}

const RETRY_MS = 5000

export class AppAddress implements AsyncDisposable {
  readonly #options: AppAddressOptions
  readonly #ending = new AbortController()
  #proxy: FrontProxy | undefined
  #problem = ''
  #retrying: Promise<void> | undefined

  constructor(options: AppAddressOptions) {
    this.#options = options
  }

  /** Why nobody can reach the app; empty when they can. */
  get problem(): string {
    return this.#problem
  }

  /** The port that it listens on; undefined while it cannot. */
  get port(): number | undefined {
    return this.#proxy?.port
  }

  /** Listens, now or when the port is free. */
  async open(): Promise<void> {
    const { name, port, logger } = this.#options
    try {
      this.#proxy = await startFrontProxy(this.#options)
      this.#problem = ''
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      if (this.#problem === '') logger.warn({ app: name, port }, "an app's port is taken")
      this.#problem = `The app's own port ${port} is taken by another process; it is tried again until it is free.`
      this.#retrying = this.#retry()
    }
  }

  /** Resolves when no request is on its way to the app's port any more, or after `limitMs`. */
  async drained(upstreamPort: number, limitMs: number): Promise<void> {
    await this.#proxy?.drained(upstreamPort, limitMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error('the address is being closed'))
    await this.#retrying
    await this.#proxy?.[Symbol.asyncDispose]()
  }

  async #retry(): Promise<void> {
    const { clock, logger, name } = this.#options
    try {
      await clock.sleep(RETRY_MS, this.#ending.signal)
      await this.open()
    } catch (error) {
      if (!this.#ending.signal.aborted) logger.error({ err: error, app: name }, "an app's address is closed")
    }
  }
}
