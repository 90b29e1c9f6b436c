// Contents, each stored once under its SHA-256. A blob is on disk before a row names it and goes when the last row is gone; a crash
// in between leaves at most a blob that no row names, which the next start removes. So the tree is never seen half-written.
import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, copyFile, readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { ensureDirectory, writeFileAtomic } from '../base/files.ts'
import { KeyedMutex } from '../base/mutex.ts'

export class BlobStore {
  readonly #directory: string
  readonly #mutex = new KeyedMutex<string>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Stores `bytes`, then runs `record`, which writes the rows that name them; no `discard` of the same content comes between. */
  async keep<T>(bytes: Uint8Array, record: (blob: string) => Promise<T>): Promise<T> {
    const blob = createHash('sha256').update(bytes).digest('hex')
    return this.#mutex.run(blob, async () => {
      await this.#write(blob, bytes)
      return record(blob)
    })
  }

  /** Removes `blob` unless `isUsed` says that a row names it. */
  async discard(blob: string, isUsed: () => Promise<boolean>): Promise<void> {
    await this.#mutex.run(blob, async () => {
      if (!(await isUsed())) await rm(this.#fileOf(blob), { force: true })
    })
  }

  async read(blob: string): Promise<Uint8Array> {
    return readFile(this.#fileOf(blob))
  }

  /** Writes the content to `file`, which must not exist yet. */
  async copyTo(blob: string, file: string): Promise<void> {
    await copyFile(this.#fileOf(blob), file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  }

  /** Removes every file that is not a used blob: what a crash left behind. */
  async sweep(used: ReadonlySet<string>): Promise<number> {
    await ensureDirectory(this.#directory)
    let removed = 0
    for (const entry of await readdir(this.#directory, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory() || used.has(entry.name)) continue
      await rm(path.join(entry.parentPath, entry.name), { force: true })
      removed += 1
    }
    return removed
  }

  async #write(blob: string, bytes: Uint8Array): Promise<void> {
    const file = this.#fileOf(blob)
    try {
      await access(file)
    } catch {
      await ensureDirectory(path.dirname(file))
      await writeFileAtomic(file, bytes, { mode: 0o644 })
    }
  }

  #fileOf(blob: string): string {
    return path.join(this.#directory, blob.slice(0, 2), blob)
  }
}
