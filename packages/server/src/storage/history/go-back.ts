// Making a branch as its source was at a moment of its past: the last base before it, and the log from there on.
import { randomBytes } from 'node:crypto'
import { chown, mkdir, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import {
  type AdminConnection,
  isBeyondLog,
  ownerOf,
  parseLsn,
  type PostgresVersions,
  readControlFile,
  socketDirectoryFor,
} from '../../postgres/index.ts'
import type { Archives } from '../archive/archives.ts'
import { historyName } from '../archive/wal-names.ts'
import type { BranchPaths } from '../branch-files.ts'
import { cloneTree, type CloneResult, FileCloner } from '../clone-tree.ts'
import { isExcluded, isWal } from '../excluded-files.ts'
import { type Base, beginOf, listBases } from './bases.ts'
import type { History } from './history.ts'
import { microsecondsOf, utcOf } from './recovery-times.ts'
import { namesBetween, positionAt, shareArchive, shareBase } from './share.ts'

/** A moment of a branch's past: RFC 3339 with a zone, up to microseconds, or a position in the log; see `RecoveryTarget`. */
export type PastMoment = { readonly time: string } | { readonly lsn: string }

export interface GoBackOptions {
  readonly from: BranchPaths
  readonly to: BranchPaths
  readonly moment: PastMoment
  /** A way to connect while the server of the source runs. */
  readonly connect?: (() => Promise<AdminConnection>) | undefined
  /** Called with a connection to the past, once it is reached. */
  readonly observe?: ((admin: AdminConnection) => Promise<void>) | undefined
  /** The new branch may go back as far as its source could; else its past begins where it does. */
  readonly keepsPast?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

export interface GoBackParts {
  readonly postgres: PostgresVersions
  readonly archives: Archives
  readonly history: History
  readonly log: Logger
}

/** What the files of a moment are made of, gathered where the new branch is to be. */
export interface GatheredPast {
  readonly bases: readonly Base[]
  /** The one that was copied. */
  readonly base: Base
  /** Of the source. */
  readonly timeline: number
  readonly tree: Awaited<ReturnType<typeof cloneTree>>
}

/** Makes `to`. Throws `history_not_reached` for a moment that cannot be, with those that can. */
export async function goBack(parts: GoBackParts, options: GoBackOptions): Promise<CloneResult> {
  const gathered = await gatherPast(parts, options)
  const past = await recoverGathered(parts, options, gathered)
  const begin = await keepLog(parts, options, { ...gathered, past })
  return { ...gathered.tree, lsn: past.lsn, timeline: past.timeline, time: begin }
}

/** The first part of it, for which the server of the source must neither start nor stop. Throws as `goBack`. */
export async function gatherPast(parts: GoBackParts, options: GoBackOptions): Promise<GatheredPast> {
  const { from, to } = options
  const now = options.connect ? await endOfLog(options.connect) : undefined
  const bases = await listBases(from.bases)
  const base = baseFor(bases, options.moment, now)
  await requireWhole(base)
  const { timeline } = await readControlFile(from.data)
  const tree = await cloneTree({
    from: base.data,
    to: to.data,
    owner: ownerOf(parts.postgres.host),
    exclude: (relative) => (isExcluded(relative) && relative !== 'backup_label') || isWal(relative),
  })
  await gatherLog(parts, options, base, timeline)
  return { bases, base, timeline, tree }
}

/** Sees to it that all that was committed so far is in the log on disk, with a commit after it; gives the end of the log. */
async function endOfLog(connect: () => Promise<AdminConnection>): Promise<string> {
  await using admin = await connect()
  await admin.query('SELECT pg_current_xact_id()')
  const [row] = await admin.query<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn')
  if (!row) throw new Error('pg_current_wal_flush_lsn returned no row')
  return row.lsn
}

/** The last base from which the moment can be reached. */
function baseFor(bases: readonly Base[], moment: PastMoment, end: string | undefined): Base {
  const isBefore = (one: { readonly lsn: string; readonly time: string }) =>
    'lsn' in moment
      ? parseLsn(one.lsn) <= parseLsn(moment.lsn)
      : microsecondsOf(one.time) <= microsecondsOf(moment.time)
  // Their times need not be in order: a clock was set back.
  const base = bases.findLast((each) => isBefore(each) && isBefore(each.from))
  const isTooLate =
    'lsn' in moment
      ? end !== undefined && parseLsn(moment.lsn) > parseLsn(end)
      : microsecondsOf(moment.time) > BigInt(Date.now()) * 1000n + 999n
  if (!base || isTooLate) throw notReached(bases, moment, end)
  return base
}

function notReached(bases: readonly Base[], moment: PastMoment, end: string | undefined): LakeletError {
  const first = beginOf(bases)
  const asked = 'lsn' in moment ? moment.lsn : moment.time
  if (!first) return new LakeletError('history_not_begun', { moment: asked })
  const from = 'lsn' in moment ? first.lsn : first.time
  const to = 'lsn' in moment ? (end ?? 'the end of its log') : new Date().toISOString()
  return new LakeletError('history_not_reached', { moment: asked, from, to })
}

/**
 * A base of a running server without the label of its backup would be recovered from its last checkpoint, which misses what was written
 * while it was copied: nothing would fail, and pages would be wrong.
 */
async function requireWhole({ data }: Base): Promise<void> {
  const { isShutDown } = await readControlFile(data)
  if (!isShutDown) await stat(path.join(data, 'backup_label'))
}

/** Puts together all log from the base on: what is archived by second names, the rest as a copy. */
async function gatherLog(
  { archives, history, postgres }: GoBackParts,
  { from, to }: GoBackOptions,
  base: Base,
  timeline: number,
): Promise<void> {
  const owner = ownerOf(postgres.host)
  await archives.upToDate(from.data, async () => {
    const archived = (await archives.storeOf(from.data).list()).map(({ name }) => name)
    const names = namesBetween(archived, { first: base.firstSegment, timeline })
    await shareArchive(from, to, { names, owner })
    const wal = path.join(to.data, 'pg_wal')
    await mkdir(wal, { recursive: true, mode: 0o700 })
    await chown(wal, owner.uid, owner.gid)
    const cloner = new FileCloner(owner)
    for (const name of await history.segmentsFrom(from, base.firstSegment)) {
      if (!names.includes(name))
        await cloner.clone(path.join(from.data, 'pg_wal', name), path.join(wal, name))
    }
  })
}

/** Where a recovery ended. */
export interface RecoveredMoment {
  readonly lsn: string
  readonly timeline: number
  readonly lastCommit: Date | undefined
}

/** The second part: replays the log up to the moment. The source is not needed any more. */
export async function recoverGathered(
  { postgres, log }: Pick<GoBackParts, 'postgres' | 'log'>,
  options: Pick<GoBackOptions, 'to' | 'moment' | 'observe' | 'signal'>,
  { timeline, bases, base }: Pick<GatheredPast, 'timeline' | 'bases' | 'base'>,
): Promise<RecoveredMoment> {
  const { to, moment, observe, signal } = options
  const installation = await postgres.ofDirectory(to.data)
  const socketDirectory = socketDirectoryFor(postgres.host, randomBytes(8).toString('hex'))
  try {
    return await installation.recoverPast(
      {
        dataDirectory: to.data,
        socketDirectory,
        logFile: to.log,
        log,
        target: 'lsn' in moment ? moment : { time: microsecondsOf(moment.time) },
        notBefore: base.lsn,
        timeline,
        archive: path.relative(to.data, to.archive),
        ...(observe ? { observe } : {}),
      },
      signal,
    )
  } catch (error) {
    throw isBeyondLog(error) ? notReached(bases, moment, undefined) : error
  } finally {
    await rm(socketDirectory, { recursive: true, force: true })
  }
}

/** The new branch keeps the log that leads to where it begins, and how its timeline came about. Returns the time of that. */
async function keepLog(
  { archives, postgres }: GoBackParts,
  { from, to, moment, keepsPast }: GoBackOptions,
  {
    bases,
    base,
    past,
  }: { readonly bases: readonly Base[]; readonly base: Base; readonly past: RecoveredMoment },
): Promise<string> {
  const owner = ownerOf(postgres.host)
  const store = archives.storeOf(to.data)
  const end = positionAt(past.lsn)
  const names = (await store.list()).map(({ name }) => name)
  const kept = new Set(namesBetween(names, { first: base.firstSegment, end, timeline: past.timeline }))
  for (const name of names) if (!kept.has(name)) await store.delete(name)
  const history = historyName(past.timeline)
  await store.put(history, path.join(to.data, 'pg_wal', history))
  const time =
    'time' in moment ? utcOf(microsecondsOf(moment.time)) : (past.lastCommit?.toISOString() ?? base.time)
  if (keepsPast) await keepPast({ archives, owner }, { from, to, bases, base, end })
  else await shareBase(base, to.bases, { owner, since: { lsn: past.lsn, time } })
  return time
}

/** All bases up to the one that was used, with the log between them. */
async function keepPast(
  { archives, owner }: { readonly archives: Archives; readonly owner: { uid: number; gid: number } },
  {
    from,
    to,
    bases,
    base,
    end,
  }: {
    readonly from: BranchPaths
    readonly to: BranchPaths
    readonly bases: readonly Base[]
    readonly base: Base
    readonly end: string
  },
): Promise<void> {
  const used = bases.slice(0, bases.findIndex(({ id }) => id === base.id) + 1)
  for (const each of used) await shareBase(each, to.bases, { owner, since: each.from })
  const first = used[0]?.firstSegment ?? base.firstSegment
  const there = new Set((await archives.storeOf(to.data).list()).map(({ name }) => name))
  const archived = (await archives.storeOf(from.data).list()).map(({ name }) => name)
  const names = namesBetween(archived, { first, end, timeline: base.timeline }).filter(
    (name) => !there.has(name),
  )
  await shareArchive(from, to, { names, owner })
}
