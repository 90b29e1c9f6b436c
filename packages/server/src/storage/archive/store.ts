// Where the write-ahead log of a branch is kept once a piece of it is complete. All stores pass the same suite
// (`tests/storage/archive-stores.test.ts`).
import type { Readable } from 'node:stream'

/** A file of the archive. */
export interface ArchivedFile {
  readonly name: string
  /** What it takes where it is kept, which is less than its length where that is mostly zeros. */
  readonly bytes: number
  /** When it was written to last. */
  readonly time: Date
}

export interface ArchiveStore {
  /**
   * Keeps the file `from` as `name`; once this resolves it survives a power cut. The same content under that name already is no
   * error: the crash may have come between the copy and its acknowledgement. Throws `archive_conflict` where another content has the name:
   * nothing is ever overwritten.
   */
  put(name: string, from: string): Promise<void>
  has(name: string): Promise<boolean>
  /** Throws ENOENT where there is none. */
  open(name: string): Promise<Readable>
  /** In the order of their names. */
  list(): Promise<ArchivedFile[]>
  /** Nothing happens where there is none. */
  delete(name: string): Promise<void>
}
