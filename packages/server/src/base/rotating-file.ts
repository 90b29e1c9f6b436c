// A log file of bounded size that can never hurt who writes to it. At `maxBytes` it becomes `<file>.1`, that one `.2`, and so on; the
// oldest is dropped. What cannot be written (a full disk, a folder that went away) is dropped and counted, and the next write that
// succeeds says so first.
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeSync as writeToDescriptor,
} from 'node:fs'

export interface RotatingFileOptions {
  /** Size in bytes at which the file is turned over; 8 MiB when left out. */
  readonly maxBytes?: number
  /** How many turned-over files stay; 1 when left out. */
  readonly kept?: number
  /** The line, with its end, that tells of what was dropped; plain text when left out. */
  readonly notice?: (dropped: Dropped) => string
}

/** What could not be written since the last write that could. */
export interface Dropped {
  /** How many calls of `write` were lost. */
  readonly writes: number
  /** Error code of the first of them: `ENOSPC`, `EACCES`, `EIO`. */
  readonly code: string
}

const MAX_BYTES = 8 * 1024 * 1024

/** Synchronous; on the workspace's own thread use it for what is little, and {@link startLogWriter} for the rest. */
export class RotatingFile implements Disposable {
  readonly #file: string
  readonly #maxBytes: number
  readonly #kept: number
  readonly #notice: (dropped: Dropped) => string
  #descriptor: number | undefined
  #size = 0
  #dropped: Dropped | undefined

  /** Nothing is opened before the first write. */
  constructor(file: string, options: RotatingFileOptions = {}) {
    this.#file = file
    this.#maxBytes = options.maxBytes ?? MAX_BYTES
    this.#kept = options.kept ?? 1
    this.#notice = options.notice ?? plainNotice
  }

  /** What was lost and not yet told of. */
  get dropped(): Dropped | undefined {
    return this.#dropped
  }

  /** Appends all of `content`, or nothing of it. Never throws. */
  write(content: string | Buffer): void {
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content
      // Together or not at all: on a disk that has room for the notice only, it would be written again and again.
      this.#append(this.#dropped ? Buffer.concat([Buffer.from(this.#notice(this.#dropped)), bytes]) : bytes)
      this.#dropped = undefined
    } catch (error) {
      const writes = (this.#dropped?.writes ?? 0) + 1
      this.#dropped = { writes, code: this.#dropped?.code ?? codeOf(error) }
    }
  }

  [Symbol.dispose](): void {
    const descriptor = this.#descriptor
    this.#descriptor = undefined
    if (descriptor === undefined) return
    try {
      closeSync(descriptor)
    } catch {
      // What a close reports (EIO) is of writes that are over; there is nobody to tell.
    }
  }

  #append(bytes: Buffer): void {
    const descriptor = this.#opened()
    let written = 0
    try {
      while (written < bytes.length) written += writeToDescriptor(descriptor, bytes, written)
    } catch (error) {
      this.#takeBack(descriptor, written)
      throw error
    }
    this.#size += bytes.length
  }

  /** The file to write to; turned over first when it is full. */
  #opened(): number {
    if (this.#descriptor === undefined) this.#open()
    if (this.#size >= this.#maxBytes) {
      this.#turnOver()
      this.#open()
    }
    if (this.#descriptor === undefined) throw new Error('the log file is not open')
    return this.#descriptor
  }

  #open(): void {
    this[Symbol.dispose]()
    this.#descriptor = openSync(this.#file, 'a', 0o600)
    this.#size = fstatSync(this.#descriptor).size
  }

  #turnOver(): void {
    for (let age = this.#kept - 1; age >= 1; age -= 1) {
      renameIfThere(`${this.#file}.${age}`, `${this.#file}.${age + 1}`)
    }
    if (this.#kept > 0) renameIfThere(this.#file, `${this.#file}.1`)
    else if (this.#descriptor !== undefined) ftruncateSync(this.#descriptor, 0)
  }

  /** A disk may become full in the middle of a line: half a line would spoil the next one. */
  #takeBack(descriptor: number, written: number): void {
    if (written === 0) return
    try {
      ftruncateSync(descriptor, this.#size)
    } catch {
      this.#size += written
    }
  }
}

function plainNotice({ writes, code }: Dropped): string {
  return `[${writes} ${writes === 1 ? 'entry' : 'entries'} of this log could not be written and were dropped: ${code}]\n`
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
}
