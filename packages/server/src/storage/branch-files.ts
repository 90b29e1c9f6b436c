// Where the files of branches are: nothing outside this file knows the layout. A branch is one directory
//
//   <dataDir>/branches/<uid>/   data/              the Postgres data directory
//                               archive/           its write-ahead log, segment by segment (`archive/`)
//                               bases/             copies of `data` from which its past is reached (`history/`)
//                               manifest.json      who it is, and how it was cloned
//                               restored-by        the operation that recovered it, where one did
//                               login-roles.json   who may log in, noted when its compute stops
//                               postgres.log       what its compute wrote
//
// A branch appears and disappears by one rename; a name with a dot in front is being built or removed, or is a moment of
// its past that is only looked at (`history/past-views.ts`). What is not understood goes
// to the trash, never away.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { syncDirectory, writeFileAtomic } from '../base/files.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { removeTree } from '../base/remove-tree.ts'
import { forFiles } from '../base/tree-files.ts'
import { stopLeftover } from '../postgres/index.ts'
import { exchangeDirectories, finishExchanges } from './exchange.ts'
import { type Manifest, type ManifestState, readManifest, writeManifest } from './manifest.ts'
import { Trash } from './trash.ts'

/** A name that only this file gives: `.<uid>.<8 hex digits>`. Nothing else is ever swept. */
const TEMPORARY = /^\.[A-Za-z0-9][A-Za-z0-9_-]*\.[0-9a-f]{8}$/
const UID = /^[A-Za-z0-9][A-Za-z0-9_-]*$/

/** The paths of one branch, whether it exists or not. */
export interface BranchPaths {
  readonly directory: string
  /** The Postgres data directory. */
  readonly data: string
  readonly archive: string
  readonly bases: string
  readonly manifest: string
  readonly loginNote: string
  /** In what was recovered to take the place of a branch: the operation that did it. */
  readonly restoreMark: string
  readonly log: string
}

export class BranchFiles {
  readonly #home: string
  readonly trash: Trash
  /** One change of a branch's directory at a time. */
  readonly #mutex = new KeyedMutex<string>()

  /** Snapshots, and copies on their way to elsewhere, are kept in the same way, in directories of their own. */
  constructor(
    dataDir: string,
    home: 'branches' | 'replicas' | 'snapshots' | 'staging' | 'imports' = 'branches',
  ) {
    this.#home = path.join(dataDir, home)
    this.trash = new Trash(path.join(dataDir, 'trash'))
  }

  /** The directory with all branches. */
  get home(): string {
    return this.#home
  }

  paths(branchUid: string): BranchPaths {
    if (!UID.test(branchUid)) throw new Error(`not the uid of a branch: ${JSON.stringify(branchUid)}`)
    return pathsIn(path.join(this.#home, branchUid))
  }

  async exists(branchUid: string): Promise<boolean> {
    return stat(this.paths(branchUid).directory).then(
      () => true,
      () => false,
    )
  }

  /** Names of all directories that are neither being built nor removed; empty where there are no branches yet. */
  async list(): Promise<string[]> {
    const entries = await readdir(this.#home, { withFileTypes: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
      throw error
    })
    return entries.filter((entry) => entry.isDirectory() && UID.test(entry.name)).map(({ name }) => name)
  }

  manifest(branchUid: string): Promise<ManifestState> {
    return readManifest(this.paths(branchUid).manifest)
  }

  /** Replaces the manifest of a branch, keeping what it says about the clone. False where the branch has no directory. */
  async writeManifest(content: Omit<Manifest, 'format' | 'clone'>): Promise<boolean> {
    const { manifest: file } = this.paths(content.branchUid)
    return this.#mutex.run(content.branchUid, async () => {
      if (!(await this.exists(content.branchUid))) return false
      const known = await readManifest(file)
      const clone = known.kind === 'read' ? known.manifest.clone : undefined
      await writeManifest(file, { ...content, format: 1, ...(clone ? { clone } : {}) })
      return true
    })
  }

  /** A new name beside the branches for one that is being built or removed. */
  temporary(branchUid: string): string {
    return path.join(this.#home, `.${branchUid}.${randomBytes(4).toString('hex')}`)
  }

  /** Gives what was built its name. */
  async publish(building: string, branchUid: string): Promise<void> {
    await rename(building, this.paths(branchUid).directory)
    await syncDirectory(this.#home)
  }

  /** Removes a branch's directory; nothing happens when there is none. */
  async remove(branchUid: string): Promise<void> {
    const aside = this.temporary(branchUid)
    const isThere = await this.#mutex.run(branchUid, () => this.#rename(branchUid, aside))
    if (!isThere) return
    await syncDirectory(this.#home)
    await removeTree(aside)
  }

  async #rename(branchUid: string, to: string): Promise<boolean> {
    try {
      await rename(this.paths(branchUid).directory, to)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
      throw error
    }
  }

  /** Each of two branches gets the files of the other, all of them. Nothing may run on either. */
  async exchange(one: string, other: string): Promise<void> {
    this.paths(one)
    this.paths(other)
    await exchangeDirectories(this.#home, one, other)
  }

  /** Goes on with exchanges that an earlier run began. */
  async finishExchanges(): Promise<void> {
    await finishExchanges(this.#home)
  }

  /** Marks what was recovered, unless it is where it belongs already: the mark goes where the files go. */
  async markRestored(recovered: string, intoPlaceOf: string, mark: string): Promise<void> {
    if (await this.isRestored(intoPlaceOf, mark)) return
    await writeFileAtomic(this.paths(recovered).restoreMark, mark)
  }

  /** Whether a branch has the files with this mark. */
  async isRestored(branchUid: string, mark: string): Promise<boolean> {
    return (await readFile(this.paths(branchUid).restoreMark, 'utf8').catch(() => '')) === mark
  }

  /** Moves a branch's directory into the trash, after stopping a Postgres that runs on it; returns where it is now. */
  async setAside(branchUid: string, reason: string): Promise<string> {
    const { directory, data } = this.paths(branchUid)
    return this.#mutex.run(branchUid, async () => {
      await stopLeftover(data)
      return this.trash.add(directory, reason)
    })
  }

  /** Brings a directory back from the trash; the name must be free. */
  async bringBack(from: string, branchUid: string): Promise<void> {
    await mkdir(this.#home, { recursive: true, mode: 0o711 })
    await this.publish(from, branchUid)
    await removeTree(`${from}.txt`)
  }

  /** Removes what an earlier run was building or removing; what cannot be removed is told to `onFailed` and stays. */
  async sweep(onFailed: (name: string, error: unknown) => void): Promise<string[]> {
    const names = (await readdir(this.#home)).filter((name) => TEMPORARY.test(name))
    for (const name of names) {
      const directory = path.join(this.#home, name)
      // A recovery that was cut off may have left its server.
      await stopLeftover(pathsIn(directory).data)
        .then(() => removeTree(directory))
        .catch((error: unknown) => onFailed(name, error))
    }
    return names
  }

  /** Bytes that the files of a branch have, shared blocks counted as its own. */
  sizeBytes(branchUid: string): Promise<number> {
    return this.sizeOf(this.paths(branchUid).data)
  }

  /** The same of any data directory; files that vanish meanwhile count nothing. */
  async sizeOf(dataDirectory: string): Promise<number> {
    let bytes = 0
    await forFiles(dataDirectory, async (file) => {
      const found = await stat(path.join(dataDirectory, file)).catch(() => undefined)
      bytes += found?.size ?? 0
    })
    return bytes
  }
}

/** The layout of a branch's directory, wherever that is. */
export function pathsIn(directory: string): BranchPaths {
  return {
    directory,
    data: path.join(directory, 'data'),
    archive: path.join(directory, 'archive'),
    bases: path.join(directory, 'bases'),
    manifest: path.join(directory, 'manifest.json'),
    restoreMark: path.join(directory, 'restored-by'),
    loginNote: path.join(directory, 'login-roles.json'),
    log: path.join(directory, 'postgres.log'),
  }
}

/** The same from the Postgres data directory that is in it. */
export function besideData(dataDirectory: string): BranchPaths {
  return pathsIn(path.dirname(dataDirectory))
}
