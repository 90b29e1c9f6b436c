// The log between a replica and its branch: whether all of it can still be had, and bringing what is not in the archive yet.
import { open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { ownerOf, type PostgresVersions, readControlFile, walSegmentName } from '../postgres/index.ts'
import type { Archives } from './archive/archives.ts'
import { isSegment, positionOf } from './archive/wal-names.ts'
import type { BranchPaths } from './branch-files.ts'
import { FileCloner } from './clone-tree.ts'

interface Parts {
  readonly postgres: PostgresVersions
  readonly archives: Archives
}

/** Beyond this a copy is quicker than replaying, at some 100 MB a second. Bytes. */
const FARTHEST = 1024n ** 3n
/** A replica may have replayed the record at which the branch ends. Bytes. */
const LAST_RECORD = 8192n

/** Whether a replica can go on from where it is to `end`, the end of its branch. */
export async function isInReach(
  { archives }: Parts,
  branch: BranchPaths,
  replica: BranchPaths,
  end: bigint | undefined,
): Promise<boolean> {
  const { timeline, redoLsn, minRecoveryLsn } = await readControlFile(replica.data)
  const primary = await readControlFile(branch.data)
  if (timeline !== primary.timeline) return false
  const at = minRecoveryLsn > redoLsn ? minRecoveryLsn : redoLsn
  // Ahead of its branch: that has lost, with its machine, what it had not flushed.
  if (end !== undefined && (at > end + LAST_RECORD || end - at > FARTHEST)) return false
  const own = await segmentsIn(replica)
  const archived = (await archives.storeOf(branch.data).list()).map(({ name }) => name)
  const there = new Set([...archived, ...(await segmentsIn(branch))])
  // Its last segment may be half of one; the ones before it are whole.
  const last = own.at(-1) ?? walSegmentName(timeline, redoLsn)
  return there.has(last) && (own.length === 0 || (own[0] ?? '') <= walSegmentName(timeline, redoLsn))
}

/** Gives a replica the log of a branch that sleeps, as far as it is not in the archive. */
export async function feedLog(
  { archives, postgres }: Parts,
  branch: BranchPaths,
  replica: BranchPaths,
): Promise<void> {
  const { redoLsn, timeline } = await readControlFile(replica.data)
  const first = positionOf(walSegmentName(timeline, redoLsn))
  await archives.upToDate(branch.data, async () => {
    const archived = new Set((await archives.storeOf(branch.data).list()).map(({ name }) => name))
    const cloner = new FileCloner(ownerOf(postgres.host))
    for (const name of await segmentsIn(branch)) {
      if (archived.has(name) || positionOf(name) < first) continue
      const from = path.join(branch.data, 'pg_wal', name)
      await flushFile(from)
      await cloner.replace(from, path.join(replica.data, 'pg_wal', name))
    }
  })
}

/** Names of segments, in order. */
async function segmentsIn({ data }: BranchPaths): Promise<string[]> {
  const names = await readdir(path.join(data, 'pg_wal'))
  return names.filter(isSegment).toSorted()
}

async function flushFile(file: string): Promise<void> {
  await using handle = await open(file, 'r')
  await handle.sync()
}
