// Making and removing branches: each a clone of the template or of another branch, whole or not there.
import { copyFile } from 'node:fs/promises'
import { type Clock, systemClock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { removeTree } from '../base/remove-tree.ts'
import { DEFAULT_MAJOR, type PostgresVersions, openDirectory, ownerOf } from '../postgres/index.ts'
import { Archives } from './archive/archives.ts'
import { BranchFiles, type BranchPaths, pathsIn } from './branch-files.ts'
import { type BranchProblem, branchProblem } from './branch-problem.ts'
import { type BranchClone, buildBranch, type CloneOptions, type NewBranch, NOBODYS } from './build-branch.ts'
import { cloneRunning } from './clone-running.ts'
import { cloneStopped } from './clone-stopped.ts'
import type { CloneResult } from './clone-tree.ts'
import { DiskSpace } from './disk/index.ts'
import { goBack, type GoBackOptions } from './history/go-back.ts'
import { History } from './history/history.ts'
import { Imports } from './imports.ts'
import { PastViews } from './history/past-views.ts'
import { type BranchIdentity, type Manifest, readManifest } from './manifest.ts'
import { Replacement } from './replacement.ts'
import { Replicas } from './replicas.ts'
import { Snapshots } from './snapshots.ts'

export interface StorageOptions {
  readonly postgres: PostgresVersions
  readonly log: Logger
  readonly clock?: Clock
}

/** Prepares the usual template and removes what an earlier run left unfinished. */
export async function startStorage(options: StorageOptions): Promise<Storage> {
  const files = new BranchFiles(options.postgres.host.dataDir)
  await openDirectory(files.home)
  await (await options.postgres.of(DEFAULT_MAJOR)).template()
  const storage = new Storage(options, files)
  await storage.sweep()
  await storage.snapshots.open()
  await storage.replicas.open()
  // Whoever carried it away is gone.
  await removeTree(storage.staging.files.home)
  await storage.staging.open()
  await storage.imports.open()
  return storage
}

export class Storage {
  readonly #postgres: PostgresVersions
  readonly #log: Logger
  readonly #replacing = new KeyedMutex<string>()
  readonly #space: DiskSpace
  readonly files: BranchFiles
  readonly archives: Archives
  readonly history: History
  readonly snapshots: Snapshots
  readonly pastViews: PastViews
  readonly replicas: Replicas
  /** Copies of branches that are carried away: into a backup, or a file. */
  readonly staging: Snapshots
  /** What came in files, on its way to become branches. */
  readonly imports: Imports

  constructor(options: StorageOptions, files: BranchFiles) {
    this.archives = new Archives(options)
    this.history = new History({ ...options, archives: this.archives })
    const parts = { ...options, archives: this.archives, history: this.history }
    this.snapshots = new Snapshots(parts)
    this.staging = new Snapshots(parts, 'staging')
    this.imports = new Imports(parts)
    this.#postgres = options.postgres
    this.#log = options.log
    this.#space = new DiskSpace(options.postgres.host.dataDir, options.clock ?? systemClock)
    this.files = files
    this.pastViews = new PastViews(this.#goBackParts, files)
    this.replicas = new Replicas(parts, files)
  }

  /** Where the files of a branch are, whether it exists or not. */
  paths(branchUid: string): BranchPaths {
    return this.files.paths(branchUid)
  }

  dataDirectory(branchUid: string): string {
    return this.files.paths(branchUid).data
  }

  exists(branchUid: string): Promise<boolean> {
    return this.files.exists(branchUid)
  }

  /** Uids of all branches that have storage. */
  list(): Promise<string[]> {
    return this.files.list()
  }

  /** Bytes that the files of a branch have, shared blocks counted as its own. */
  sizeBytes(branchUid: string): Promise<number> {
    return this.files.sizeBytes(branchUid)
  }

  /** What keeps a branch from being written, or its log from being archived, at present. It goes by itself. */
  problemOf(branchUid: string): BranchProblem | undefined {
    return branchProblem(this.#space.problem(), this.archives.problemOf(this.dataDirectory(branchUid)))
  }

  /** Makes a major version ready for `create`, where it is the first use of it; says meanwhile how far that is. */
  async prepare(major: number, onProgress: (message: string) => void): Promise<void> {
    const version = await this.#postgres.install(major, onProgress)
    await version.extensions(this.#log)
    await version.template()
  }

  /** A new, empty branch of the major version, installed if this is its first. Throws as `clone`. */
  async create(
    branchUid: string,
    branch: NewBranch = NOBODYS,
    major: number = DEFAULT_MAJOR,
  ): Promise<BranchClone> {
    const version = await this.#postgres.of(major)
    await version.extensions(this.#log)
    const template = await version.template()
    return this.#buildNew(branchUid, branch, template, async (to) => {
      const clone = await cloneStopped(this.#cloneOptions(template, to.data))
      await this.history.begin(template, to, clone)
      return clone
    })
  }

  /**
   * A new branch with the data of another one. While the parent's compute runs, pass a way to connect to it: it goes on
   * without a pause. Without that the parent must not run, and must not be started until this resolves. The caller sees
   * to either. Throws `branch_storage_missing`, `branch_storage_exists`, `branch_disk_full` or `branch_clone_failed`; nothing is left
   * behind then.
   */
  async clone(branchUid: string, parentUid: string, options: CloneOptions = {}): Promise<BranchClone> {
    await this.#refuseTaken(branchUid)
    return this.#clone(branchUid, parentUid, options, (building) => this.files.publish(building, branchUid))
  }

  /**
   * The same beside the files of a branch that exists, which it goes on with: `replacementOf` puts it in their place. One that is there
   * already, of an operation that was interrupted, is given as it was made.
   */
  async cloneBeside(branchUid: string, parentUid: string, options: CloneOptions): Promise<BranchClone> {
    const replacement = this.replacementOf(branchUid)
    const known = await readManifest(pathsIn(replacement.next).manifest)
    if (known.kind === 'read' && known.manifest.clone) return known.manifest.clone
    return this.#clone(branchUid, parentUid, options, (building) => replacement.bring(building))
  }

  /** The files that are to be, or were, put in the place of those of a branch. */
  replacementOf(branchUid: string): Replacement {
    return new Replacement(this.paths(branchUid).directory, this.#replacing)
  }

  async #clone(
    branchUid: string,
    parentUid: string,
    { connect, branch = NOBODYS }: CloneOptions,
    publish: (building: string) => Promise<void>,
  ): Promise<BranchClone> {
    if (!(await this.exists(parentUid)))
      throw new LakeletError('branch_storage_missing', { branch: parentUid })
    const parent = this.files.paths(parentUid)
    const fill = async (to: BranchPaths) => {
      const options = this.#cloneOptions(parent.data, to.data)
      const clone = connect ? await cloneRunning({ ...options, connect }) : await cloneStopped(options)
      // True for an exact copy as well; it is only a note.
      if (!connect) await copyFile(parent.loginNote, to.loginNote).catch(() => undefined)
      await this.history.inherit(parent, to, clone)
      return clone
    }
    return buildBranch(this.#buildParts, { branchUid, branch, from: parent.data, fill, publish })
  }

  /**
   * A new branch as another one was at a moment of its past. What holds for `clone` holds here. Throws also `history_not_begun` and
   * `history_not_reached`, where there is no way to that moment.
   */
  async cloneAt(
    branchUid: string,
    parentUid: string,
    options: Omit<GoBackOptions, 'from' | 'to'> & { readonly branch?: NewBranch },
  ): Promise<BranchClone> {
    const { branch = NOBODYS, ...how } = options
    if (!(await this.exists(parentUid)))
      throw new LakeletError('branch_storage_missing', { branch: parentUid })
    const from = this.files.paths(parentUid)
    const fill = (to: BranchPaths) => goBack(this.#goBackParts, { ...how, from, to })
    return this.#buildNew(branchUid, branch, from.data, fill)
  }

  /** A new branch with what a snapshot holds, or what came in a file, whose past begins there. Throws as `clone`. */
  async cloneSnapshot(
    branchUid: string,
    snapshotUid: string,
    branch: NewBranch = NOBODYS,
    from: Snapshots = this.snapshots,
  ): Promise<BranchClone> {
    const fill = (to: BranchPaths) => from.fillBranch(snapshotUid, to)
    return this.#buildNew(branchUid, branch, from.files.paths(snapshotUid).data, fill)
  }

  /**
   * How an unfinished operation made the branch, if it did. A branch that was in use since, or that is somebody else's, is set aside
   * and counts as not made.
   */
  async unfinished(branchUid: string, owner: BranchIdentity): Promise<BranchClone | undefined> {
    if (!(await this.exists(branchUid))) return undefined
    const known = await this.#manifestOf(branchUid, owner)
    if (known?.sequence === 0 && known.clone) return known.clone
    await this.setAside(branchUid, 'its directory stood in the way of a new branch')
    return undefined
  }

  /** Removes what an operation made that did not come to its end; what was in use since is set aside. */
  async discard(branchUid: string, owner: BranchIdentity): Promise<void> {
    if (!(await this.exists(branchUid))) return
    const known = await this.#manifestOf(branchUid, owner)
    if (known?.sequence === 0) await this.files.remove(branchUid)
    else await this.setAside(branchUid, 'an operation that made it was undone, but it was in use')
  }

  /**
   * Removes a branch's files for good; nothing happens when there are none. Its compute must not run. With `owner`, a directory whose
   * manifest is missing, damaged or of another branch is set aside instead.
   */
  async remove(branchUid: string, owner?: BranchIdentity): Promise<void> {
    if (owner && (await this.exists(branchUid)) && !(await this.#manifestOf(branchUid, owner)))
      await this.setAside(
        branchUid,
        'it was to be deleted, but its manifest does not say that it is this branch',
      )
    else await this.files.remove(branchUid)
  }

  /** Moves the directory of a branch into the trash. */
  async setAside(branchUid: string, reason: string): Promise<void> {
    const to = await this.files.setAside(branchUid, reason)
    this.#log.warn({ branch: branchUid, reason, to }, 'set the files of a branch aside')
  }

  /** Removes unfinished and half-removed branches and pasts of an earlier run. */
  async sweep(): Promise<void> {
    await this.files.finishExchanges()
    const names = await this.files.sweep((name, error) =>
      this.#log.warn({ err: error, name }, 'unfinished storage of a branch cannot be removed'),
    )
    if (names.length > 0) this.#log.info({ names }, 'removed unfinished storage of branches')
    for (const branchUid of await this.list()) {
      if (await this.replacementOf(branchUid).mend())
        this.#log.info({ branch: branchUid }, 'went on with replacing the files of a branch')
      await this.history.mend(this.paths(branchUid)).catch((error: unknown) => {
        this.#log.warn({ err: error, branch: branchUid }, 'unfinished history of a branch cannot be removed')
      })
    }
  }

  /** The manifest, if it is there and says that this is the owner's branch of this uid. */
  async #manifestOf(branchUid: string, owner: BranchIdentity): Promise<Manifest | undefined> {
    const known = await this.files.manifest(branchUid)
    if (known.kind !== 'read') return undefined
    const { manifest } = known
    const isIts =
      manifest.branchUid === branchUid &&
      manifest.projectUid === owner.projectUid &&
      manifest.workspaceId === owner.workspaceId
    return isIts ? manifest : undefined
  }

  get #goBackParts() {
    return { postgres: this.#postgres, archives: this.archives, history: this.history, log: this.#log }
  }

  get #buildParts() {
    return { files: this.files, dataDir: this.#postgres.host.dataDir, log: this.#log }
  }

  #cloneOptions(from: string, to: string) {
    return { from, to, owner: ownerOf(this.#postgres.host), postgres: this.#postgres }
  }

  async #refuseTaken(branchUid: string): Promise<void> {
    if (await this.exists(branchUid)) throw new LakeletError('branch_storage_exists', { branch: branchUid })
  }

  async #buildNew(
    branchUid: string,
    branch: NewBranch,
    from: string,
    fill: (to: BranchPaths) => Promise<CloneResult>,
  ): Promise<BranchClone> {
    await this.#refuseTaken(branchUid)
    const publish = (building: string) => this.files.publish(building, branchUid)
    return buildBranch(this.#buildParts, { branchUid, branch, from, fill, publish })
  }
}
