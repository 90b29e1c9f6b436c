// Giving a new branch the past of another one without copying it: second names of the files of a base and of the archive, neither of
// which anybody ever writes to.
import { constants } from 'node:fs'
import { chown, copyFile, link, mkdir, readdir } from 'node:fs/promises'
import path from 'node:path'
import { formatLsn, parseLsn, SEGMENT_BYTES, walSegmentName } from '../../postgres/index.ts'
import { isHistory, isSegment, positionOf, timelineOf } from '../archive/wal-names.ts'
import type { BranchPaths } from '../branch-files.ts'
import { type Base, type HistoryPoint, makeBase } from './bases.ts'

interface Owner {
  readonly uid: number
  readonly gid: number
}

const PARALLEL = 16
const NO_LINKS = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** Gives `from` the second name `to`, or copies it where the file system gives none. */
async function share(from: string, to: string, owner: Owner): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!NO_LINKS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
    await chown(to, owner.uid, owner.gid)
  }
}

/** The same for a whole tree of files that nobody writes to; `to` is new. */
export async function shareTree(from: string, to: string, owner: Owner): Promise<void> {
  const files: string[] = []
  const walk = async (relative: string): Promise<void> => {
    const made = path.join(to, relative)
    await mkdir(made, { mode: 0o700 })
    await chown(made, owner.uid, owner.gid)
    for (const entry of await readdir(path.join(from, relative), { withFileTypes: true })) {
      const inside = path.join(relative, entry.name)
      if (entry.isDirectory()) await walk(inside)
      else if (entry.isFile()) files.push(inside)
    }
  }
  await walk('')
  const queue = files.values()
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const file of queue) await share(path.join(from, file), path.join(to, file), owner)
    }),
  )
}

/** Shares a base with another branch, which may go back to `since` through it. Flushes nothing. */
export async function shareBase(
  base: Pick<Base, 'data' | 'lsn' | 'time' | 'timeline' | 'firstSegment' | 'bytes'>,
  home: string,
  { owner, since }: { readonly owner: Owner; readonly since: HistoryPoint },
): Promise<void> {
  const { lsn, time, timeline, firstSegment, bytes } = base
  await makeBase(home, {
    fill: async (data) => {
      await shareTree(base.data, data, owner)
      return { lsn, time, timeline, firstSegment, bytes, from: since, method: 'link' }
    },
  })
}

/** The names of an archive from the segment `first` on, up to `end`, which is not among them; all histories that lead to `timeline`. */
export function namesBetween(
  names: readonly string[],
  { first, end, timeline }: { readonly first: string; readonly end?: string; readonly timeline: number },
): string[] {
  return names.filter((name) => {
    if (timelineOf(name) > timeline) return false
    if (isHistory(name)) return true
    const position = positionOf(name)
    return isSegment(name) && position >= positionOf(first) && (end === undefined || position < end)
  })
}

/** Shares files of one archive with another one. Flushes nothing. */
export async function shareArchive(
  from: Pick<BranchPaths, 'archive'>,
  to: Pick<BranchPaths, 'archive'>,
  { names, owner }: { readonly names: readonly string[]; readonly owner: Owner },
): Promise<void> {
  await mkdir(to.archive, { recursive: true, mode: 0o711 })
  for (const name of names) await share(path.join(from.archive, name), path.join(to.archive, name), owner)
}

/** Whether `names` hold each segment from `first` up to the position `end`, whatever their timelines. */
export function isGapless(names: readonly string[], first: string, end: string): boolean {
  const present = new Set(names.filter(isSegment).map(positionOf))
  for (let position = positionOf(first); position < end; position = nextPosition(position)) {
    if (!present.has(position)) return false
  }
  return true
}

/** 256 segments of 16 MB in each of the files of 4 GB that the first half of the position counts. */
function nextPosition(position: string): string {
  const number = BigInt(`0x${position.slice(0, 8)}`) * 256n + BigInt(`0x${position.slice(8)}`) + 1n
  const [log, segment] = [number / 256n, number % 256n]
  return [log, segment].map((part) => part.toString(16).toUpperCase().padStart(8, '0')).join('')
}

/** Where the segment at a position ends, as an LSN. */
export function endOfPosition(position: string): string {
  const next = nextPosition(position)
  return formatLsn(
    BigInt(`0x${next.slice(0, 8)}`) * 0x1_0000_0000n + BigInt(`0x${next.slice(8)}`) * SEGMENT_BYTES,
  )
}

/** The position of the segment that holds `lsn`. */
export function positionAt(lsn: string): string {
  return positionOf(walSegmentName(1, parseLsn(lsn)))
}
