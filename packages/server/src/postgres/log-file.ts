// What a Postgres process says: kept in a file that rotates by size, with the last lines in memory for error messages.
// Written synchronously: it is little, and the order of rotation and writing stays plain.
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

const ROTATE_BYTES = 8 * 1024 * 1024
const KEPT_LINES = 50

export class LogFile implements Disposable {
  readonly #file: string
  readonly #rotateBytes: number
  readonly #decoder = new StringDecoder('utf8')
  readonly #lines: string[] = []
  #descriptor: number | undefined
  #size = 0
  #partial = ''

  /** At `rotateBytes` the file becomes `<file>.1` and a new one begins. Nothing is opened before the first write. */
  constructor(file: string, rotateBytes = ROTATE_BYTES) {
    this.#file = file
    this.#rotateBytes = rotateBytes
  }

  /** Appends output; calls `onLine` for each line that it completes. */
  write(chunk: Buffer, onLine: (line: string) => void): void {
    this.#append(chunk)
    const lines = (this.#partial + this.#decoder.write(chunk)).split('\n')
    this.#partial = lines.pop() ?? ''
    for (const line of lines) {
      this.#lines.push(line)
      if (this.#lines.length > KEPT_LINES) this.#lines.shift()
      onLine(line)
    }
  }

  /** The last lines, oldest first. */
  get lastLines(): readonly string[] {
    return this.#partial ? [...this.#lines, this.#partial] : this.#lines
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }

  #append(chunk: Buffer): void {
    try {
      if (this.#descriptor === undefined) {
        this.#descriptor = openSync(this.#file, 'a', 0o600)
        this.#size = fstatSync(this.#descriptor).size
      }
      this.#size += writeSync(this.#descriptor, chunk)
      if (this.#size < this.#rotateBytes) return
      this[Symbol.dispose]()
      renameSync(this.#file, `${this.#file}.1`)
    } catch {
      // A full disk must not end the server: the lines stay in memory.
    }
  }
}
