// Recovery to a time as recovery to a position: that of the last commit by then.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { parseLsn, readControlFile, SEGMENT_BYTES, walSegmentName } from './control-file.ts'
import { commitsBy } from './wal-commits.ts'

const SEGMENT = /^[0-9A-F]{24}$/

export interface ExactTargetOptions {
  readonly dataDirectory: string
  /** Where completed segments are, as seen from the data directory. */
  readonly archive: string
  /** The newest timeline that is replayed. */
  readonly timeline: number
  /** Where the content of the data directory is whole: nothing before it can be a target. */
  readonly notBefore: string
  /** Microseconds since 1970. */
  readonly time: bigint
}

/**
 * Where the last transaction ended that did by a time. Throws where log is missing on the way there: what comes after a gap is not
 * taken for what never was.
 */
export async function exactTarget(options: ExactTargetOptions): Promise<{ readonly lsn: string }> {
  const { dataDirectory, timeline, notBefore, time } = options
  const archive = path.join(dataDirectory, options.archive)
  const archived = await segmentsIn(archive, timeline)
  const files = new Map([...(await segmentsIn(path.join(dataDirectory, 'pg_wal'), timeline)), ...archived])
  const read = async (lsn: bigint) => {
    const file = files.get(positionOf(lsn))
    return file === undefined ? undefined : readFile(file)
  }
  const from = await beginOf(dataDirectory)
  const found = await commitsBy(read, { from, notBefore: parseLsn(notBefore), time })
  const last = [...archived.keys()].reduce((one, other) => (one > other ? one : other), '')
  if (!found.isFollowed && last > positionOf(parseLsn(found.end)))
    throw new Error(`its log has a gap: it cannot be read from ${found.end} on, though later log is there`)
  const isLater = found.last !== undefined && parseLsn(found.last) > parseLsn(notBefore)
  return { lsn: isLater && found.last !== undefined ? found.last : notBefore }
}

/** The segments of a directory by their positions; of several timelines the newest, which begins with what the others have. */
async function segmentsIn(directory: string, timeline: number): Promise<Map<string, string>> {
  const names = (await readdir(directory)).filter((name) => SEGMENT.test(name)).toSorted()
  const known = names.filter((name) => Number.parseInt(name.slice(0, 8), 16) <= timeline)
  return new Map(known.map((name) => [name.slice(8), path.join(directory, name)]))
}

function positionOf(lsn: bigint): string {
  return walSegmentName(1, lsn - (lsn % SEGMENT_BYTES)).slice(8)
}

/** Where replay begins. */
async function beginOf(dataDirectory: string): Promise<bigint> {
  const label = await readFile(path.join(dataDirectory, 'backup_label'), 'latin1').catch(() => '')
  const start = /^START WAL LOCATION: (\S+)/m.exec(label)?.[1]
  return start === undefined ? (await readControlFile(dataDirectory)).checkpointLsn : parseLsn(start)
}
