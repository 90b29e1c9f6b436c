// The past of branches: which moments can be reached, making them reachable, and going back.
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { flushTree } from '../../base/flush-tree.ts'
import type { Logger } from '../../base/log.ts'
import {
  type AdminConnection,
  ownerOf,
  type PostgresVersions,
  readControlFile,
} from '../../postgres/index.ts'
import type { Archives } from '../archive/archives.ts'
import type { ArchivedFile } from '../archive/store.ts'
import { isSegment, positionOf } from '../archive/wal-names.ts'
import type { BranchPaths } from '../branch-files.ts'
import type { Problem } from '../disk/index.ts'
import { cloneRunning } from '../clone-running.ts'
import { cloneStopped } from '../clone-stopped.ts'
import type { CloneResult } from '../clone-tree.ts'
import {
  type Base,
  beginOf,
  type HistoryPoint,
  listBases,
  makeBase,
  noteOf,
  removeBase,
  sweepBases,
} from './bases.ts'
import { type Usage, usageOf } from './policy.ts'
import { endOfPosition, isGapless, namesBetween, positionAt, shareArchive, shareBase } from './share.ts'

export interface HistoryOptions {
  readonly postgres: PostgresVersions
  readonly archives: Archives
  readonly log: Logger
}

/** What there is of the past of a branch. */
export interface BranchHistory extends Usage {
  /** The first moment that can be reached; undefined for a branch that has no base yet. */
  readonly from: HistoryPoint | undefined
  readonly bases: readonly Base[]
  /** The archive. */
  readonly files: readonly ArchivedFile[]
  readonly problem: Problem | undefined
}

export class History {
  readonly #options: HistoryOptions

  constructor(options: HistoryOptions) {
    this.#options = options
  }

  /** What can be reached of a branch's past, and what that takes. */
  async of(paths: BranchPaths): Promise<BranchHistory> {
    const bases = await listBases(paths.bases)
    const files = await this.#options.archives.storeOf(paths.data).list()
    const problem = this.#options.archives.problemOf(paths.data)
    return { ...usageOf(bases, files), from: beginOf(bases), bases, files, problem }
  }

  /** The first base of a branch that was cloned from a template, which nobody ever writes to. */
  async begin(template: string, to: BranchPaths, clone: CloneResult): Promise<void> {
    const note = await noteOf(clone, template)
    await shareBase({ ...note, data: template }, to.bases, { owner: this.#owner, since: note.from })
  }

  /**
   * Gives a new branch the base and the log from which its source could have been brought to where the branch begins: with its own log
   * that leads to all of its future. Copies nothing. A source without a base has none to give; the branch gets one of its own later.
   */
  async inherit(from: BranchPaths, to: BranchPaths, clone: CloneResult): Promise<void> {
    const { archives, log } = this.#options
    const end = positionAt(clone.lsn)
    try {
      await archives.upToDate(from.data, async () => {
        const names = (await archives.storeOf(from.data).list()).map(({ name }) => name)
        const base = (await listBases(from.bases)).findLast(
          ({ firstSegment, timeline }) =>
            positionOf(firstSegment) <= end &&
            timeline <= clone.timeline &&
            isGapless(names, firstSegment, end),
        )
        if (!base) return
        const since = { lsn: clone.lsn, time: clone.time }
        await shareBase(base, to.bases, { owner: this.#owner, since })
        const needed = namesBetween(names, { first: base.firstSegment, end, timeline: clone.timeline })
        await shareArchive(from, to, { names: needed, owner: this.#owner })
      })
    } catch (error) {
      await sweepBases(to.bases)
      log.info({ err: error, directory: to.directory }, 'a new branch begins without a past')
    }
  }

  /**
   * Gives a copy of a branch, whose log goes on by itself from where the copy ends, all of the past that leads there. Copies nothing. A past with
   * a gap before that has none to give.
   */
  async carry(from: BranchPaths, to: BranchPaths, clone: CloneResult): Promise<void> {
    const { archives } = this.#options
    const end = positionAt(clone.lsn)
    await archives.upToDate(from.data, async () => {
      const names = (await archives.storeOf(from.data).list()).map(({ name }) => name)
      const bases = (await listBases(from.bases)).filter(
        ({ firstSegment, timeline }) =>
          positionOf(firstSegment) <= end &&
          timeline <= clone.timeline &&
          isGapless(names, firstSegment, end),
      )
      for (const base of bases) await shareBase(base, to.bases, { owner: this.#owner, since: base.from })
      const first = bases[0]?.firstSegment
      if (first === undefined) return
      const needed = namesBetween(names, { first, end, timeline: clone.timeline })
      await shareArchive(from, to, { names: needed, owner: this.#owner })
    })
  }

  /**
   * Makes a base of a branch as it is now: pass a way to connect while its server runs; without, it must not run. Undefined where it
   * sleeps after a crash: what its log will say is only known once it has recovered.
   */
  async takeBase(paths: BranchPaths, connect?: () => Promise<AdminConnection>): Promise<Base | undefined> {
    const { postgres, archives } = this.#options
    const base = await makeBase(paths.bases, {
      fill: async (to) => {
        const options = { from: paths.data, to, owner: this.#owner }
        if (connect) return noteOf(await cloneRunning({ ...options, connect }), to)
        if (!(await readControlFile(paths.data)).isShutDown) return undefined
        return noteOf(await cloneStopped({ ...options, postgres }), to)
      },
      flush: flushTree,
    })
    archives.follower?.noted(paths.data)
    return base
  }

  /** Forgets all that only leads to moments before what `oldest`, a base, leads to. */
  async forgetBefore(paths: BranchPaths, oldest: Base): Promise<void> {
    const bases = await listBases(paths.bases)
    const later = bases.findIndex(({ id }) => id === oldest.id)
    // Bases first: a base without its log leads nowhere.
    for (const base of bases.slice(0, Math.max(0, later))) await removeBase(paths.bases, base)
    const first = positionOf(oldest.firstSegment)
    const store = this.#options.archives.storeOf(paths.data)
    const mayForget = await this.#options.archives.follower?.mayForget(paths.directory)
    for (const { name } of await store.list()) {
      const position = positionOf(name)
      const isOld = position.length === 16 && position < first
      if (isOld && (mayForget?.(name) ?? true)) await store.delete(name)
    }
  }

  /** Removes what a crash left half made in the past of a branch. Archives what it left unarchived. */
  async mend(paths: BranchPaths): Promise<void> {
    await sweepBases(paths.bases)
    await this.#options.archives.storeOf(paths.data).sweep()
  }

  /** Names of the segments in pg_wal from the segment `first` on. */
  async segmentsFrom(paths: BranchPaths, first: string): Promise<string[]> {
    const names = await readdir(path.join(paths.data, 'pg_wal'))
    return names.filter((name) => isSegment(name) && positionOf(name) >= positionOf(first))
  }

  /** The end of the last segment in pg_wal: no log goes further than this. */
  async endOnDisk(paths: BranchPaths): Promise<string> {
    const names = await this.segmentsFrom(paths, '0'.repeat(24))
    const last = names.map(positionOf).toSorted().at(-1)
    return last === undefined ? '0/0' : endOfPosition(last)
  }

  get #owner() {
    return ownerOf(this.#options.postgres.host)
  }
}
