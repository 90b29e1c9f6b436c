// Where directories go that are not understood: nothing there is used, and nothing is deleted before it is old. A name is the time
// at which the directory was set aside and the name it had: `20260131T235959Z-br-quiet-river-1f0c9a4e`.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { syncDirectory, writeFileAtomic } from '../base/files.ts'
import { removeTree } from '../base/remove-tree.ts'

/** How long something stays in the trash, in days. */
export const TRASH_DAYS = 30

const DAY_MS = 86_400_000
const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-(.+)$/

export interface TrashEntry {
  /** Full path. */
  readonly path: string
  /** The name it had. */
  readonly name: string
  readonly setAsideAt: Date
}

export class Trash {
  readonly #home: string

  constructor(home: string) {
    this.#home = home
  }

  /** Moves `directory` here, with a note of why; it must be on the same file system. Returns where it is now. */
  async add(directory: string, reason: string, now = new Date()): Promise<string> {
    await mkdir(this.#home, { recursive: true, mode: 0o711 })
    const stamp = now.toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '')
    const name = `${stamp}-${path.basename(directory)}`
    const to = await this.#rename(directory, path.join(this.#home, name))
    await syncDirectory(this.#home)
    await syncDirectory(path.dirname(directory))
    // Only for people; a full disk must not undo what is already done.
    await writeFileAtomic(`${to}.txt`, `${now.toISOString()}: ${reason}\n`).catch(() => undefined)
    return to
  }

  async #rename(from: string, to: string): Promise<string> {
    try {
      await rename(from, to)
      return to
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error
      const other = `${to}.${randomBytes(3).toString('hex')}`
      await rename(from, other)
      return other
    }
  }

  /** What is here, the oldest first. */
  async list(): Promise<TrashEntry[]> {
    const names = await readdir(this.#home).catch(() => [])
    return names
      .toSorted((a, b) => (a < b ? -1 : 1))
      .filter((name) => !name.endsWith('.txt'))
      .flatMap((name) => {
        const [, year, month, day, hour, minute, second, had] = NAME.exec(name) ?? []
        if (had === undefined) return []
        const setAsideAt = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
        return [{ path: path.join(this.#home, name), name: had, setAsideAt }]
      })
  }

  /** Deletes what has been here for `TRASH_DAYS`; returns the names. What cannot be deleted is told to `onFailed` and stays. */
  async removeOld(now: Date, onFailed: (entry: TrashEntry, error: unknown) => void): Promise<string[]> {
    const removed: string[] = []
    for (const entry of await this.list()) {
      if (now.getTime() - entry.setAsideAt.getTime() < TRASH_DAYS * DAY_MS) continue
      try {
        await removeTree(entry.path)
        await removeTree(`${entry.path}.txt`)
        removed.push(entry.name)
      } catch (error) {
        onFailed(entry, error)
      }
    }
    return removed
  }
}
