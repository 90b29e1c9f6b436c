// A backup of a whole workspace, while it runs or sleeps: what a data directory has, as a bundle. Each branch is as it was at one moment of
// the backup, with its past; what is made anew by itself (builds of apps, templates, logs, sockets) is left out.
import { readdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { type BundleWriter, writeBundle } from '../../base/bundle/write-bundle.ts'
import { BUNDLE_VERSION } from '../../base/bundle/bundle.ts'
import { LakeletError } from '../../base/errors.ts'
import { type CopiedRows, forgetInCopy, rowsInCopy } from '../../metadata/copies.ts'
import type { Metadata } from '../../metadata/database.ts'
import type { AdminConnection } from '../../postgres/index.ts'
import type { StoragePort } from '../ports.ts'
import { isMadeAnew } from './branch-bundle.ts'

export interface BackUpParts {
  readonly dataDir: string
  readonly metadata: Metadata
  readonly storage: Pick<StoragePort, 'staging' | 'snapshots' | 'paths' | 'exists'>
  readonly workspaceId: string
  /** The version of Lakelet. */
  readonly version: string
  /** Uid of the account of Postgres, where root runs the workspace. */
  readonly postgresUid: number | undefined
  /** Runs `work` while the files of a branch may be copied: with a way to connect where its server runs. */
  readonly withFiles: <T>(
    endpointUid: string,
    work: (connect?: () => Promise<AdminConnection>) => Promise<T>,
  ) => Promise<T>
}

export interface BackUpOptions {
  /** Full path, where nothing is yet: a file where it ends in `.tar.zst`, else a directory. */
  readonly to: string
  readonly now: Date
  readonly onProgress?: (message: string) => void
  readonly signal?: AbortSignal | undefined
}

export interface BackupReport {
  readonly to: string
  readonly bytes: number
  readonly branches: number
  readonly snapshots: number
  /** What was deleted while the backup was made, and so is not in it. */
  readonly left_out: readonly string[]
}

/** What is one file or directory of the data directory and is taken as it is. Keys, certificates, the token of the owner, settings, ports. */
const AS_IT_IS = ['lakelet.toml', 'secrets.key', 'databrickscfg', 'ports.json', 'tls'] as const

/** LakeletErrors `bundle_target`, `bundle_disk_full`. Nothing is left behind where it fails. */
export async function backUpWorkspace(parts: BackUpParts, options: BackUpOptions): Promise<BackupReport> {
  const header = {
    format: 'lakelet-backup',
    bundle_version: BUNDLE_VERSION,
    lakelet: parts.version,
    create_time: options.now.toISOString(),
    workspace_id: parts.workspaceId,
    platform: `${process.platform}-${process.arch}`,
  } as const
  const { to, signal } = options
  const notes = partialNotesOf(parts.dataDir)
  const how = { to, header, signal, notes, postgresUid: parts.postgresUid }
  return writeBundle(how, (bundle) => new Backup(parts, options, bundle).make())
}

/** Where it is noted what is being written outside the data directory. */
export function partialNotesOf(dataDir: string): string {
  return path.join(dataDir, 'partials')
}

class Backup {
  readonly #parts: BackUpParts
  readonly #options: BackUpOptions
  readonly #bundle: BundleWriter
  readonly #leftOut: string[] = []
  /** Uids of what is left out. */
  readonly #forgotten: string[] = []

  constructor(parts: BackUpParts, options: BackUpOptions, bundle: BundleWriter) {
    this.#parts = parts
    this.#options = options
    this.#bundle = bundle
  }

  async make(): Promise<BackupReport> {
    const { storage, metadata } = this.#parts
    const copy = storage.staging.files.temporary('metadata')
    await metadata.copyTo(copy)
    // What was named in the copy is deleted by nobody before it is in the backup, but in the moment until then.
    await this.#addFiles()
    const rows = rowsInCopy(copy)
    await this.#addSmall()
    const branches = await this.#addBranches(rows)
    const snapshots = await this.#addSnapshots(rows)
    forgetInCopy(copy, this.#forgotten)
    await this.#bundle.add(copy, 'metadata.sqlite')
    await rm(copy, { force: true })
    return { to: this.#options.to, bytes: this.#bundle.bytes, branches, snapshots, left_out: this.#leftOut }
  }

  async #addFiles(): Promise<void> {
    this.#say('files of the workspace')
    const home = path.join(this.#parts.dataDir, 'files')
    if (await isThere(home)) await this.#bundle.add(home, 'files')
  }

  async #addSmall(): Promise<void> {
    const { dataDir } = this.#parts
    for (const name of AS_IT_IS) {
      if (await isThere(path.join(dataDir, name))) await this.#bundle.add(path.join(dataDir, name), name)
    }
    this.#say('Postgres')
    const home = path.join(dataDir, 'postgres')
    await this.#bundle.addDirectory(home, 'postgres')
    for (const entry of await readdir(home, { withFileTypes: true })) {
      // Templates are made anew, and whatever is being made has no name yet.
      if (!entry.isDirectory() || /^(?:template-|\.)/.test(entry.name)) continue
      await this.#bundle.add(path.join(home, entry.name), `postgres/${entry.name}`)
    }
  }

  async #addBranches({ branches }: CopiedRows): Promise<number> {
    const { storage, workspaceId, withFiles, dataDir } = this.#parts
    await this.#bundle.addDirectory(path.join(dataDir, 'branches'), 'branches')
    let added = 0
    for (const each of branches) {
      const name = `projects/${each.project}/branches/${each.branch}`
      this.#say(name)
      const source = storage.paths(each.uid)
      const branch = { workspaceId, projectUid: each.projectUid, record: {} }
      const stage = (connect?: () => Promise<AdminConnection>) =>
        storage.staging.stage(each.uid, source, { branch, connect, signal: this.#options.signal })
      const isIn = await this.#unlessGone({ uid: each.uid, name, directory: source.directory }, () =>
        each.endpointUid === undefined || each.isDeleted ? stage() : withFiles(each.endpointUid, stage),
      )
      if (isIn) added += 1
    }
    return added
  }

  async #addSnapshots({ snapshots }: CopiedRows): Promise<number> {
    const { storage } = this.#parts
    await this.#bundle.addDirectory(storage.snapshots.files.home, 'snapshots')
    let added = 0
    for (const { uid, project, snapshot } of snapshots) {
      const name = `projects/${project}/snapshots/${snapshot}`
      this.#say(name)
      const source = storage.snapshots.files.paths(uid)
      const isIn = await this.#unlessGone({ uid, name, directory: source.directory }, () =>
        storage.staging.stageAsIs(uid, source),
      )
      if (isIn) added += 1
    }
    return added
  }

  /** Adds what `stage` makes; false where the original is deleted meanwhile. */
  async #unlessGone(
    { uid, name, directory }: { readonly uid: string; readonly name: string; readonly directory: string },
    stage: () => Promise<{ readonly directory: string }>,
  ): Promise<boolean> {
    const home = path.basename(path.dirname(directory))
    this.#options.signal?.throwIfAborted()
    try {
      const staged = await stage().catch(async (error: unknown) => {
        if (error instanceof LakeletError && error.code === 'branch_disk_full') throw error
        if (await isThere(directory)) throw error
        return undefined
      })
      if (staged) await this.#bundle.add(staged.directory, `${home}/${uid}`, isMadeAnew)
      else {
        this.#leftOut.push(name)
        this.#forgotten.push(uid)
      }
      return staged !== undefined
    } finally {
      await this.#parts.storage.staging.remove(uid)
    }
  }

  #say(message: string): void {
    this.#options.onProgress?.(message)
  }
}

function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}
