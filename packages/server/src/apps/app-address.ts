// The address of an app, open as long as the app is there. Its port stays the same unless another process has taken it by the next start: the
// app moves then, since an address that is handed out must be ours.
import { type FrontProxy, type FrontProxyOptions, startFrontProxy } from './front-proxy.ts'

export interface AppAddressOptions extends FrontProxyOptions {
  /** Finds the app another port and remembers it. */
  readonly movePort: () => Promise<number>
}

/** Ports may be taken again between finding and opening them. */
const MOVES = 10

export class AppAddress implements AsyncDisposable {
  readonly #options: AppAddressOptions
  #proxy: FrontProxy | undefined

  constructor(options: AppAddressOptions) {
    this.#options = options
  }

  /** The port that it listens on; undefined before it does. */
  get port(): number | undefined {
    return this.#proxy?.port
  }

  /** Listens, on another port when its own is taken; rejects with the system's error when there is none to have. */
  async open(): Promise<void> {
    let { port } = this.#options
    for (let moves = 0; !this.#proxy; moves += 1) {
      try {
        this.#proxy = await startFrontProxy({ ...this.#options, port })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || moves === MOVES) throw error
        port = await this.#move(port)
      }
    }
  }

  /** Resolves when no request is on its way to the app's port any more, or after `limitMs`. */
  async drained(upstreamPort: number, limitMs: number): Promise<void> {
    await this.#proxy?.drained(upstreamPort, limitMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#proxy?.[Symbol.asyncDispose]()
  }

  async #move(from: number): Promise<number> {
    const { name, host, log, logger, movePort } = this.#options
    const to = await movePort()
    log.add(
      'SYSTEM',
      `Port ${from} is taken by another program, so the app's address is now http://${host}:${to}`,
    )
    logger.warn({ app: name, from, to }, "an app's port is taken: it has another address")
    return to
  }
}
