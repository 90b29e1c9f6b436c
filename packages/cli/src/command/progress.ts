// What a person sees while a command takes its time: on a terminal one line that is rewritten, elsewhere plain lines on standard error.
import type { Terminal } from './terminal.ts'

/** What is done sooner needs no word. */
const DELAY_MS = 1000
const FRAME_MS = 120
const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
/** Width of a terminal that does not say it. */
const COLUMNS = 80

/** To the beginning of the line, and clear it. */
const CLEAR_LINE = '\r\u001B[K'

type Outside = Pick<Terminal, 'stderr' | 'env' | 'isInteractive' | 'columns'>

export class Progress implements Disposable {
  readonly #terminal: Outside
  readonly #isAnimated: boolean
  readonly #started = performance.now()
  readonly #delay: NodeJS.Timeout
  #frames: NodeJS.Timeout | undefined
  #frame = 0
  #text: string
  #detail = ''
  #isShown = false

  /** Begins; `text` says what is going on, such as `Deploying my-app`. Nothing is written within the first second. */
  constructor(terminal: Outside, text: string) {
    this.#terminal = terminal
    this.#text = text
    this.#isAnimated = canRewrite(terminal)
    this.#delay = setTimeout(() => this.#show(), DELAY_MS).unref()
  }

  /** What is going on now. */
  say(text: string): void {
    if (text === this.#text) return
    this.#text = text
    this.#detail = ''
    if (this.#isShown && !this.#isAnimated) this.#line()
  }

  /** Whether a detail is shown: what is looked up for it alone need not be looked up otherwise. */
  get showsDetail(): boolean {
    return this.#isAnimated
  }

  /** What changes often, such as the latest line of a log; only a terminal shows it. */
  detail(text: string): void {
    this.#detail = text
  }

  /** Ends it; a terminal's line is taken away. */
  [Symbol.dispose](): void {
    clearTimeout(this.#delay)
    clearInterval(this.#frames)
    if (this.#isShown && this.#isAnimated) this.#terminal.stderr(CLEAR_LINE)
    this.#isShown = false
  }

  #show(): void {
    this.#isShown = true
    if (!this.#isAnimated) this.#line()
    else {
      this.#draw()
      this.#frames = setInterval(() => this.#draw(), FRAME_MS).unref()
    }
  }

  #line(): void {
    this.#terminal.stderr(`${this.#text} …\n`)
  }

  #draw(): void {
    const frame = FRAMES[this.#frame++ % FRAMES.length] ?? ''
    const seconds = Math.round((performance.now() - this.#started) / 1000)
    const head = `${frame} ${this.#text} … ${seconds} s`
    const line = this.#detail === '' ? head : `${head}  ${plain(this.#detail)}`
    // A line that wraps could not be taken away.
    const width = (this.#terminal.columns || COLUMNS) - 1
    this.#terminal.stderr(`${CLEAR_LINE}${line.slice(0, width)}`)
  }
}

/** Whether lines may be rewritten: for a person, on a terminal that can, who did not ask for plain output (https://no-color.org). */
function canRewrite({ isInteractive, env }: Outside): boolean {
  return isInteractive && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}

/** Without the control codes that a log may hold. */
function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is taken away
  return text.replace(/\u001B\[[0-9;?]*[A-Za-z]|[\u0000-\u001F\u007F]/g, '')
}

/** Shows progress while `work` runs. */
export async function withProgress<T>(
  terminal: Outside,
  text: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  using progress = new Progress(terminal, text)
  return await work(progress)
}
