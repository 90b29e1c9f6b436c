// Connections of an app's address that stay open: WebSockets, event streams, long answers. Who they were opened for may sign out or lose a
// permission meanwhile, so their visitors are asked for again, as long as there are any.
import { isLakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'

export interface OpenStream {
  /** Rejects where its visitor would not be let in any more. */
  readonly admit: () => Promise<unknown>
  readonly close: (reason: Error) => void
}

export interface OpenStreamsOptions {
  readonly everyMs: number
  readonly logger: Logger
}

export class OpenStreams implements Disposable {
  readonly #options: OpenStreamsOptions
  readonly #open = new Set<OpenStream>()
  #timer: NodeJS.Timeout | undefined

  constructor(options: OpenStreamsOptions) {
    this.#options = options
  }

  /** Looks at the stream now and then until the returned function is called. */
  add(stream: OpenStream): () => void {
    this.#open.add(stream)
    this.#timer ??= setInterval(() => void this.#look(), this.#options.everyMs).unref()
    return () => {
      this.#open.delete(stream)
      if (this.#open.size === 0) this[Symbol.dispose]()
    }
  }

  async #look(): Promise<void> {
    await Promise.all(
      [...this.#open].map(async (stream) => {
        try {
          await stream.admit()
        } catch (error) {
          // What went wrong here is not its visitor's fault.
          if (isLakeletError(error)) stream.close(error)
          else this.#options.logger.error({ err: error }, 'looking at a visitor again failed')
        }
      }),
    )
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
