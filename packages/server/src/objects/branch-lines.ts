// The branches of a workspace and the lines that they are: which to look at next, and what of them waits for the store.
import path from 'node:path'
import { isArchivedName } from '../storage/index.ts'
import type { ObjectArchiveParts } from './archive-parts.ts'
import type { Connection } from './connection.ts'
import { Line, lineOf, type Waiting } from './lines.ts'
import type { TreeSource } from './trees.ts'

/** How often what was completed while a branch was sent is sent as well. */
const ROUNDS = 5

export class BranchLines {
  readonly #parts: Pick<ObjectArchiveParts, 'storage' | 'settings'>
  /** Data directories that something happened to. */
  readonly #dirty = new Set<string>()
  #isAllDirty = true
  /** By data directory; what waits is known whether the store can be reached or not. */
  readonly #lines = new Map<string, Line>()

  constructor(parts: Pick<ObjectArchiveParts, 'storage' | 'settings'>) {
    this.#parts = parts
  }

  get hasWork(): boolean {
    return this.#isAllDirty || this.#dirty.size > 0
  }

  /** Something happened to these data directories; to any of them where none is given. */
  note(directories?: readonly string[]): void {
    if (!directories) this.#isAllDirty = true
    for (const each of directories ?? []) this.#dirty.add(each)
  }

  waiting(): Waiting[] {
    return [...this.#lines.values()].flatMap((line) => [...line.waiting.values()])
  }

  /** The data directories to look at now; they count as looked at from here on. */
  async take(): Promise<string[]> {
    const { storage } = this.#parts
    const isAll = this.#isAllDirty
    this.#isAllDirty = false
    const noted = new Set(this.#dirty)
    this.#dirty.clear()
    const all = (await storage.list()).map((uid) => storage.dataDirectory(uid))
    const present = new Set(all)
    for (const directory of this.#lines.keys()) if (!present.has(directory)) this.#lines.delete(directory)
    // A branch that was not looked at yet is new.
    return isAll ? all : all.filter((each) => noted.has(each) || !this.#lines.has(each))
  }

  /** Learns what waits. */
  async look(directories: readonly string[], connection: Connection | undefined): Promise<void> {
    const { storage } = this.#parts
    for (const data of directories) {
      const found = await this.#lineAt(data, connection)
      await found?.line.look(found.paths, storage.archives)
    }
  }

  /** Sends what waits, several branches at a time. */
  async send(
    directories: readonly string[],
    connection: Connection,
    source: TreeSource & { readonly now: () => Date },
  ): Promise<void> {
    const queue = directories.values()
    const sendNext = async () => {
      for (const data of queue) {
        const found = await this.#lineAt(data, connection)
        if (found) await this.#sendOne(found, source)
      }
    }
    await Promise.all(Array.from({ length: this.#parts.settings.parallel }, sendNext))
  }

  async #sendOne(
    { line, paths }: { readonly line: Line; readonly paths: Parameters<Line['send']>[0] },
    source: TreeSource & { readonly now: () => Date },
  ): Promise<void> {
    const { archives } = this.#parts.storage
    for (let round = 0; round < ROUNDS; round += 1) {
      await line.look(paths, archives)
      await line.send(paths, source)
      // What was completed meanwhile may be gone from where the tail was read.
      await line.look(paths, archives)
      if (!Array.from(line.waiting.keys()).some(isArchivedName)) return
    }
  }

  /** Undefined where the branch is gone. */
  async #lineAt(data: string, connection: Connection | undefined) {
    const paths = this.#parts.storage.paths(path.basename(path.dirname(data)))
    const id = await lineOf(paths.directory)
    if (id === undefined) return undefined
    const before = this.#lines.get(data)
    // What an earlier connection knew may not be so any more; without one it still says what waits.
    const earlier = connection === undefined && before?.id === id ? before : undefined
    const line = connection?.lines.get(id) ?? earlier ?? new Line(id)
    connection?.lines.set(id, line)
    this.#lines.set(data, line)
    return { line, paths }
  }
}
