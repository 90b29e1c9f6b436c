// Clones a cluster that runs, without pausing it: a low-level base backup whose target is a directory beside it
// (Postgres documentation, "Making a Base Backup Using the Low Level API").
import { chown, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type AdminConnection, parseLsn, walSegmentName } from '../postgres/index.ts'
import { type CloneResult, type CloneTreeOptions, FileCloner, cloneTree } from './clone-tree.ts'
import { isLeftOut, isWal } from './left-out.ts'

export interface CloneRunningOptions extends Omit<CloneTreeOptions, 'leaveOut'> {
  /** Opens the connection in which the backup lives; if it drops, the backup is void and the clone fails. */
  readonly connect: () => Promise<AdminConnection>
}

const CONTROL_FILE = path.join('global', 'pg_control')

/** Clones `from` to `to`, consistent as of the moment the clone ends; the clone recovers at its first start. */
export async function cloneRunning({ connect, ...options }: CloneRunningOptions): Promise<CloneResult> {
  await using admin = await connect()
  // The slot lives as long as this session and keeps the source from removing the WAL that the clone needs.
  const slot = `lakelet_clone_${process.pid}_${Date.now()}`
  await admin.query('SELECT pg_create_physical_replication_slot($1, true, true)', [slot])
  await admin.query("SELECT pg_backup_start('lakelet', true)")
  const tree = await cloneTree({
    ...options,
    leaveOut: (relative) => isLeftOut(relative) || isWal(relative) || relative === CONTROL_FILE,
  })
  const cloner = new FileCloner(options.owner)
  // Last, as pg_basebackup does: recovery starts from the label, but must not begin with an older control file.
  const controlBytes = await cloner.clone(
    path.join(options.from, CONTROL_FILE),
    path.join(options.to, CONTROL_FILE),
  )
  const [backup] = await admin.query<{ lsn: string; labelfile: string }>(
    'SELECT lsn, labelfile FROM pg_backup_stop(false)',
  )
  if (!backup) throw new Error('pg_backup_stop returned no row')
  const wal = await cloneWal(options, cloner, backup)
  // Into the clone only: with it in the source, a crash of the source would recover from the wrong place.
  const label = path.join(options.to, 'backup_label')
  await writeFile(label, backup.labelfile, { mode: 0o600 })
  await chown(label, options.owner.uid, options.owner.gid)
  return {
    method: tree.method,
    files: tree.files + wal.files + 1,
    bytes: tree.bytes + controlBytes + wal.bytes,
  }
}

/**
 * The segments from the start of the backup to its end. Nothing later: a later segment is copied half-written and would
 * lie in the way of the WAL that the clone writes itself.
 */
async function cloneWal(
  options: Pick<CloneTreeOptions, 'from' | 'to'>,
  cloner: FileCloner,
  backup: { readonly lsn: string; readonly labelfile: string },
): Promise<{ files: number; bytes: number }> {
  const first = /^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)/m.exec(backup.labelfile)?.[1]
  const timeline = /^START TIMELINE: (\d+)/m.exec(backup.labelfile)?.[1]
  if (!first || !timeline) throw new Error(`unexpected backup label: ${backup.labelfile}`)
  const last = walSegmentName(Number(timeline), parseLsn(backup.lsn) - 1n)
  const names = await readdir(path.join(options.from, 'pg_wal'))
  const needed = names.filter(
    (name) => name.endsWith('.history') || (/^[0-9A-F]{24}$/.test(name) && name >= first && name <= last),
  )
  let bytes = 0
  for (const name of needed) {
    bytes += await cloner.clone(
      path.join(options.from, 'pg_wal', name),
      path.join(options.to, 'pg_wal', name),
    )
  }
  return { files: needed.length, bytes }
}
