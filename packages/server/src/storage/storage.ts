// The files of branches. A branch is one directory `<dataDir>/branches/<uid>/` with the data directory `data` in it.
// A branch appears and disappears by one rename; what was being built or removed when the server died is swept at the next start.
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'
import { syncDirectory, writeFileAtomic } from '../base/files.ts'
import type { Logger } from '../base/log.ts'
import {
  type AdminConnection,
  type PostgresInstallation,
  ensureTemplate,
  openDirectory,
  ownerOf,
} from '../postgres/index.ts'
import { type CloneResult, flushTree } from './clone-tree.ts'
import { cloneRunning } from './clone-running.ts'
import { cloneStopped } from './clone-stopped.ts'

export interface StorageOptions {
  readonly installation: PostgresInstallation
  readonly log: Logger
}

export interface BranchClone extends CloneResult {
  /** How long the clone took. */
  readonly durationMs: number
}

/** What is noted about a stopped cluster in files beside its data directory, true for an exact copy of it as well. */
const NOTES = ['login-roles.json']

async function copyNotes(from: string, to: string): Promise<void> {
  const copies = NOTES.map((name) =>
    copyFile(path.join(from, name), path.join(to, name)).catch(() => undefined),
  )
  await Promise.all(copies)
}

/** Prepares the template and removes what an earlier run left unfinished. */
export async function startStorage(options: StorageOptions): Promise<Storage> {
  const home = await openDirectory(path.join(options.installation.dataDir, 'branches'))
  const storage = new Storage(options, home, await ensureTemplate(options.installation))
  await storage.sweep()
  return storage
}

export class Storage {
  readonly #installation: PostgresInstallation
  readonly #log: Logger
  readonly #home: string
  readonly #template: string

  constructor(options: StorageOptions, home: string, template: string) {
    this.#installation = options.installation
    this.#log = options.log
    this.#home = home
    this.#template = template
  }

  /** The Postgres data directory of a branch, whether it exists or not. */
  dataDirectory(branchUid: string): string {
    return path.join(this.#directory(branchUid), 'data')
  }

  async exists(branchUid: string): Promise<boolean> {
    return stat(this.#directory(branchUid)).then(
      () => true,
      () => false,
    )
  }

  /** Uids of all branches that have storage. */
  async list(): Promise<string[]> {
    const entries = await readdir(this.#home, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
  }

  /** A new, empty branch. Throws `branch_storage_exists`. */
  async create(branchUid: string): Promise<BranchClone> {
    return this.#build(branchUid, (to) =>
      cloneStopped({ from: this.#template, to, owner: ownerOf(this.#installation) }),
    )
  }

  /**
   * A new branch with the data of another one. While the parent's compute runs, pass a way to connect to it: it goes on
   * without a pause. Without that the parent must not run, and must not be started until this resolves. The caller sees
   * to either. Throws `branch_storage_missing`, `branch_storage_exists` or `branch_clone_failed`.
   */
  async clone(
    branchUid: string,
    parentUid: string,
    connect?: () => Promise<AdminConnection>,
  ): Promise<BranchClone> {
    if (!(await this.exists(parentUid)))
      throw new LakeletError('branch_storage_missing', { branch: parentUid })
    const from = this.dataDirectory(parentUid)
    const owner = ownerOf(this.#installation)
    return this.#build(branchUid, async (to) => {
      if (connect) return cloneRunning({ from, to, owner, connect })
      await copyNotes(path.dirname(from), path.dirname(to))
      return cloneStopped({ from, to, owner })
    })
  }

  /** Removes a branch's files; nothing happens when there are none. Its compute must not run. */
  async remove(branchUid: string): Promise<void> {
    const aside = this.#temporary(branchUid)
    try {
      await rename(this.#directory(branchUid), aside)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
      throw error
    }
    await syncDirectory(this.#home)
    await rm(aside, { recursive: true, force: true })
  }

  /** Bytes that the files of a branch have, shared blocks counted as its own. */
  async sizeBytes(branchUid: string): Promise<number> {
    const entries = await readdir(this.dataDirectory(branchUid), { recursive: true, withFileTypes: true })
    const files = entries
      .filter((entry) => entry.isFile())
      .map((entry) => path.join(entry.parentPath, entry.name))
    const sizes = await Promise.all(
      files.map((file) =>
        stat(file).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    )
    return sizes.reduce((sum, size) => sum + size, 0)
  }

  /** How a branch came to be: method, files, bytes and duration of its clone. */
  async origin(branchUid: string): Promise<BranchClone | undefined> {
    const text = await readFile(path.join(this.#directory(branchUid), 'origin.json'), 'utf8').catch(
      () => undefined,
    )
    return text === undefined ? undefined : (JSON.parse(text) as BranchClone)
  }

  /** Removes unfinished and half-removed branches of an earlier run. */
  async sweep(): Promise<void> {
    const names = (await readdir(this.#home)).filter((name) => name.startsWith('.'))
    for (const name of names) this.#log.info({ name }, 'removing the unfinished storage of a branch')
    await Promise.all(names.map((name) => rm(path.join(this.#home, name), { recursive: true, force: true })))
  }

  async #build(
    branchUid: string,
    fill: (dataDirectory: string) => Promise<CloneResult>,
  ): Promise<BranchClone> {
    if (await this.exists(branchUid)) throw new LakeletError('branch_storage_exists', { branch: branchUid })
    const building = this.#temporary(branchUid)
    const began = performance.now()
    try {
      await mkdir(building, { mode: 0o711 })
      const result = await fill(path.join(building, 'data'))
      const clone = { ...result, durationMs: Math.round(performance.now() - began) }
      await writeFileAtomic(path.join(building, 'origin.json'), JSON.stringify(clone))
      await flushTree(building)
      await rename(building, this.#directory(branchUid))
      await syncDirectory(this.#home)
      this.#log.info({ branch: branchUid, ...clone }, 'created the storage of a branch')
      return clone
    } catch (cause) {
      await rm(building, { recursive: true, force: true })
      if (cause instanceof LakeletError) throw cause
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new LakeletError('branch_clone_failed', { branch: branchUid, reason }, { cause })
    }
  }

  #directory(branchUid: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(branchUid))
      throw new Error(`not the uid of a branch: ${JSON.stringify(branchUid)}`)
    return path.join(this.#home, branchUid)
  }

  /** A name beside the branches that `list` does not show and `sweep` removes. */
  #temporary(branchUid: string): string {
    return path.join(this.#home, `.${branchUid}.${randomBytes(4).toString('hex')}`)
  }
}
