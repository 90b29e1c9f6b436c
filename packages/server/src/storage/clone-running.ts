// Clones a cluster that runs, without pausing it: a low-level base backup whose target is a directory beside it
// (Postgres documentation, "Making a Base Backup Using the Low Level API").
import { chown, readdir, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type AdminConnection, parseLsn, SEGMENT_BYTES, walSegmentName } from '../postgres/index.ts'
import { type CloneResult, type CloneTreeOptions, FileCloner, cloneTree } from './clone-tree.ts'
import { isExcluded, isWal } from './excluded-files.ts'

export interface CloneRunningOptions extends Omit<CloneTreeOptions, 'exclude'> {
  /** Opens the connection in which the backup lives; if it drops, the backup is void and the clone fails. */
  readonly connect: () => Promise<AdminConnection>
}

const CONTROL_FILE = path.join('global', 'pg_control')

/**
 * Clones `from` to `to` as `from` is when the copying ends: exactly what was committed up to the LSN that is returned. The clone
 * recovers at its first start.
 */
export async function cloneRunning({ connect, ...options }: CloneRunningOptions): Promise<CloneResult> {
  await using admin = await connect()
  // The slot lives as long as this session and keeps the source from removing the WAL that the clone needs.
  const slot = `lakelet_clone_${process.pid}_${Date.now()}`
  await admin.query('SELECT pg_create_physical_replication_slot($1, true, true)', [slot])
  await admin.query("SELECT pg_backup_start('lakelet', true)")
  const tree = await cloneTree({
    ...options,
    exclude: (relative) => isExcluded(relative) || isWal(relative) || relative === CONTROL_FILE,
  })
  const cloner = new FileCloner(options.owner)
  // Last, as pg_basebackup does: recovery starts from the label, but must not begin with an older control file.
  const controlBytes = await cloner.clone(
    path.join(options.from, CONTROL_FILE),
    path.join(options.to, CONTROL_FILE),
  )
  const backup = await stopBackup(admin)
  const wal = await cloneWal(options, cloner, backup)
  // Into the clone only: with it in the source, a crash of the source would recover from the wrong place.
  const label = path.join(options.to, 'backup_label')
  await writeFile(label, backup.labelfile, { mode: 0o600 })
  await chown(label, options.owner.uid, options.owner.gid)
  return {
    method: tree.method,
    files: tree.files + wal.files + 1,
    bytes: tree.bytes + controlBytes + wal.bytes,
    lsn: backup.lsn,
    timeline: backup.timeline,
    time: backup.time.toISOString(),
  }
}

interface Backup {
  /** End of the record that ends the backup. */
  readonly lsn: string
  readonly time: Date
  readonly labelfile: string
  readonly timeline: number
  /** Name of the first WAL segment that recovery needs. */
  readonly firstSegment: string
}

async function stopBackup(admin: AdminConnection): Promise<Backup> {
  const [row] = await admin.query<Pick<Backup, 'lsn' | 'time' | 'labelfile'>>(
    'SELECT lsn::text, clock_timestamp() AS time, labelfile FROM pg_backup_stop(false)',
  )
  if (!row) throw new Error('pg_backup_stop returned no row')
  const firstSegment = /^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)/m.exec(row.labelfile)?.[1]
  const timeline = /^START TIMELINE: (\d+)/m.exec(row.labelfile)?.[1]
  if (!firstSegment || !timeline) throw new Error(`unexpected backup label: ${row.labelfile}`)
  return { ...row, firstSegment, timeline: Number(timeline) }
}

/**
 * The segments from the start of the backup to its end, the last one only up to there: recovery goes as far as there is WAL, and
 * what the source wrote after the backup was stopped is not part of the clone.
 */
async function cloneWal(
  { from, to }: Pick<CloneTreeOptions, 'from' | 'to'>,
  cloner: FileCloner,
  { lsn, timeline, firstSegment }: Backup,
): Promise<{ files: number; bytes: number }> {
  const end = parseLsn(lsn)
  const last = walSegmentName(timeline, end - 1n)
  const names = await readdir(path.join(from, 'pg_wal'))
  const needed = names.filter(
    (name) =>
      name.endsWith('.history') || (/^[0-9A-F]{24}$/.test(name) && name >= firstSegment && name <= last),
  )
  let bytes = 0
  for (const name of needed) {
    bytes += await cloner.clone(path.join(from, 'pg_wal', name), path.join(to, 'pg_wal', name))
  }
  if (end % SEGMENT_BYTES !== 0n) await zeroFrom(path.join(to, 'pg_wal', last), Number(end % SEGMENT_BYTES))
  return { files: needed.length, bytes }
}

/** Zeros are where WAL ends; cut off and grown again, they take no room on disk. */
async function zeroFrom(segment: string, offset: number): Promise<void> {
  await truncate(segment, offset)
  await truncate(segment, Number(SEGMENT_BYTES))
}
