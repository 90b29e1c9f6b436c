// The write-ahead log of simulated clusters: segments of the names and the size that Postgres gives them, in which records follow each
// other. A record says where it begins and has a checksum, so the end of the log, and a segment of elsewhere, are known.
import { closeSync, ftruncateSync, openSync, readFileSync, readSync, writeSync } from 'node:fs'
import path from 'node:path'
import { crc32 } from 'node:zlib'
import { SEGMENT_BYTES, walSegmentName } from '../../src/postgres/index.ts'

/** What a server did. Only commits have times. */
export type Body =
  | { readonly kind: 'commit'; readonly at: string; readonly change: Change }
  | {
      readonly kind: 'checkpoint'
      readonly redo: string
      readonly isShutdown: boolean
      readonly timeline: number
    }
  | { readonly kind: 'switch' }
  | { readonly kind: 'backup end'; readonly start: string }

/** To one table of numbers. */
export type Change =
  | { readonly add: number }
  /** All of them. */
  | { readonly remove: true }
  | { readonly nothing: true }

export interface LogRecord {
  readonly begin: bigint
  /** Where the next one begins. */
  readonly end: bigint
  readonly body: Body
}

/** At the begin of each segment: of which timeline it is, and where it belongs. */
const HEADER = 40n
const MAGIC = 0x4c4b4c54
/** Length, checksum, position. */
const RECORD_HEADER = 16

export function segmentStart(lsn: bigint): bigint {
  return lsn - (lsn % SEGMENT_BYTES)
}

/** Where a record may begin, at `lsn` or after it. */
export function placeAt(lsn: bigint): bigint {
  const aligned = (lsn + 7n) & ~7n
  return aligned % SEGMENT_BYTES === 0n ? aligned + HEADER : aligned
}

/** Writes one record into the segments of `timeline`; gives where it ends. One may go over the end of a segment. */
export function writeRecord(wal: string, timeline: number, begin: bigint, body: Body): bigint {
  const text = Buffer.from(JSON.stringify(body))
  const head = Buffer.alloc(RECORD_HEADER)
  head.writeUInt32LE(text.length, 0)
  head.writeUInt32LE(crc32(text), 4)
  head.writeBigUInt64LE(begin, 8)
  return placeAt(writeBytes(wal, timeline, begin, Buffer.concat([head, text])))
}

/** As a server that is killed while it writes: the begin of a record, and what was there before in its place. */
export function writeTorn(wal: string, timeline: number, begin: bigint): void {
  const head = Buffer.alloc(RECORD_HEADER + 40, 0xa5)
  head.writeUInt32LE(200, 0)
  head.writeBigUInt64LE(begin, 8)
  writeBytes(wal, timeline, begin, head)
}

function writeBytes(wal: string, timeline: number, begin: bigint, bytes: Buffer): bigint {
  let at = begin
  let left = bytes
  while (left.length > 0) {
    if (at % SEGMENT_BYTES === 0n) at += HEADER
    const room = Number(SEGMENT_BYTES - (at % SEGMENT_BYTES))
    const file = openSegment(wal, timeline, at)
    writeSync(file, left, 0, Math.min(room, left.length), Number(at % SEGMENT_BYTES))
    closeSync(file)
    at += BigInt(Math.min(room, left.length))
    left = left.subarray(room)
  }
  return at
}

function openSegment(wal: string, timeline: number, lsn: bigint): number {
  const name = path.join(wal, walSegmentName(timeline, lsn))
  try {
    return openSync(name, 'r+')
  } catch {
    const file = openSync(name, 'wx+', 0o600)
    ftruncateSync(file, Number(SEGMENT_BYTES))
    const header = Buffer.alloc(Number(HEADER))
    header.writeUInt32LE(MAGIC, 0)
    header.writeUInt32LE(timeline, 4)
    header.writeBigUInt64LE(segmentStart(lsn), 8)
    writeSync(file, header, 0, header.length, 0)
    return file
  }
}

/** Finds the file that holds a position; undefined where there is none. */
export type FindSegment = (lsn: bigint) => { readonly file: string; readonly timeline: number } | undefined

/** The record that begins at `begin`; undefined where the log ends. */
export function readRecord(find: FindSegment, begin: bigint): LogRecord | undefined {
  const head = readBytes(find, begin, RECORD_HEADER)
  if (!head || head.bytes.readUInt32LE(0) === 0 || head.bytes.readBigUInt64LE(8) !== begin) return undefined
  const text = readBytes(find, head.end, head.bytes.readUInt32LE(0))
  if (!text || crc32(text.bytes) !== head.bytes.readUInt32LE(4)) return undefined
  return { begin, end: placeAt(text.end), body: JSON.parse(text.bytes.toString()) as Body }
}

function readBytes(
  find: FindSegment,
  begin: bigint,
  length: number,
): { readonly bytes: Buffer; readonly end: bigint } | undefined {
  const parts: Buffer[] = []
  let at = begin
  for (let left = length; left > 0;) {
    if (at % SEGMENT_BYTES === 0n) at += HEADER
    const found = find(at)
    if (!found || !isItsSegment(found, at)) return undefined
    const count = Math.min(left, Number(SEGMENT_BYTES - (at % SEGMENT_BYTES)))
    parts.push(readAt(found.file, Number(at % SEGMENT_BYTES), count))
    at += BigInt(count)
    left -= count
  }
  return { bytes: Buffer.concat(parts), end: at }
}

function isItsSegment(
  { file, timeline }: { readonly file: string; readonly timeline: number },
  lsn: bigint,
): boolean {
  const header = readAt(file, 0, Number(HEADER))
  return (
    header.readUInt32LE(0) === MAGIC &&
    header.readUInt32LE(4) === timeline &&
    header.readBigUInt64LE(8) === segmentStart(lsn)
  )
}

function readAt(file: string, at: number, length: number): Buffer {
  const handle = openSync(file, 'r')
  const bytes = Buffer.alloc(length)
  readSync(handle, bytes, 0, length, at)
  closeSync(handle)
  return bytes
}

/** Copies the begin of a segment to another timeline, as Postgres does when one begins (xlog.c, XLogInitNewTimeline). */
export function beginTimeline(wal: string, from: string, timeline: number, end: bigint): void {
  const bytes = readFileSync(from).subarray(Number(HEADER), Number(end % SEGMENT_BYTES))
  const file = openSegment(wal, timeline, end)
  writeSync(file, bytes, 0, bytes.length, Number(HEADER))
  closeSync(file)
}
