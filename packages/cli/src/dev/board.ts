// What several programs write at once, line by line, each line with the name of who wrote it.

export type Stream = 'stdout' | 'stderr'

export interface BoardOptions {
  readonly write: (stream: Stream, text: string) => void
  /** Whether a stream shows colours. */
  readonly hasColor: (stream: Stream) => boolean
}

/** One who writes. */
export interface Writer {
  write(text: string): void
  /** Ends a line that has no end. */
  end(): void
}

/** A line that does not end is shown after this time: it may be a question. */
const PATIENCE_MS = 250
const COLORS = { cyan: 36, yellow: 33, magenta: 35, green: 32 } as const

export type Color = keyof typeof COLORS

export class Board {
  readonly #options: BoardOptions
  /** Who began a line that has not ended. */
  #open: { readonly writer: object; readonly stream: Stream } | undefined

  constructor(options: BoardOptions) {
    this.#options = options
  }

  /** A writer whose lines begin with `name`. */
  writer(name: string, stream: Stream, color: Color): Writer {
    const prefix = this.#options.hasColor(stream)
      ? `\u001B[${COLORS[color]}m${name} |\u001B[39m `
      : `${name} | `
    const self = {}
    let rest = ''
    let timer: NodeJS.Timeout | undefined
    const show = (text: string): void => {
      if (this.#open?.writer === self) this.#put(stream, text)
      else {
        this.#closeLine()
        this.#put(stream, `${prefix}${text}`)
      }
      this.#open = text.endsWith('\n') ? undefined : { writer: self, stream }
    }
    const flush = (): void => {
      if (rest !== '') show(rest)
      rest = ''
    }
    return {
      write(text) {
        clearTimeout(timer)
        const lines = `${rest}${text}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) show(`${line}\n`)
        if (rest !== '') timer = setTimeout(flush, PATIENCE_MS).unref()
      },
      end: () => {
        clearTimeout(timer)
        flush()
        if (this.#open?.writer === self) this.#closeLine()
      },
    }
  }

  #closeLine(): void {
    if (this.#open) this.#put(this.#open.stream, '\n')
    this.#open = undefined
  }

  #put(stream: Stream, text: string): void {
    this.#options.write(stream, text)
  }
}
