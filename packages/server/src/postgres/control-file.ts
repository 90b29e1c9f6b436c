// global/pg_control of a data directory (src/include/catalog/pg_control.h, version 1300 to 1700 share these offsets):
// read to know whether a stopped cluster was shut down cleanly and which WAL segment its next start needs.
import { open, readFile } from 'node:fs/promises'
import path from 'node:path'

const STATE_SHUT_DOWN = 1
/** Bytes that hold all that is read of it. */
const HEAD = 200

/** The settings of a standby that follow its primary's. */
export interface StandbySizes {
  readonly max_connections: number
  readonly max_worker_processes: number
  readonly max_wal_senders: number
  readonly max_prepared_transactions: number
  readonly max_locks_per_transaction: number
}

export interface ControlFile {
  /** Unique per cluster; branches share it. */
  readonly systemIdentifier: bigint
  /** True when the server ended with a shutdown checkpoint. */
  readonly isShutDown: boolean
  /** Position of the last checkpoint record. */
  readonly checkpointLsn: bigint
  readonly timeline: number
  /** Where recovery of a crash, or of a standby, begins. */
  readonly redoLsn: bigint
  /** A standby has replayed the log at least up to here; 0 where it is none. */
  readonly minRecoveryLsn: bigint
  /** max_prepared_transactions of the server that ran last. */
  readonly maxPrepared: number
  /** What a standby must have at least as much of as the server that wrote the log (xlogrecovery.c, CheckRequiredParameterValues). */
  readonly sizes: StandbySizes
}

/** The major version of Postgres that a data directory is of. Throws when it is none. */
export async function readMajor(dataDirectory: string): Promise<number> {
  const text = (await readFile(path.join(dataDirectory, 'PG_VERSION'), 'utf8')).trim()
  if (!/^\d+$/.test(text)) throw new Error(`PG_VERSION of ${dataDirectory} is ${JSON.stringify(text)}`)
  return Number(text)
}

/** Reads the control file. Throws when it is missing or of an unknown version. */
export async function readControlFile(dataDirectory: string): Promise<ControlFile> {
  const handle = await open(path.join(dataDirectory, 'global', 'pg_control'), 'r')
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0)
    const version = buffer.readUInt32LE(8)
    if (bytesRead < HEAD || version < 1300 || version > 1800)
      throw new Error(`pg_control of ${dataDirectory}: unknown version ${version}`)
    return {
      systemIdentifier: buffer.readBigUInt64LE(0),
      isShutDown: buffer.readUInt32LE(16) === STATE_SHUT_DOWN,
      checkpointLsn: buffer.readBigUInt64LE(32),
      timeline: buffer.readUInt32LE(48),
      redoLsn: buffer.readBigUInt64LE(40),
      minRecoveryLsn: buffer.readBigUInt64LE(136),
      maxPrepared: buffer.readUInt32LE(192),
      sizes: {
        max_connections: buffer.readUInt32LE(180),
        max_worker_processes: buffer.readUInt32LE(184),
        max_wal_senders: buffer.readUInt32LE(188),
        max_prepared_transactions: buffer.readUInt32LE(192),
        max_locks_per_transaction: buffer.readUInt32LE(196),
      },
    }
  } finally {
    await handle.close()
  }
}

export const SEGMENT_BYTES = 16n * 1024n * 1024n

/** The name of the WAL segment that holds `lsn` (segments of 16 MB). */
export function walSegmentName(timeline: number, lsn: bigint): string {
  const number = lsn / SEGMENT_BYTES
  const perLog = 0x1_0000_0000n / SEGMENT_BYTES
  return [BigInt(timeline), number / perLog, number % perLog]
    .map((part) => part.toString(16).toUpperCase().padStart(8, '0'))
    .join('')
}

/** An LSN as Postgres writes it, `16/B374D848`, as a number. */
export function parseLsn(text: string): bigint {
  const [high = '', low = ''] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

/** A number as Postgres writes an LSN: both halves in hexadecimal. */
export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffff_ffffn).toString(16)}`.toUpperCase()
}
