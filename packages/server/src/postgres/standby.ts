// What makes a server the hot standby of another one of this workspace (Postgres documentation, "Log-Shipping Standby Servers"): it streams from
// the primary's socket while that runs, and reads the archive of its branch for the rest.
import { chown, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ADMIN_ROLE, OWN_APPLICATION_PREFIX } from './admin-role.ts'
import type { StandbySizes } from './control-file.ts'
import { ownerOf, type PostgresHost } from './host.ts'
import { CLUSTER_PORT, type ClusterSettings, MAX_WAL_SENDERS, maxConnections } from './settings.ts'
import { needsReplicationSecret } from './socket-access.ts'
import { socketDirectoryFor } from './socket-directory.ts'

/** What standbys call themselves to their primary: they are the workspace's own, and keep nobody awake. */
export const STANDBY_APPLICATION = `${OWN_APPLICATION_PREFIX}standby`

/** Between two looks into the archive, and two tries to reach a primary that sleeps. */
const RETRY_MS = 1_000
/** A primary that stops waits for its standbys to have all; not for one that is stuck. */
const STUCK_MS = 5_000

/** Whom a standby follows. */
export interface StandbyOf {
  /** Names the primary's socket directory; see `socketDirectoryFor`. */
  readonly primary: string
  /** Where the archive is, as seen from the data directory of the standby. */
  readonly archive: string
  /** What it calls itself in views. */
  readonly name: string
}

/** The settings of a standby, over all others. */
export async function standbySettings(host: PostgresHost, of: StandbyOf): Promise<Record<string, string>> {
  const connection: Record<string, string> = {
    host: socketDirectoryFor(host, of.primary),
    port: String(CLUSTER_PORT),
    user: ADMIN_ROLE,
    application_name: STANDBY_APPLICATION,
    options: `-c wal_sender_timeout=${STUCK_MS}`,
    ...(needsReplicationSecret(host) ? { passfile: await writePassFile(host) } : {}),
  }
  return {
    hot_standby: 'on',
    archive_mode: 'off',
    primary_conninfo: Object.entries(connection)
      .map(([name, value]) => `${name}=${quoted(value)}`)
      .join(' '),
    // Relative to the data directory, where the server runs: no path of the host is in it.
    restore_command: `cp "${of.archive}/%f" "%p" 2>/dev/null`,
    recovery_target_timeline: 'latest',
    wal_retrieve_retry_interval: String(RETRY_MS),
    wal_receiver_timeout: String(STUCK_MS),
    wal_receiver_status_interval: '1s',
    // Else vacuum of the primary would cancel what somebody reads here.
    hot_standby_feedback: 'on',
    cluster_name: of.name,
  }
}

/** As much as the server that wrote the log had, and as the primary has now. */
export function standbySizes(
  control: StandbySizes,
  { maxCu, extra = {} }: ClusterSettings,
): Record<keyof StandbySizes, number> {
  const largest = (name: keyof StandbySizes, now: number) => Math.max(control[name], now)
  const set = (name: keyof StandbySizes, usual: number) => largest(name, Number(extra[name] ?? usual))
  return {
    max_connections: largest('max_connections', maxConnections(maxCu)),
    max_worker_processes: set('max_worker_processes', 8),
    max_wal_senders: set('max_wal_senders', MAX_WAL_SENDERS),
    max_prepared_transactions: set('max_prepared_transactions', 0),
    max_locks_per_transaction: set('max_locks_per_transaction', 64),
  }
}

/** Has every server that starts on the directory be a standby. */
export async function writeStandbySignal(dataDirectory: string, host: PostgresHost): Promise<void> {
  const { uid, gid } = ownerOf(host)
  const mark = path.join(dataDirectory, 'standby.signal')
  await writeFile(mark, '', { mode: 0o600 })
  await chown(mark, uid, gid)
}

/** Opens replication only, and only in this run of the workspace. */
async function writePassFile(host: PostgresHost): Promise<string> {
  const file = path.join(host.home, 'replication.pgpass')
  const { uid, gid } = ownerOf(host)
  await writeFile(file, `*:*:*:*:${host.replicationSecret}\n`, { mode: 0o600 })
  await chown(file, uid, gid)
  return file
}

/** As a value of a connection string (libpq, "Keyword/Value Connection Strings"). */
function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
