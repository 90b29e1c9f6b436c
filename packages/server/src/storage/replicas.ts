// The files of read replicas: each a directory like a branch's, `<dataDir>/replicas/<endpoint>/`, whose data is a standby of its branch. All of
// it can be made again from the branch at any time, so what is of no use any more goes and nothing of it is ever kept back.
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../base/files.ts'
import { flushTree } from '../base/flush-tree.ts'
import type { Logger } from '../base/log.ts'
import { removeTree } from '../base/remove-tree.ts'
import {
  type AdminConnection,
  openDirectory,
  ownerOf,
  parseLsn,
  type PostgresVersions,
  readControlFile,
  type StandbySizes,
  standbySettings,
  stopLeftover,
  writeStandbySignal,
} from '../postgres/index.ts'
import type { Archives } from './archive/archives.ts'
import { BranchFiles, type BranchPaths, pathsIn } from './branch-files.ts'
import { cloneRunning } from './clone-running.ts'
import { cloneAsleep } from './clone-stopped.ts'
import type { CloneMethod } from './clone-tree.ts'
import { feedLog, isInReach } from './replica-log.ts'

export interface ReplicasOptions {
  readonly postgres: PostgresVersions
  readonly archives: Archives
  readonly log: Logger
}

/** What a replica is to be of. */
export interface ReplicaSource {
  readonly branchUid: string
  /** The endpoint whose server writes to the branch; names its socket. */
  readonly primaryUid: string
  /** A way to connect while that server runs; without, it must not run and must not be started meanwhile. */
  readonly connect?: (() => Promise<AdminConnection>) | undefined
  /** What is there is not to be used. */
  readonly anew: boolean
}

export interface PreparedReplica {
  readonly isNew: boolean
  /** Of its server, over all others. */
  readonly settings: Readonly<Record<string, string>>
  /** What the server that wrote its log had. */
  readonly sizes: StandbySizes
  /** Where the branch is: what a replica has replayed when it is up to date. Undefined where only its log tells. */
  readonly reach: bigint | undefined
}

const note = z.object({
  format: z.literal(1),
  branchUid: z.string(),
  /** The directory that it is a copy of: one that takes its place is another. */
  source: z.string(),
})

export class Replicas {
  readonly files: BranchFiles
  readonly #branches: BranchFiles
  readonly #options: ReplicasOptions

  constructor(options: ReplicasOptions, branches: BranchFiles) {
    this.#options = options
    this.#branches = branches
    this.files = new BranchFiles(options.postgres.host.dataDir, 'replicas')
  }

  /** Makes their directory, and removes what an earlier run left unfinished. */
  async open(): Promise<void> {
    await openDirectory(this.files.home)
    await this.files.sweep((name, error) =>
      this.#options.log.warn({ err: error, name }, 'an unfinished replica cannot be removed'),
    )
  }

  list(): Promise<string[]> {
    return this.files.list()
  }

  /** The Postgres data directory of a replica, whether it exists or not. */
  dataDirectory(replicaUid: string): string {
    return this.files.paths(replicaUid).data
  }

  /** Where a branch that sleeps ends; undefined after a crash. */
  async endOf(branchUid: string): Promise<bigint | undefined> {
    return this.#endOf(this.#branches.paths(branchUid), {})
  }

  /** Removes a replica's files; its server must not run. */
  remove(replicaUid: string): Promise<void> {
    return this.files.remove(replicaUid)
  }

  /**
   * Makes the files of a replica ready for its server, from what is there where that can catch up with the branch, else anew. Throws
   * what copying may throw; nothing is left behind then.
   */
  async prepare(replicaUid: string, source: ReplicaSource): Promise<PreparedReplica> {
    const [replica, branch] = [this.files.paths(replicaUid), this.#branches.paths(source.branchUid)]
    const reach = await this.#endOf(branch, source)
    const isUsable = !source.anew && (await this.#isUsable(replica, branch, source, reach))
    if (!isUsable) await this.#make(replicaUid, branch, source)
    else if (!source.connect) await feedLog(this.#options, branch, replica)
    const { host } = this.#options.postgres
    const settings = await standbySettings(host, {
      primary: source.primaryUid,
      archive: path.relative(replica.data, branch.archive),
      name: replicaUid,
    })
    const { sizes } = await readControlFile(replica.data)
    return { isNew: !isUsable, settings, sizes, reach }
  }

  async #isUsable(
    replica: BranchPaths,
    branch: BranchPaths,
    { branchUid, connect }: ReplicaSource,
    end: bigint | undefined,
  ): Promise<boolean> {
    const known = await readNote(replica)
    if (known?.branchUid !== branchUid || known.source !== (await identityOf(branch.data))) return false
    // Only its own recovery will tell what a branch holds that sleeps after a crash.
    if (!connect && end === undefined) return false
    return isInReach(this.#options, branch, replica, end).catch(() => false)
  }

  /** Undefined for a branch that sleeps after a crash. */
  async #endOf(
    branch: BranchPaths,
    { connect }: Pick<ReplicaSource, 'connect'>,
  ): Promise<bigint | undefined> {
    if (!connect) {
      const { isShutDown, checkpointLsn } = await readControlFile(branch.data)
      return isShutDown ? checkpointLsn : undefined
    }
    await using admin = await connect()
    const [row] = await admin.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn')
    return row && parseLsn(row.lsn)
  }

  async #make(replicaUid: string, branch: BranchPaths, source: ReplicaSource): Promise<void> {
    const began = performance.now()
    await stopLeftover(this.files.paths(replicaUid).data)
    await this.files.remove(replicaUid)
    const building = pathsIn(this.files.temporary(replicaUid))
    try {
      await openDirectory(building.directory)
      const identity = await identityOf(branch.data)
      const method = await this.#fill(branch.data, building.data, source)
      await writeStandbySignal(building.data, this.#options.postgres.host)
      const content = { format: 1, branchUid: source.branchUid, source: identity }
      await writeFileAtomic(noteFile(building), JSON.stringify(content))
      await flushTree(building.directory)
      await this.files.publish(building.directory, replicaUid)
      const durationMs = Math.round(performance.now() - began)
      this.#options.log.info({ replica: replicaUid, method, durationMs }, 'made the files of a replica')
    } catch (error) {
      await removeTree(building.directory).catch(() => undefined)
      throw error
    }
  }

  async #fill(from: string, to: string, { connect }: ReplicaSource): Promise<CloneMethod> {
    const options = { from, to, owner: ownerOf(this.#options.postgres.host) }
    const { method } = connect ? await cloneRunning({ ...options, connect }) : await cloneAsleep(options)
    return method
  }
}

function noteFile({ directory }: BranchPaths): string {
  return path.join(directory, 'replica.json')
}

async function readNote(replica: BranchPaths): Promise<z.output<typeof note> | undefined> {
  const text = await readFile(noteFile(replica), 'utf8').catch(() => 'null')
  try {
    return note.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** Which directory it is, whatever its path. An inode is used again one day, but not with the same birth. */
async function identityOf(directory: string): Promise<string> {
  const { ino, birthtimeNs } = await stat(directory, { bigint: true })
  return `${ino}.${birthtimeNs}`
}
