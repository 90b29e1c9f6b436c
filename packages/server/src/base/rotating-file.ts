// A log file of bounded size that can never hurt who writes to it. At `maxBytes` it becomes `<file>.1`, that one `.2`, and so on; the
// oldest is dropped. What cannot be written (a full disk, a folder that went away) is dropped and counted, and the next write that
// succeeds says so first.
import {
  close,
  closeSync,
  constants,
  fstat,
  fstatSync,
  ftruncate,
  ftruncateSync,
  open,
  openSync,
  rename,
  renameSync,
  write as writeLaterTo,
  writeSync as writeToDescriptor,
} from 'node:fs'
import { promisify } from 'node:util'

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

const opensLater = promisify(open)
const statsLater = promisify(fstat)
const truncatesLater = promisify(ftruncate)
const closesLater = promisify(close)
const renamesLater = promisify(rename)
const writesLater = promisify(writeLaterTo<Buffer>)

const MAX_BYTES = 8 * 1024 * 1024

/** `write` is synchronous, for what is little; `writeLater` leaves it to the system's pool, see {@link LogFile}. */
export class RotatingFile implements Disposable {
  readonly #file: string
  readonly #maxBytes: number
  readonly #kept: number
  readonly #notice: (dropped: Dropped) => string
  #descriptor: number | undefined
  #size = 0
  #dropped: Dropped | undefined
  /** The size that the file will have when what `writeLater` writes is in it. */
  #sizeToCome: number | undefined

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
      this.#drop(error)
    }
  }

  /** As `write`, without holding up this thread while the disk does. One at a time. Never rejects. */
  async writeLater(content: string): Promise<void> {
    try {
      const bytes = Buffer.from(content)
      await this.#appendLater(
        this.#dropped ? Buffer.concat([Buffer.from(this.#notice(this.#dropped)), bytes]) : bytes,
      )
      this.#dropped = undefined
    } catch (error) {
      this.#drop(error)
    } finally {
      this.#sizeToCome = undefined
    }
  }

  /** Whether the disk is still at what `writeLater` gave it, also where the event loop has not heard of its end. */
  get isWriting(): boolean {
    if (this.#descriptor === undefined || this.#sizeToCome === undefined) return false
    return fstatSync(this.#descriptor).size < this.#sizeToCome
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

  #drop(error: unknown): void {
    const writes = (this.#dropped?.writes ?? 0) + 1
    this.#dropped = { writes, code: this.#dropped?.code ?? codeOf(error) }
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

  async #appendLater(bytes: Buffer): Promise<void> {
    if (this.#descriptor === undefined) await this.#openLater()
    if (this.#size >= this.#maxBytes) await this.#turnOverLater()
    const descriptor = this.#descriptor
    if (descriptor === undefined) throw new Error('the log file is not open')
    let written = 0
    this.#sizeToCome = this.#size + bytes.length
    try {
      while (written < bytes.length) written += (await writesLater(descriptor, bytes, written)).bytesWritten
    } catch (error) {
      if (written > 0) await truncatesLater(descriptor, this.#size).catch(() => (this.#size += written))
      throw error
    }
    this.#size += bytes.length
  }

  async #openLater(): Promise<void> {
    const descriptor = await opensLater(this.#file, 'a', 0o600)
    const { size } = await statsLater(descriptor)
    // Meanwhile one may have been opened at once, for last words.
    const former = this.#descriptor
    this.#descriptor = descriptor
    this.#size = size
    if (former !== undefined) await closesLater(former).catch(() => {})
  }

  async #turnOverLater(): Promise<void> {
    for (const [from, to] of this.#moves()) await renamesLater(from, to).catch(unlessMissing)
    if (this.#kept === 0 && this.#descriptor !== undefined) await truncatesLater(this.#descriptor, 0)
    await this.#openLater()
  }

  /** What becomes of which name, in this order, when the file is turned over. */
  #moves(): (readonly [from: string, to: string])[] {
    const names = [this.#file, ...Array.from({ length: this.#kept }, (_, age) => `${this.#file}.${age + 1}`)]
    return names
      .slice(1)
      .map((name, age): [string, string] => [names[age] ?? '', name])
      .toReversed()
  }

  #open(): void {
    this[Symbol.dispose]()
    // Without waiting for a reader where somebody put a pipe there.
    const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
    this.#descriptor = openSync(this.#file, flags, 0o600)
    this.#size = fstatSync(this.#descriptor).size
  }

  #turnOver(): void {
    for (const [from, to] of this.#moves()) renameIfThere(from, to)
    if (this.#kept === 0 && this.#descriptor !== undefined) ftruncateSync(this.#descriptor, 0)
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
    unlessMissing(error)
  }
}

function unlessMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error
}
