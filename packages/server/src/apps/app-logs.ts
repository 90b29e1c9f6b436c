// The log of one app: what it writes (APP) and what happens to it (SYSTEM). The latest lines are in memory for readers; all go to a
// file that is turned over. An app may write without end: memory, disk and the time that writing takes are bounded.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { AppLogLine } from '@lakelet/api'
import type { Clock } from '../base/clock.ts'
import { ensureDirectory } from '../base/files.ts'
import { RotatingFile } from '../base/rotating-file.ts'

const LINES_IN_MEMORY = 2000
/** Characters of all lines in memory. */
const CHARACTERS_IN_MEMORY = 4 * 1024 * 1024
const LARGEST_FILE = 5 * 1024 * 1024
const LONGEST_LINE = 16 * 1024
/** Characters of the notice at the end of a line that was cut. */
const NOTICE = 100
/** Lines are written together, since a call to the system for each would cost more than the lines. */
const WRITE_AFTER_MS = 50
const WRITE_AFTER_CHARACTERS = 256 * 1024

export interface AppLog extends AsyncDisposable {
  add(source: AppLogLine['source'], message: string): void
  /** The latest lines, the oldest first. */
  tail(lines: number): AppLogLine[]
  /** Calls `listener` with each new line until the returned function is called. */
  subscribe(listener: (line: AppLogLine) => void): () => void
}

/** Opens the log in `directory` and brings its latest lines back. */
export async function openAppLog(directory: string, clock: Clock): Promise<AppLog> {
  await ensureDirectory(directory)
  const file = path.join(directory, 'app.log')
  return new FileLog(file, clock, (await readLog(`${file}.1`)).concat(await readLog(file)))
}

class FileLog implements AppLog {
  readonly #clock: Clock
  readonly #file: RotatingFile
  readonly #lines: AppLogLine[] = []
  readonly #listeners = new Set<(line: AppLogLine) => void>()
  /** Characters of the lines in memory. */
  #characters = 0
  #waiting: string[] = []
  #waitingCharacters = 0
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(file: string, clock: Clock, lines: readonly AppLogLine[]) {
    this.#clock = clock
    this.#file = new RotatingFile(file, { maxBytes: LARGEST_FILE, notice: noticeAt(clock) })
    for (const line of lines) this.#keep(line)
  }

  add(source: AppLogLine['source'], message: string): void {
    const line = { source, timestamp: this.#clock.now().getTime() / 1000, message: shortened(message) }
    this.#keep(line)
    for (const listener of this.#listeners) listener(line)
    if (!this.#isClosed) this.#write(`${JSON.stringify(line)}\n`)
  }

  tail(lines: number): AppLogLine[] {
    return lines > 0 ? this.#lines.slice(-lines) : []
  }

  subscribe(listener: (line: AppLogLine) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#flush()
    this.#file[Symbol.dispose]()
    this.#listeners.clear()
    return Promise.resolve()
  }

  #keep(line: AppLogLine): void {
    this.#lines.push(line)
    this.#characters += line.message.length
    const isTooMuch = this.#characters > CHARACTERS_IN_MEMORY * 1.5
    // Trimmed in steps, so that a line costs no copy of all others.
    if (this.#lines.length <= LINES_IN_MEMORY * 1.5 && !isTooMuch) return
    let first = Math.max(0, this.#lines.length - LINES_IN_MEMORY)
    let left = this.#lines.slice(first).reduce((sum, each) => sum + each.message.length, 0)
    for (; left > CHARACTERS_IN_MEMORY; first += 1) left -= this.#lines[first]?.message.length ?? 0
    this.#lines.splice(0, first)
    this.#characters = left
  }

  #write(text: string): void {
    this.#waiting.push(text)
    this.#waitingCharacters += text.length
    if (this.#waitingCharacters >= WRITE_AFTER_CHARACTERS) this.#flush()
    this.#timer ??= setTimeout(() => {
      this.#flush()
    }, WRITE_AFTER_MS).unref()
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    this.#file.write(this.#waiting.join(''))
    this.#waiting = []
    this.#waitingCharacters = 0
  }
}

/** A short text of its own: a part of a long one would keep all of it in memory. A line that was cut while it was read says so already. */
function shortened(message: string): string {
  if (message.length <= LONGEST_LINE + NOTICE) return message
  const kept = Buffer.from(message.slice(0, LONGEST_LINE - NOTICE), 'utf8').toString('utf8')
  return `${kept} […${message.length - kept.length} more characters were dropped]`
}

function noticeAt(clock: Clock) {
  return ({ writes, code }: { readonly writes: number; readonly code: string }) => {
    const message = `${writes} parts of this log could not be written (${code}) and are missing`
    return `${JSON.stringify({ source: 'SYSTEM', timestamp: clock.now().getTime() / 1000, message })}\n`
  }
}

async function readLog(file: string): Promise<AppLogLine[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .slice(-LINES_IN_MEMORY)
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as AppLogLine]
      } catch {
        // Cut off by a crash.
        return []
      }
    })
}
