// Lines that were typed, kept for the next time in a file that only its owner can read.
import { appendFile, chmod, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { writePrivateFile } from '../config/config-file.ts'

const KEPT_LINES = 1000

/** Lines that are written nowhere: they may hold a password. */
const SECRET = /\bpassword\b/i

export class History {
  readonly #file: string
  #writing: Promise<unknown> = Promise.resolve()
  #isWritable = true

  constructor(file: string) {
    this.#file = file
  }

  /** The lines of former times, the newest first. What cannot be read is none. */
  async load(): Promise<string[]> {
    const text = await readFile(this.#file, 'utf8').catch(() => '')
    const lines = text.split('\n').filter((line) => line !== '')
    if (lines.length > 2 * KEPT_LINES)
      await writePrivateFile(this.#file, `${lines.slice(-KEPT_LINES).join('\n')}\n`).catch(() => {})
    return lines.slice(-KEPT_LINES).toReversed()
  }

  /** Keeps a line; one that may hold a password is not kept. */
  add(line: string): void {
    if (line.trim() === '' || SECRET.test(line)) return
    this.#writing = this.#writing.then(() => this.#append(line)).catch(() => (this.#isWritable = false))
  }

  /** When all is written. */
  async flush(): Promise<void> {
    await this.#writing
  }

  async #append(line: string): Promise<void> {
    if (!this.#isWritable) return
    await mkdir(path.dirname(this.#file), { recursive: true, mode: 0o700 })
    await appendFile(this.#file, `${line}\n`, { mode: 0o600 })
    // One that was there before may have been readable by others.
    await chmod(this.#file, 0o600)
  }
}

/** `$XDG_STATE_HOME/lakelet/sql-history`, else below `~/.local/state`. */
export function historyFile(env: Readonly<Record<string, string | undefined>>, home: string): string {
  const state = env['XDG_STATE_HOME'] || path.join(home, '.local', 'state')
  return path.join(state, 'lakelet', 'sql-history')
}
