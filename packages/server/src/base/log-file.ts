// The log of a workspace, written beside the event loop: the threads that serve people only hand lines over, and the system's pool
// writes them, one write at a time, so that a slow or a full disk holds up nobody. What cannot be written in time is dropped, and said so.
import { RotatingFile, type RotatingFileOptions } from './rotating-file.ts'

export interface LogFileOptions extends Pick<RotatingFileOptions, 'maxBytes' | 'kept'> {
  /** Whether its lines are JSON, and what it says itself has to be; false when left out. */
  readonly isJson?: boolean
}

/** Characters handed over and not yet written at which lines are dropped: the disk hangs. */
const MAX_BEHIND = 8 * 1024 * 1024
const FLUSH_MS = 2_000
/** Between two looks at whether a write that is under way is over. */
const LOOK_MS = 2

/** A stream for pino. Its end waits for what was written. */
export class LogFile implements AsyncDisposable {
  readonly #file: RotatingFile
  readonly #isJson: boolean
  readonly #onExit = () => this.flushSync()
  #waiting: string[] = []
  #waitingLength = 0
  #dropped = 0
  #starting: NodeJS.Immediate | undefined
  #writing: Promise<void> | undefined
  #isClosed = false

  /** Nothing is opened before the first write. */
  constructor(file: string, options: LogFileOptions = {}) {
    const { isJson = false, ...limits } = options
    this.#isJson = isJson
    this.#file = new RotatingFile(file, {
      ...limits,
      ...(isJson ? { notice: ({ writes, code }) => jsonNotice(UNWRITTEN, { writes, code }) } : {}),
    })
    process.on('exit', this.#onExit)
  }

  /** Hands `text`, whole lines with their ends, over; never throws and never waits. */
  write(text: string): void {
    if (this.#isClosed) return
    if (this.#waitingLength > MAX_BEHIND) {
      this.#dropped += 1
      return
    }
    if (this.#dropped > 0) this.#push(this.#notice())
    this.#push(text)
    // What one turn of the event loop says is one write.
    this.#starting ??= setImmediate(() => this.#start())
  }

  /** Waits, without the event loop, until all that was written is in the file: for a process that is about to end. */
  flushSync(timeoutMs = FLUSH_MS): void {
    const deadline = performance.now() + timeoutMs
    while (this.#file.isWriting) {
      if (performance.now() > deadline) return
      Atomics.wait(PAUSE, 0, 0, LOOK_MS)
    }
    const text = this.#take()
    if (text !== '') this.#file.write(text)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    if (this.#dropped > 0) this.#push(this.#notice())
    this.#isClosed = true
    process.off('exit', this.#onExit)
    clearImmediate(this.#starting)
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, FLUSH_MS)
    await Promise.race([this.#writing, late.promise])
    clearTimeout(timer)
    this.flushSync(0)
    this.#file[Symbol.dispose]()
  }

  #start(): void {
    this.#starting = undefined
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined))
  }

  async #writeAll(): Promise<void> {
    for (let text = this.#take(); text !== ''; text = this.#take()) await this.#file.writeLater(text)
  }

  #push(text: string): void {
    this.#waiting.push(text)
    this.#waitingLength += text.length
  }

  #take(): string {
    const text = this.#waiting.join('')
    this.#waiting = []
    this.#waitingLength = 0
    return text
  }

  #notice(): string {
    const writes = this.#dropped
    this.#dropped = 0
    return this.#isJson ? jsonNotice(TOO_SLOW, { writes }) : `[${TOO_SLOW}: ${writes}]\n`
  }
}

const PAUSE = new Int32Array(new SharedArrayBuffer(4))
const UNWRITTEN = 'log lines could not be written and were dropped'
const TOO_SLOW = 'log lines were dropped because the disk was too slow for them'

function jsonNotice(msg: string, fields: { readonly writes: number; readonly code?: string }): string {
  return `${JSON.stringify({ level: 40, time: Date.now(), component: 'log', ...fields, msg })}\n`
}
