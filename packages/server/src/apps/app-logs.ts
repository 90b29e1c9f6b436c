// The log of one app: what it writes (APP) and what happens to it (SYSTEM). The latest lines are in memory for readers; all go to a
// file that is rotated once, so an app that writes without end fills no disk.
import { type WriteStream, createWriteStream } from 'node:fs'
import { readFile, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import type { AppLogLine } from '@lakelet/api'
import type { Clock } from '../base/clock.ts'
import { ensureDirectory } from '../base/files.ts'

const LINES_IN_MEMORY = 2000
const LARGEST_FILE = 5 * 1024 * 1024
const LONGEST_LINE = 16 * 1024

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
  const lines = (await readLines(`${file}.1`)).concat(await readLines(file)).slice(-LINES_IN_MEMORY)
  return new FileLog(file, clock, lines, await sizeOf(file))
}

class FileLog implements AppLog {
  readonly #file: string
  readonly #clock: Clock
  readonly #lines: AppLogLine[]
  readonly #listeners = new Set<(line: AppLogLine) => void>()
  #stream: WriteStream
  #size: number
  #rotation: Promise<void> | undefined
  #isClosed = false

  constructor(file: string, clock: Clock, lines: AppLogLine[], size: number) {
    this.#file = file
    this.#clock = clock
    this.#lines = lines
    this.#size = size
    this.#stream = openStream(file)
  }

  add(source: AppLogLine['source'], message: string): void {
    const line = {
      source,
      timestamp: this.#clock.now().getTime() / 1000,
      message: message.slice(0, LONGEST_LINE),
    }
    this.#lines.push(line)
    // Trimmed in steps, so that a line costs no copy of all others.
    if (this.#lines.length > LINES_IN_MEMORY * 1.5)
      this.#lines.splice(0, this.#lines.length - LINES_IN_MEMORY)
    for (const listener of this.#listeners) listener(line)
    if (this.#isClosed || this.#rotation) return
    const text = `${JSON.stringify(line)}\n`
    this.#stream.write(text)
    this.#size += Buffer.byteLength(text)
    if (this.#size > LARGEST_FILE) this.#rotation = this.#rotate()
  }

  tail(lines: number): AppLogLine[] {
    return this.#lines.slice(-lines)
  }

  subscribe(listener: (line: AppLogLine) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#rotation
    await closeStream(this.#stream)
    this.#listeners.clear()
  }

  /** Lines that come while the files are swapped stay in memory only. */
  async #rotate(): Promise<void> {
    await closeStream(this.#stream)
    await rename(this.#file, `${this.#file}.1`).catch(() => undefined)
    this.#stream = openStream(this.#file)
    this.#size = 0
    this.#rotation = undefined
  }
}

function openStream(file: string): WriteStream {
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 })
  // A full disk must not stop the workspace; the lines in memory are still there to read.
  stream.on('error', () => undefined)
  return stream
}

function closeStream(stream: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.closed) resolve()
    else {
      stream.once('close', () => {
        resolve()
      })
      stream.end()
    }
  })
}

async function readLines(file: string): Promise<AppLogLine[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as AppLogLine]
    } catch {
      // Cut off by a crash.
      return []
    }
  })
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    (found) => found.size,
    () => 0,
  )
}
