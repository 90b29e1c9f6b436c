// Log files written by a thread of their own, so that a slow or a full disk holds up nobody: the threads that serve people only hand
// lines over. What the thread cannot take in time is dropped, and said so.
import { Worker } from 'node:worker_threads'
import { type Order, SHARED } from './log-writer-thread.ts'
import type { RotatingFileOptions } from './rotating-file.ts'

export interface LogSinkOptions extends Pick<RotatingFileOptions, 'maxBytes' | 'kept'> {
  /** Whether its lines are JSON, and what it says itself has to be; false when left out. */
  readonly isJson?: boolean
}

/** Where one log goes: a stream for pino, and for whatever else has lines. */
export interface LogSink extends Disposable {
  /** Hands `text`, whole lines with their ends, over; never throws and never waits. */
  write(text: string): void
}

export interface LogWriter extends AsyncDisposable {
  open(file: string, options?: LogSinkOptions): LogSink
  /** Waits, without the event loop, until all that was written is in the files: for a process that is about to end. */
  flushSync(timeoutMs?: number): void
}

/** Bytes handed over and not yet written at which lines are dropped: the disk hangs. */
const MAX_BEHIND_BYTES = 8 * 1024 * 1024
/** Bytes that are collected at most before they are handed over; a turn of the event loop otherwise. */
const BATCH_BYTES = 64 * 1024
const FLUSH_MS = 2_000

export function startLogWriter(): LogWriter {
  return new ThreadedLogWriter()
}

class ThreadedLogWriter implements LogWriter {
  readonly #shared = new BigInt64Array(new SharedArrayBuffer(2 * BigInt64Array.BYTES_PER_ELEMENT))
  readonly #worker: Worker
  readonly #sinks = new Set<Sink>()
  readonly #onExit = () => {
    this.flushSync()
  }
  #nextId = 1
  #bytesGiven = 0
  #ordersGiven = 0
  #isOver = false

  constructor() {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
    this.#worker = new Worker(new URL(`./log-writer-thread.${extension}`, import.meta.url), {
      workerData: this.#shared,
      name: 'log-writer',
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    })
    // Without it logs are lost and nothing else: there is nowhere left to say so but the terminal.
    this.#worker.on('error', (error) => {
      this.#isOver = true
      process.stderr.write(`lakelet: the log can no longer be written: ${error.message}\n`)
    })
    this.#worker.unref()
    process.on('exit', this.#onExit)
  }

  open(file: string, options: LogSinkOptions = {}): LogSink {
    const id = this.#nextId
    this.#nextId += 1
    const { isJson = false, ...limits } = options
    this.#order({ kind: 'open', id, file, isJson, ...limits })
    const sink = new Sink({
      isJson,
      isBehind: () => this.#bytesGiven - this.#count(SHARED.bytesDone) > MAX_BEHIND_BYTES,
      give: (text) => {
        const bytes = Buffer.byteLength(text)
        this.#bytesGiven += bytes
        this.#order({ kind: 'write', id, text, bytes })
      },
      close: () => {
        this.#sinks.delete(sink)
        this.#order({ kind: 'close', id })
      },
    })
    this.#sinks.add(sink)
    return sink
  }

  flushSync(timeoutMs = FLUSH_MS): void {
    for (const sink of this.#sinks) sink.flush()
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const done = this.#count(SHARED.ordersDone)
      const leftMs = deadline - performance.now()
      if (this.#isOver || done >= this.#ordersGiven || leftMs <= 0) return
      Atomics.wait(this.#shared, SHARED.ordersDone, BigInt(done), leftMs)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return
    for (const sink of this.#sinks) sink[Symbol.dispose]()
    this.flushSync()
    this.#isOver = true
    process.off('exit', this.#onExit)
    await this.#worker.terminate()
  }

  #order(order: Order): void {
    if (this.#isOver) return
    this.#ordersGiven += 1
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    this.#worker.postMessage(order)
  }

  #count(place: number): number {
    return Number(Atomics.load(this.#shared, place))
  }
}

interface SinkPort {
  readonly isJson: boolean
  isBehind(): boolean
  give(text: string): void
  close(): void
}

class Sink implements LogSink {
  readonly #port: SinkPort
  #pending: string[] = []
  #pendingLength = 0
  #flushing: NodeJS.Immediate | undefined
  #dropped = 0
  #isClosed = false

  constructor(port: SinkPort) {
    this.#port = port
  }

  write(text: string): void {
    if (this.#isClosed) return
    if (this.#port.isBehind()) {
      this.#dropped += 1
      return
    }
    if (this.#dropped > 0) this.#push(this.#notice())
    this.#push(text)
    if (this.#pendingLength >= BATCH_BYTES) this.flush()
    else this.#flushing ??= setImmediate(() => this.flush())
  }

  flush(): void {
    clearImmediate(this.#flushing)
    this.#flushing = undefined
    if (this.#pending.length === 0) return
    const text = this.#pending.join('')
    this.#pending = []
    this.#pendingLength = 0
    this.#port.give(text)
  }

  [Symbol.dispose](): void {
    if (this.#isClosed) return
    if (this.#dropped > 0) this.#push(this.#notice())
    this.flush()
    this.#isClosed = true
    this.#port.close()
  }

  #push(text: string): void {
    this.#pending.push(text)
    this.#pendingLength += text.length
  }

  #notice(): string {
    const writes = this.#dropped
    this.#dropped = 0
    const msg = 'log lines were dropped because the disk was too slow for them'
    if (!this.#port.isJson) return `[${msg}: ${writes}]\n`
    return `${JSON.stringify({ level: 40, time: Date.now(), component: 'log', writes, msg })}\n`
  }
}
