// The settings of a cluster. `postgresql.conf` of every cluster only includes `lakelet.conf`, which is written from
// here at each start when it differs, so that a new version of Lakelet or a new size takes effect at the next wake.

import { findRelease } from './releases.ts'
import { isUserSetting } from './user-settings.ts'

export interface ClusterSettings {
  /** Largest size of the compute; decides max_connections, which cannot change while it runs. */
  readonly maxCu: number
  /** Its size now; decides what it can take while it runs. The largest when absent. */
  readonly cu?: number
  /** Raw Postgres settings of the user, as in `spec.settings.pg_settings`; what users may not set is left out. */
  readonly extra?: Readonly<Record<string, string>>
  /** What the workspace says of this one server, over all else: whom a standby follows. */
  readonly own?: Readonly<Record<string, string | number>>
}

/** Memory of a compute of one unit. */
export const BYTES_PER_CU = 2_000_000_000
const BYTES_PER_CONNECTION = 9_531_392
const MOST_CONNECTIONS = 4000
/** One for each replica of a branch, and some for its users. */
export const MAX_WAL_SENDERS = 10

/** max_connections of a compute of at most `maxCu`: reproduces the published table (0.5 → 104, 1 → 209, 8 → 1678). */
export function maxConnections(maxCu: number): number {
  return Math.min(MOST_CONNECTIONS, Math.floor((maxCu * BYTES_PER_CU) / BYTES_PER_CONNECTION))
}

/** What follows the size of a compute while it runs: all of it takes effect by a reload. */
function sizeSettings(cu: number): Record<string, string | number> {
  const megabytes = (cu * BYTES_PER_CU) / 1_000_000
  return {
    effective_cache_size: `${Math.round(megabytes * 0.75)}MB`,
    work_mem: `${within(Math.round(megabytes / 512), 4, 64)}MB`,
    maintenance_work_mem: `${within(Math.round(megabytes / 32), 64, 2048)}MB`,
    max_parallel_workers: within(Math.ceil(cu), 2, 8),
    max_parallel_workers_per_gather: within(Math.ceil(cu / 2), 1, 4),
    max_parallel_maintenance_workers: within(Math.ceil(cu / 2), 1, 4),
  }
}

function within(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

/** The text of `lakelet.conf`. */
export function settingsFile(settings: ClusterSettings, major: number): string {
  const own: Record<string, string | number> = {
    listen_addresses: '',
    port: CLUSTER_PORT,
    unix_socket_permissions: '0700',
    max_connections: maxConnections(settings.maxCu),
    superuser_reserved_connections: 7,
    shared_buffers: '128MB',
    ...sizeSettings(settings.cu ?? settings.maxCu),
    // Whole machines are shared by many computes: what is taken is given back at suspend.
    huge_pages: 'off',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
    wal_level: 'replica',
    max_wal_senders: MAX_WAL_SENDERS,
    max_replication_slots: 8,
    // A slot that nobody reads keeps WAL until the disk is full; beyond this it is given up instead.
    max_slot_wal_keep_size: '2GB',
    // Logical replication is not offered; 0 also spares a process at each start.
    max_logical_replication_workers: 0,
    max_wal_size: '256MB',
    min_wal_size: '32MB',
    // Clones share no blocks with a segment that is overwritten in place.
    wal_recycle: 'off',
    wal_init_zero: 'off',
    // A project's users may create the extension, which counts only what runs while its library is loaded.
    shared_preload_libraries: 'pg_stat_statements',
    // Postgres keeps each segment until the workspace has archived it and said so; it runs no command for that itself.
    archive_mode: 'on',
    archive_command: '',
    allow_alter_system: 'off',
    password_encryption: 'scram-sha-256',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_line_prefix: '%m [%p] %q%u@%d ',
    log_checkpoints: 'off',
    // Many small computes sleep and wake: after a crash one syncfs beats an fsync of every file.
    ...(process.platform === 'linux' ? { recovery_init_sync_method: 'syncfs' } : {}),
  }
  const extra = Object.entries(settings.extra ?? {}).filter(([name]) => isUserSetting(name, major))
  const lacks = findRelease(major)?.lacks ?? []
  const ours = Object.entries(own).filter(([name]) => !lacks.includes(name))
  const lines = [...ours, ...extra, ...Object.entries(settings.own ?? {})].map(
    ([name, value]) => `${name} = ${quoted(value)}`,
  )
  return `# Written by Lakelet at each start; changes made here are lost.\n${lines.join('\n')}\n`
}

function quoted(value: string | number): string {
  if (typeof value === 'number') return String(value)
  // A line break would end the setting and begin another one.
  return `'${value
    .replaceAll(/[\r\n\0]/g, ' ')
    .replaceAll('\\', '\\\\')
    .replaceAll("'", "''")}'`
}

/** Every cluster uses this port number: it is only a part of the name of its socket. */
export const CLUSTER_PORT = 5432
