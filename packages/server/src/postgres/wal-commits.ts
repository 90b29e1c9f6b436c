// Where in the log what was committed by a time ends. Recovery to a time stops before the first commit after it
// (xlogrecovery.c, recoveryStopsBefore), so that it replays the beginning of what was committed later; most of that nobody sees, but a
// database that is dropped is gone long before its DROP commits (dbcommands.c, dropdb). The position of the last commit is exact.
// The format: src/include/access/xlog_internal.h, xlogrecord.h, xact.h; it is the same in versions 16 to 18.
import { formatLsn, SEGMENT_BYTES } from './control-file.ts'

// Positions are numbers here, as there are millions of records: exact up to 8 PB of log.
const SEGMENT = Number(SEGMENT_BYTES)
const PAGE = 8192
/** Of a record: length, transaction, the one before, kind, checksum. */
const HEADER = 24
const SHORT_PAGE_HEADER = 24
const LONG_PAGE_HEADER = 40
const CONTINUES = 0x01
const LONG = 0x02
/** What continues here was given up: the server had crashed before it was whole. */
const OVERWRITTEN = 0x08
const RMGR_LOG = 0
const RMGR_TRANSACTION = 1
const SWITCH = 0x40
/** xl_info of what has a time: commits and aborts, prepared before or not. */
const ENDS = new Set([0x00, 0x20, 0x30, 0x40])
/** And of what is prepared: a promise that is kept as well. Its time comes after its magic, length, transaction and database. */
const PREPARE = 0x10
const PREPARED_AT = 16
const DATA_LONG = 254
const DATA_SHORT = 255
const TOPLEVEL_XID = 252
const ORIGIN = 253
/** 2000-01-01 in microseconds since 1970: times of Postgres count from there. */
const EPOCH = 946_684_800_000_000n

/** Gives the whole segment that begins at a position; undefined where there is none. */
export type ReadSegment = (lsn: bigint) => Promise<Buffer | undefined>

export interface CommitsBy {
  /** Where the last transaction ended that did by the time; undefined where none did. */
  readonly last: string | undefined
  /** Where reading ended: behind the first later one, or where the log ends. */
  readonly end: string
  /** Whether a later one is there. */
  readonly isFollowed: boolean
}

/**
 * Reads the log from a position at which a record begins, up to the first transaction that ended after `time`, in microseconds since
 * 1970, and after `notBefore`: clocks are set back.
 */
export async function commitsBy(
  read: ReadSegment,
  { from, notBefore, time }: { readonly from: bigint; readonly notBefore: bigint; readonly time: bigint },
): Promise<CommitsBy> {
  const log = new LogReader(Number(from))
  let last: number | undefined
  for (;;) {
    const record = log.next()
    if (typeof record === 'number') {
      const segment = await read(BigInt(record))
      log.add(record, segment)
    } else {
      const isFollowed = record !== undefined && record > time && log.position > Number(notBefore)
      if (record === undefined || isFollowed) {
        return { last: last === undefined ? undefined : text(last), end: text(log.position), isFollowed }
      }
      last = log.position
    }
  }
}

function text(position: number): string {
  return formatLsn(BigInt(position))
}

/** A segment that has to be read first. */
class Missing extends Error {
  readonly start: number

  constructor(start: number) {
    super()
    this.start = start
  }
}

class LogReader {
  #position: number
  #previous: number | undefined
  /** The last two that were asked for: a record may go over the end of one. */
  #segments: { readonly start: number; readonly bytes: Buffer | undefined }[] = []

  constructor(from: number) {
    this.#position = from
  }

  /** The end of the last record. */
  get position(): number {
    return this.#position
  }

  add(start: number, bytes: Buffer | undefined): void {
    this.#segments = [...this.#segments.slice(-1), { start, bytes }]
  }

  /**
   * The time of the next transaction's end, in microseconds since 1970; undefined where the log ends; a number where the segment that begins
   * there must be added first.
   */
  next(): bigint | undefined | number {
    try {
      for (;;) {
        const time = this.#nextRecord()
        if (time !== 'other') return time
      }
    } catch (error) {
      if (error instanceof Missing) return error.start
      throw error
    }
  }

  #nextRecord(): bigint | undefined | 'other' {
    let begin = align(this.#position)
    if (begin % PAGE === 0) {
      const page = this.#pageAt(begin)
      if (!page || (page.info & CONTINUES) !== 0) return undefined
      begin += page.bytes
    }
    const header = this.#take(begin, HEADER, true)
    if (typeof header === 'number') return this.#restart(header)
    if (!header) return undefined
    const length = header.bytes.readUInt32LE(0)
    const previous = header.bytes.readUInt32LE(8) + header.bytes.readUInt32LE(12) * 0x1_0000_0000
    if (length < HEADER || previous >= begin) return undefined
    if (this.#previous !== undefined && previous !== this.#previous) return undefined
    const [info = 0, manager = 0] = header.bytes.subarray(16, 18)
    const kind = manager === RMGR_TRANSACTION ? info & 0x70 : undefined
    const isEnd = kind === PREPARE || (kind !== undefined && ENDS.has(kind))
    const body = this.#take(header.end, length - HEADER, isEnd)
    if (typeof body === 'number') return this.#restart(body)
    if (!body) return undefined
    const isSwitch = manager === RMGR_LOG && (info & 0xf0) === SWITCH
    this.#previous = begin
    this.#position =
      isSwitch && body.end % SEGMENT !== 0 ? (Math.floor(body.end / SEGMENT) + 1) * SEGMENT : body.end
    return isEnd ? (timeOf(body.bytes, kind === PREPARE ? PREPARED_AT : 0) ?? 'other') : 'other'
  }

  #restart(position: number): 'other' {
    this.#position = position
    return 'other'
  }

  /** Bytes over the ends of pages, where they are wanted; the page to go on with where the record was given up. */
  #take(
    begin: number,
    length: number,
    isWanted: boolean,
  ): { readonly bytes: Buffer; readonly end: number } | number | undefined {
    const parts: Buffer[] = []
    let at = begin
    for (let left = length; left > 0;) {
      if (at % PAGE === 0) {
        const page = this.#pageAt(at)
        if (page && (page.info & OVERWRITTEN) !== 0) return at
        if (!page || (page.info & CONTINUES) === 0) return undefined
        at += page.bytes
      }
      const segment = this.#segmentAt(at)
      if (!segment) return undefined
      const offset = at % SEGMENT
      const count = Math.min(left, PAGE - (offset % PAGE))
      if (isWanted) parts.push(segment.subarray(offset, offset + count))
      at += count
      left -= count
    }
    return { bytes: parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts), end: at }
  }

  #pageAt(at: number): { readonly info: number; readonly bytes: number } | undefined {
    const segment = this.#segmentAt(at)
    const offset = at % SEGMENT
    if (!segment || segment.readBigUInt64LE(offset + 8) !== BigInt(at)) return undefined
    const info = segment.readUInt16LE(offset + 2)
    return { info, bytes: (info & LONG) === 0 ? SHORT_PAGE_HEADER : LONG_PAGE_HEADER }
  }

  #segmentAt(position: number): Buffer | undefined {
    const start = position - (position % SEGMENT)
    const known = this.#segments.find((segment) => segment.start === start)
    if (!known) throw new Missing(start)
    return known.bytes
  }
}

function align(position: number): number {
  return Math.ceil(position / 8) * 8
}

/** The main data of the record of a transaction's end begins with its time, or has it at `offset`; it has no blocks. */
function timeOf(bytes: Buffer, offset: number): bigint | undefined {
  for (let at = 0; at < bytes.length;) {
    const id = bytes[at]
    if (id === DATA_SHORT || id === DATA_LONG) {
      const main = bytes.length - (id === DATA_SHORT ? (bytes[at + 1] ?? 0) : bytes.readUInt32LE(at + 1))
      return bytes.readBigInt64LE(main + offset) + EPOCH
    }
    if (id !== TOPLEVEL_XID && id !== ORIGIN) return undefined
    at += id === TOPLEVEL_XID ? 5 : 3
  }
  return undefined
}
