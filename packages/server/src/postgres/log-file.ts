// What a Postgres process says: kept in a file that rotates by size, with the last lines in memory for error messages.
import { type WriteStream, createWriteStream, renameSync, statSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

const ROTATE_BYTES = 8 * 1024 * 1024
const KEPT_LINES = 50

export class LogFile {
  readonly #file: string
  readonly #rotateBytes: number
  #stream: WriteStream | undefined
  #size = 0
  #partial = ''
  readonly #decoder = new StringDecoder('utf8')
  readonly #lines: string[] = []

  /** At `rotateBytes` the file becomes `<file>.1` and a new one begins. Nothing is opened before the first write. */
  constructor(file: string, rotateBytes = ROTATE_BYTES) {
    this.#file = file
    this.#rotateBytes = rotateBytes
  }

  /** Appends output; calls `onLine` for each line that it completes. */
  write(chunk: Buffer, onLine: (line: string) => void): void {
    this.#open().write(chunk)
    this.#size += chunk.length
    if (this.#size >= this.#rotateBytes) this.#rotate()
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

  async close(): Promise<void> {
    const stream = this.#stream
    this.#stream = undefined
    if (stream) await new Promise<void>((resolve) => stream.end(resolve))
  }

  #open(): WriteStream {
    if (!this.#stream) {
      this.#stream = createWriteStream(this.#file, { flags: 'a', mode: 0o600 })
      // A full disk must not end the server: the lines stay in memory.
      this.#stream.on('error', () => undefined)
      this.#size = statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0
    }
    return this.#stream
  }

  #rotate(): void {
    this.#stream?.end()
    this.#stream = undefined
    try {
      renameSync(this.#file, `${this.#file}.1`)
    } catch {
      // The file is not there yet or not ours to move; it goes on growing.
    }
  }
}
