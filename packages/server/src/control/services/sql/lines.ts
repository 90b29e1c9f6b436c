// Lines on their way to a reader: whoever writes waits while too much is unread.

const HIGH_BYTES = 1024 * 1024

export class Lines implements AsyncIterable<string> {
  readonly #stallMs: number
  readonly #onStall: () => void
  #unread: string[] = []
  #bytes = 0
  #ended = false
  #wakeReader: (() => void) | undefined
  #wakeWriter: (() => void) | undefined

  /** `onStall` is called when nothing is read for `stallMs` although there is more than enough to read. */
  constructor(stallMs: number, onStall: () => void) {
    this.#stallMs = stallMs
    this.#onStall = onStall
  }

  push(line: object): void {
    const text = `${JSON.stringify(line)}\n`
    this.#unread.push(text)
    this.#bytes += text.length
    this.#wakeReader?.()
  }

  end(): void {
    this.#ended = true
    this.#wakeReader?.()
  }

  /** Resolves when there is room again. */
  async room(): Promise<void> {
    while (this.#bytes > HIGH_BYTES && !this.#ended) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wakeWriter = resolve
        timer = setTimeout(() => {
          this.#onStall()
          resolve()
        }, this.#stallMs)
      })
      clearTimeout(timer)
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      if (this.#unread.length > 0) {
        const text = this.#unread.join('')
        this.#unread = []
        this.#bytes = 0
        this.#wakeWriter?.()
        yield text
      } else if (this.#ended) {
        return
      } else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve
        })
      }
    }
  }
}
