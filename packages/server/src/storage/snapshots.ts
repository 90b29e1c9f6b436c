// The files of snapshots: each a directory like a branch's, `<dataDir>/snapshots/<uid>/`, whose data is a cluster that was shut down
// cleanly and that nothing is ever started on. So a branch of it is a plain clone, and its first base are second names of these files.
import { copyFile, open, readdir, stat, utimes } from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { removeTree } from '../base/remove-tree.ts'
import { filesBelow, forFiles } from '../base/tree-files.ts'
import { type AdminConnection, openDirectory, ownerOf, type PostgresVersions } from '../postgres/index.ts'
import type { Archives } from './archive/archives.ts'
import { isHistory } from './archive/wal-names.ts'
import { BranchFiles, type BranchPaths } from './branch-files.ts'
import { type BranchClone, buildBranch, type NewBranch } from './build-branch.ts'
import { cloneRunning } from './clone-running.ts'
import { cloneStopped } from './clone-stopped.ts'
import type { CloneResult } from './clone-tree.ts'
import { goBack, type PastMoment } from './history/go-back.ts'
import type { History } from './history/history.ts'
import { shareTree } from './history/share.ts'

export interface SnapshotParts {
  readonly postgres: PostgresVersions
  readonly archives: Archives
  readonly history: History
  readonly log: Logger
}

export interface TakeOptions {
  /** Named in its manifest. */
  readonly branch: NewBranch
  /** As the branch was then; as it is now when absent. */
  readonly moment?: PastMoment | undefined
  /** A way to connect while the server of the source runs; without, it must not run and must not be started meanwhile. */
  readonly connect?: (() => Promise<AdminConnection>) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Blocks of Postgres, by which snapshots are compared. */
const BLOCK = 8192
const CHUNK = 128 * BLOCK

export class Snapshots {
  readonly #parts: SnapshotParts
  readonly files: BranchFiles

  constructor(parts: SnapshotParts, home: 'snapshots' | 'staging' | 'imports' = 'snapshots') {
    this.#parts = parts
    this.files = new BranchFiles(parts.postgres.host.dataDir, home)
  }

  /** Makes their directory, and removes what an earlier run left unfinished. */
  async open(): Promise<void> {
    await openDirectory(this.files.home)
    await this.files.sweep((name, error) =>
      this.#parts.log.warn({ err: error, name }, 'an unfinished snapshot cannot be removed'),
    )
  }

  /**
   * Takes a snapshot; gives the one that is there already, of an operation that was interrupted. Throws as `Storage.clone` and
   * `Storage.cloneAt` do; nothing is left behind then.
   */
  async take(uid: string, source: BranchPaths, options: TakeOptions): Promise<BranchClone> {
    const known = await this.files.manifest(uid)
    if (known.kind === 'read' && known.manifest.clone) return known.manifest.clone
    const { log } = this.#parts
    return buildBranch(
      { files: this.files, dataDir: this.#parts.postgres.host.dataDir, log },
      {
        branchUid: uid,
        branch: options.branch,
        from: source.data,
        fill: (to) => this.#fill(source, to, options),
        publish: (building) => this.files.publish(building, uid),
      },
    )
  }

  /**
   * Makes a copy of a branch that can be carried away, with its past and its manifest; the caller removes it. `connect` as in `take`. Its log
   * goes on from where the copy ends, whatever the branch does.
   */
  async stage(uid: string, source: BranchPaths, options: Omit<TakeOptions, 'moment'>): Promise<BranchPaths> {
    await this.remove(uid)
    const clone = await this.take(uid, source, options)
    const to = this.files.paths(uid)
    await this.#parts.history.carry(source, to, clone)
    await copyFile(source.manifest, to.manifest)
    return to
  }

  /** The same of files that nobody writes to: second names, which stay when those are removed. */
  async stageAsIs(uid: string, source: BranchPaths): Promise<BranchPaths> {
    await this.remove(uid)
    const to = this.files.paths(uid)
    await shareTree(source.directory, to.directory, this.#owner)
    return to
  }

  /** Puts what a branch of the snapshot begins with into `to`. The caller builds it and gives it its place. */
  async fillBranch(uid: string, to: BranchPaths): Promise<CloneResult> {
    const { postgres, archives, history } = this.#parts
    const from = this.files.paths(uid)
    if (!(await this.files.exists(uid))) throw new LakeletError('branch_storage_missing', { branch: uid })
    const clone = await cloneStopped({ from: from.data, to: to.data, owner: this.#owner, postgres })
    await copyFile(from.loginNote, to.loginNote).catch(() => undefined)
    await history.begin(from.data, to, clone)
    // A timeline after the first is only known by its history.
    const wal = path.join(to.data, 'pg_wal')
    const store = archives.storeOf(to.data)
    for (const name of await readdir(wal)) if (isHistory(name)) await store.put(name, path.join(wal, name))
    return clone
  }

  /** Nothing happens where there is none. Branches that were made from it keep what they share with it. */
  remove(uid: string): Promise<void> {
    return this.files.remove(uid)
  }

  /** Bytes of its files, and how many of them, block by block, differ from the files of another snapshot. */
  async measure(uid: string, before: string | undefined): Promise<{ full: number; diff: number }> {
    const { data } = this.files.paths(uid)
    const isComparable = before !== undefined && (await this.files.exists(before))
    const other = isComparable ? this.files.paths(before).data : undefined
    let [full, diff] = [0, 0]
    for await (const file of filesBelow(data)) {
      const { size } = await stat(path.join(data, file))
      full += size
      diff += other === undefined ? size : await difference(path.join(data, file), path.join(other, file))
    }
    return { full, diff }
  }

  async #fill(source: BranchPaths, to: BranchPaths, options: TakeOptions): Promise<CloneResult> {
    const { moment, connect, signal } = options
    if (moment) {
      const clone = await goBack(this.#parts, { from: source, to, moment, connect, signal })
      // It stands for one moment and leads to no other.
      await removeTree(to.bases)
      await removeTree(to.archive)
      return clone
    }
    const { postgres } = this.#parts
    const from = { from: source.data, to: to.data, owner: this.#owner }
    const written = await timesIn(source.data)
    if (!connect) {
      const clone = await cloneStopped({ ...from, postgres })
      await copyFile(source.loginNote, to.loginNote).catch(() => undefined)
      await setTimes(to.data, written)
      return clone
    }
    const clone = await cloneRunning({ ...from, connect })
    await setTimes(to.data, written)
    // Now, and not by each branch that is made of it.
    await (await postgres.ofDirectory(to.data)).recover(to.data)
    return clone
  }

  get #owner() {
    return ownerOf(this.#parts.postgres.host)
  }
}

/** When each file was written last. Taken before they are copied: what is written meanwhile is newer than that the next time. */
async function timesIn(directory: string): Promise<ReadonlyMap<string, number>> {
  const times = new Map<string, number>()
  await forFiles(directory, async (file) => {
    const found = await stat(path.join(directory, file)).catch(() => undefined)
    if (found) times.set(file, found.mtimeMs)
  })
  return times
}

/** The files of a snapshot say when those of its branch were written: two of the same time and length need not be read to be compared. */
async function setTimes(directory: string, times: ReadonlyMap<string, number>): Promise<void> {
  for (const [file, time] of times) {
    await utimes(path.join(directory, file), time / 1000, time / 1000).catch((error: unknown) => {
      // It is not among what is cloned.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    })
  }
}

/** Bytes of the blocks of `file` that `other` does not have in the same place. */
async function difference(file: string, other: string): Promise<number> {
  await using one = await open(file)
  const found = await stat(other).catch(() => undefined)
  const { size, mtimeMs } = await one.stat()
  if (!found) return size
  if (found.size === size && found.mtimeMs === mtimeMs) return 0
  await using two = await open(other).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return undefined
  })
  // That snapshot is being deleted.
  if (!two) return size
  const [here, there] = [Buffer.alloc(CHUNK), Buffer.alloc(CHUNK)]
  let bytes = 0
  for (let at = 0; at < size; at += CHUNK) {
    const { bytesRead } = await one.read(here, 0, CHUNK, at)
    const { bytesRead: otherRead } = await two.read(there, 0, CHUNK, at)
    for (let block = 0; block < bytesRead; block += BLOCK) {
      const [mine, theirs] = [
        here.subarray(block, Math.min(bytesRead, block + BLOCK)),
        there.subarray(block, Math.min(otherRead, block + BLOCK)),
      ]
      if (!mine.equals(theirs)) bytes += mine.length
    }
  }
  return bytes
}
