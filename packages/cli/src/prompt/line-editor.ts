// The line that a person types: editing, history and completion by Node's readline; Ctrl-C and Ctrl-D with psql's meaning.
import {
  type Completer,
  type Interface,
  clearScreenDown,
  createInterface,
  cursorTo,
  moveCursor,
} from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { History } from './history.ts'
import type { Line, LineSource } from './line-source.ts'

export interface LineEditorOptions {
  readonly input: Readable
  readonly output: Writable
  readonly history: History
  /** Words that may stand for the last one of `line`, and that one. Never rejects. */
  readonly complete: (line: string) => Promise<[string[], string]>
  /** Ctrl-C while no line is waited for. */
  readonly onInterrupt: () => void
  readonly signal: AbortSignal
}

/** What Node's types leave out; its own REPL uses it. */
interface Internals {
  clearLine(): void
  prevRows: number
}

export class LineEditor implements LineSource, AsyncDisposable {
  readonly isTyped = true
  readonly #options: LineEditorOptions
  readonly #readline: Interface
  readonly #typed: string[] = []
  #isOver = false
  /** Gives the line that is waited for. */
  #give: ((line: Line) => void) | undefined

  private constructor(options: LineEditorOptions, former: string[]) {
    this.#options = options
    const { input, output, history } = options
    const completer = ((line: string, done: (error: null, found: [string[], string]) => void) => {
      const give = done.bind(undefined, null)
      void options.complete(line).then(give)
    }) as unknown as Completer
    this.#readline = createInterface({
      input,
      output,
      terminal: true,
      history: former,
      historySize: 1000,
      removeHistoryDuplicates: true,
      completer,
      prompt: '',
    })
    this.#readline.on('line', (text) => {
      history.add(text)
      this.#typed.push(text)
      this.#hand()
    })
    this.#readline.on('SIGINT', () => this.#interrupt())
    // Suspended and back again: the terminal is as readline needs it, but the line is not shown.
    this.#readline.on('SIGCONT', () => this.#give && this.#readline.prompt(true))
    this.#readline.on('close', () => {
      this.#isOver = true
      this.#hand()
    })
    options.signal.addEventListener('abort', this.#close)
  }

  static async open(options: LineEditorOptions): Promise<LineEditor> {
    return new LineEditor(options, await options.history.load())
  }

  /** The next line that was typed, also while no one waited for it. */
  next(prompt: string): Promise<Line> {
    return new Promise((resolve) => {
      this.#give = resolve
      if (this.#typed.length === 0 && !this.#isOver) {
        this.#readline.setPrompt(prompt)
        this.#readline.prompt(true)
      }
      this.#hand()
    })
  }

  /** Shows a text above the line that is being typed. */
  say(text: string): void {
    const { output } = this.#options
    if (!this.#give) {
      output.write(text)
      return
    }
    moveCursor(output, 0, -this.#readline.getCursorPos().rows)
    cursorTo(output, 0)
    clearScreenDown(output)
    output.write(text)
    this.#internals.prevRows = 0
    this.#readline.prompt(true)
  }

  /** Gives the terminal to `work`, such as an editor, and takes it back. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    const { input } = this.#options
    const raw = 'setRawMode' in input ? (input as Readable & { setRawMode(on: boolean): void }) : undefined
    this.#readline.pause()
    raw?.setRawMode(false)
    try {
      return await work()
    } finally {
      raw?.setRawMode(true)
      this.#readline.resume()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#close)
    this.#readline.close()
    await this.#options.history.flush()
  }

  get #internals(): Internals {
    return this.#readline as unknown as Internals
  }

  readonly #close = (): void => this.#readline.close()

  #hand(): void {
    if (!this.#give) return
    const text = this.#typed.shift()
    if (text === undefined && !this.#isOver) return
    this.#answer(text === undefined ? { kind: 'end' } : { kind: 'line', text })
  }

  #interrupt(): void {
    if (!this.#give) {
      this.#typed.length = 0
      this.#options.onInterrupt()
      return
    }
    this.#options.output.write('^C')
    this.#internals.clearLine()
    this.#answer({ kind: 'interrupt' })
  }

  #answer(line: Line): void {
    const give = this.#give
    this.#give = undefined
    // What is typed while a statement runs is shown without a prompt.
    this.#readline.setPrompt('')
    give?.(line)
  }
}
