// What a Postgres process says: kept in a file that turns over by size, with the last lines in memory for error messages. Users write
// most of it (a failing statement stands in it whole), so lines are cut, and nothing is ever decided by what a line says but what a backend
// says of its own memory (memory-reports.ts).
import type { Readable } from 'node:stream'
import { LineSplitter } from '../base/lines.ts'
import { RotatingFile } from '../base/rotating-file.ts'
import { MemoryReports } from './memory-reports.ts'

const KEPT_LINES = 50
/**
 * What the archiver process says of each segment, because it has no command: the workspace does its work. As `log_line_prefix` of
 * `settings.ts` has it for a process without a session, so that no statement of a user looks like it.
 */
const ARCHIVER_IDLE =
  /^\S+ \S+ UTC \[\d+\] (?:WARNING: {2}archive_mode enabled, yet archiving is not configured|DETAIL: {2}"archive_command" is not set)/

export class LogFile {
  /** What backends were asked about their memory; the answers stand in no file. */
  readonly memory = new MemoryReports()
  readonly #file: RotatingFile
  readonly #splitter = new LineSplitter((line) => {
    if (!ARCHIVER_IDLE.test(line) && !this.memory.takes(line)) this.#complete.push(line)
  })
  readonly #lines: string[] = []
  #complete: string[] = []

  /** At `maxBytes` (8 MiB when left out) the file becomes `<file>.1` and a new one begins. Nothing is opened before the first write. */
  constructor(file: string, maxBytes?: number) {
    this.#file = new RotatingFile(file, maxBytes === undefined ? {} : { maxBytes })
  }

  /** Takes lines from `stream` until it is over; then the file is closed. */
  follow(stream: Readable): void {
    stream.on('data', (chunk: Buffer) => {
      this.write(chunk)
    })
    stream.on('error', () => undefined)
    stream.once('close', () => {
      this.#splitter.end()
      this.#flush()
      this.#file[Symbol.dispose]()
    })
  }

  /** Appends output, cut into lines of at most 16 KiB. */
  write(chunk: Buffer): void {
    this.#splitter.write(chunk)
    this.#flush()
  }

  /** The last lines, oldest first. */
  get lastLines(): readonly string[] {
    const { partial } = this.#splitter
    return partial ? [...this.#lines, partial] : this.#lines
  }

  #flush(): void {
    const lines = this.#complete
    if (lines.length === 0) return
    this.#complete = []
    this.#file.write(`${lines.join('\n')}\n`)
    this.#lines.push(...lines.slice(-KEPT_LINES))
    this.#lines.splice(0, Math.max(0, this.#lines.length - KEPT_LINES))
  }
}
