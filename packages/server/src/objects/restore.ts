// Making a data directory of an archive, on a machine that has nothing but the passphrase.
import { chown, mkdir, open, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { flushTree } from '../base/flush-tree.ts'
import { LakeletError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { removeTree } from '../base/remove-tree.ts'
import { forgetInCopy, rowsInCopy } from '../metadata/copies.ts'
import { openPostgres, ownerOf, type PostgresVersions } from '../postgres/index.ts'
import { type BranchPaths, pathsIn, rebuildBranch } from '../storage/index.ts'
import { type Line, linesIn } from './lines.ts'
import { SNAPSHOTS } from './names.ts'
import { basesOf, type FoundBase, type FoundState, logOf, readState, statesIn } from './read-archive.ts'
import { bytesOf, snapshotRecord, type StateRecord } from './records.ts'
import { unpackTree } from './trees.ts'
import type { Vault } from './vault.ts'

export interface RestoredBranch {
  readonly name: string
  /** When what was committed last was committed; absent where nothing was since its base. */
  readonly last_commit?: string
  readonly lsn: string
}

export interface ArchiveRestoreReport {
  readonly data_dir: string
  readonly workspace_id: string
  /** As of when projects, people, keys and files are. */
  readonly state_time: string
  readonly lakelet: string
  readonly branches: readonly RestoredBranch[]
  readonly snapshots: number
  /** Sentences for a person. */
  readonly notes: readonly string[]
}

export interface ArchiveRestoreOptions {
  readonly vault: Vault
  /** RFC 3339; all there is where absent. */
  readonly at?: string | undefined
  /** Where it is made: a directory that is not there yet. The caller gives it its name. */
  readonly to: string
  readonly log: Logger
  readonly onProgress?: ((message: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** LakeletErrors `object_archive_not_reached`, `object_archive_damaged`. The caller removes `to` where it fails. */
export async function restoreArchive(
  options: ArchiveRestoreOptions,
): Promise<Omit<ArchiveRestoreReport, 'data_dir'>> {
  const { vault, to } = options
  const found = await chooseState(vault, options.at)
  const state = await readState(vault, found)
  await mkdir(to, { mode: 0o711 })
  const postgres = await openPostgres({ dataDir: to })
  const restoring = new Restoring(options, state, postgres, await linesIn(vault))
  return restoring.run()
}

/** The last state by a time. */
async function chooseState(vault: Vault, at: string | undefined): Promise<FoundState> {
  const states = await statesIn(vault)
  const moment = at === undefined ? Infinity : Date.parse(at)
  const found = states.findLast(({ time }) => time.getTime() <= moment)
  if (found) return found
  const first = states[0]
  const reason = first
    ? `it begins at ${first.time.toISOString()}`
    : 'nothing of a workspace was ever completed in it'
  throw new LakeletError('object_archive_not_reached', {
    url: vault.store.url,
    moment: at ?? 'any moment',
    reason,
  })
}

class Restoring {
  readonly #options: ArchiveRestoreOptions
  readonly #state: StateRecord
  readonly #postgres: PostgresVersions
  readonly #lines: Map<string, Line>
  readonly #notes: string[] = []

  constructor(
    options: ArchiveRestoreOptions,
    state: StateRecord,
    postgres: PostgresVersions,
    lines: Map<string, Line>,
  ) {
    this.#options = options
    this.#state = state
    this.#postgres = postgres
    this.#lines = lines
  }

  async run(): Promise<Omit<ArchiveRestoreReport, 'data_dir'>> {
    const { vault, to, signal } = this.#options
    this.#say('metadata, keys and files')
    await unpackTree(vault, this.#state.tree, { to, postgres: this.#account, signal })
    const metadata = path.join(to, 'metadata.sqlite')
    const rows = rowsInCopy(metadata)
    await mkdir(path.join(to, 'branches'), { recursive: true, mode: 0o711 })
    await mkdir(path.join(to, 'snapshots'), { recursive: true, mode: 0o711 })
    const forgotten: string[] = []
    const branches: RestoredBranch[] = []
    for (const { uid, project, branch } of rows.branches) {
      const name = `projects/${project}/branches/${branch}`
      this.#say(name)
      const restored = await this.#branch(uid, name)
      if (restored) branches.push(restored)
      else forgotten.push(uid)
    }
    let snapshots = 0
    for (const { uid, project, snapshot } of rows.snapshots) {
      if (await this.#snapshot(uid)) snapshots += 1
      else {
        forgotten.push(uid)
        this.#notes.push(
          `Left out: projects/${project}/snapshots/${snapshot}, which the archive does not have any more.`,
        )
      }
    }
    forgetInCopy(metadata, forgotten)
    this.#notes.push(
      'Apps are built anew at the first start. Extensions that were brought to Postgres are to be brought again.',
      'This copy does not write to the archive, as the workspace that it was made of may still do. Where that one is gone for good, say `lakelet archive take-over`.',
    )
    await flushTree(to)
    const { time, lakelet } = this.#state
    return {
      workspace_id: vault.workspaceId,
      state_time: time,
      lakelet,
      branches,
      snapshots,
      notes: this.#notes,
    }
  }

  /** Undefined where the archive does not lead there. */
  async #branch(uid: string, name: string): Promise<RestoredBranch | undefined> {
    const { vault, to, at, log, signal } = this.#options
    const known = this.#state.branches.find((each) => each.uid === uid)
    const line = known && this.#lines.get(known.line)
    if (!known || !line) {
      this.#notes.push(
        `Left out: ${name}, ${known ? 'which is not in the archive any more' : 'of which the archive had no base by then'}.`,
      )
      return undefined
    }
    const moment = at === undefined ? Infinity : Date.parse(at)
    const bases = await basesOf(vault, line)
    const base = bases.findLast(
      ({ record }) => Date.parse(record.time) <= moment && Date.parse(record.from) <= moment,
    )
    if (!base) {
      this.#notes.push(
        `Left out: ${name}, whose past in the archive begins at ${bases[0]?.record.from ?? 'no time'}.`,
      )
      return undefined
    }
    const paths = pathsIn(path.join(to, 'branches', uid))
    await mkdir(paths.directory, { mode: 0o711 })
    await this.#placeBase(paths, base)
    const tail = path.join(paths.directory, '.tail')
    const gap = await this.#placeLog(paths, { line, tail, base, timeline: known.timeline })
    const rebuilt = await rebuildBranch(
      { postgres: this.#postgres, log },
      { to: paths, timeline: known.timeline, time: at ?? new Date().toISOString(), tail, signal },
    )
    await removeTree(tail)
    for (const [note, text] of Object.entries(known.notes))
      await writeFile(path.join(paths.directory, note), text, { mode: 0o600 })
    if (gap !== undefined && (at === undefined || (rebuilt.lastCommit?.getTime() ?? 0) < moment))
      this.#notes.push(
        `${name} is as of an earlier moment: log is missing in the archive after the segment ${gap}.`,
      )
    return {
      name,
      lsn: rebuilt.lsn,
      ...(rebuilt.lastCommit ? { last_commit: rebuilt.lastCommit.toISOString() } : {}),
    }
  }

  async #placeBase(paths: BranchPaths, { id, record }: FoundBase): Promise<void> {
    const { vault, signal } = this.#options
    const directory = path.join(paths.bases, id)
    await mkdir(directory, { recursive: true, mode: 0o711 })
    await unpackTree(vault, record.tree, { to: directory, postgres: this.#account, signal })
    const { lsn, time, from, firstSegment, timeline } = record
    const note = {
      format: 1,
      lsn,
      time,
      timeline,
      firstSegment,
      from: { lsn, time: from },
      method: 'copy',
      bytes: bytesOf(record.tree),
    }
    await writeFile(path.join(directory, 'base.json'), `${JSON.stringify(note, undefined, 2)}\n`, {
      mode: 0o600,
    })
  }

  /** Gives the last segment before a gap, where there is one. */
  async #placeLog(
    paths: BranchPaths,
    {
      line,
      tail,
      base,
      timeline,
    }: { readonly line: Line; readonly tail: string; readonly base: FoundBase; readonly timeline: number },
  ): Promise<string | undefined> {
    const { vault, signal } = this.#options
    const { segments, gap } = await logOf(vault, line, { first: base.record.firstSegment, timeline })
    await mkdir(paths.archive, { mode: 0o711 })
    await mkdir(tail, { mode: 0o711 })
    for (const { name, bytes, chunk, isTail } of segments) {
      signal?.throwIfAborted()
      const at = path.join(isTail ? tail : paths.archive, name)
      await using file = await open(at, 'wx', 0o600)
      await file.writeFile(await vault.getChunk(chunk))
      await file.truncate(bytes)
      if (this.#account) await chown(at, this.#account.uid, this.#account.gid)
    }
    return gap
  }

  async #snapshot(uid: string): Promise<boolean> {
    const { vault, to, signal } = this.#options
    if (!this.#state.snapshots.includes(uid)) return false
    const name = `${SNAPSHOTS}${uid}`
    for await (const { name: found } of vault.store.list(name)) {
      if (found !== name) continue
      const scratch = path.join(to, 'snapshots', `.${uid}`)
      await mkdir(scratch, { mode: 0o711 })
      const { tree } = await vault.getRecord(name, snapshotRecord)
      await unpackTree(vault, tree, { to: scratch, postgres: this.#account, signal })
      await rename(path.join(scratch, 'snapshot'), path.join(to, 'snapshots', uid))
      await removeTree(scratch)
      return true
    }
    return false
  }

  get #account() {
    const { host } = this.#postgres
    return host.account && ownerOf(host)
  }

  #say(message: string): void {
    this.#options.onProgress?.(message)
  }
}
