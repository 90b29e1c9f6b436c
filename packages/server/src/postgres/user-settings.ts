// Which settings of Postgres a user may give an endpoint, and which values. An allow-list: what tunes queries, memory, vacuum, planning
// and logging is the user's; what holds a cluster together, keeps it private, durable, clonable and able to sleep is the workspace's.
import type { Bounds } from './setting-values.ts'
import { valueProblem } from './setting-values.ts'
import { settingsCatalog } from './settings-catalog/index.ts'

/** Categories of pg_settings whose settings are the user's, but for those below. */
const OPEN_CATEGORIES = [
  /^Autovacuum$/,
  /^Client Connection Defaults \/ (Locale and Formatting|Statement Behavior)$/,
  /^Customized Options$/,
  /^Lock Management$/,
  /^Query Tuning \//,
  /^Resource Usage \//,
  /^Statistics \//,
  /^Vacuuming \//,
  /^Version and Platform Compatibility \/ Previous PostgreSQL Versions$/,
  /^Write-Ahead Log \/ Checkpoints$/,
]

/** Of other categories. */
const ALSO_OPEN = new Set([
  'client_connection_check_interval',
  'commit_delay',
  'commit_siblings',
  'gin_fuzzy_search_limit',
  'log_autovacuum_min_duration',
  'log_checkpoints',
  'log_connections',
  'log_disconnections',
  'log_duration',
  'log_error_verbosity',
  'log_lock_failures',
  'log_lock_waits',
  'log_min_duration_sample',
  'log_min_duration_statement',
  'log_min_error_statement',
  'log_parameter_max_length',
  'log_parameter_max_length_on_error',
  'log_statement',
  'log_statement_sample_rate',
  'log_temp_files',
  'log_transaction_sample_rate',
  'max_replication_slots',
  'max_slot_wal_keep_size',
  'max_wal_senders',
  'scram_iterations',
  'synchronous_commit',
  'track_commit_timestamp',
  'transform_null_equals',
  'wal_buffers',
  'wal_compression',
  'wal_keep_size',
  'wal_sender_timeout',
  'wal_skip_threshold',
  'wal_writer_delay',
  'wal_writer_flush_after',
])

/** Of the open categories, with why not. */
const CLOSED: Readonly<Record<string, string>> = {
  default_table_access_method: 'there is only heap',
  default_tablespace: 'a branch has no tablespaces',
  dynamic_shared_memory_type: 'it depends on the machine',
  event_triggers: 'grants on new objects are made by one',
  file_extend_method: 'it depends on the machine',
  huge_page_size: 'it depends on the machine',
  huge_pages: 'it depends on the machine',
  lc_messages: 'the workspace reads what the server says',
  max_connections: 'it follows from the size of the compute',
  max_files_per_process: 'it depends on the machine',
  max_notify_queue_pages: 'it depends on the machine',
  min_dynamic_shared_memory: 'it depends on the machine',
  session_replication_role: 'it would switch off triggers and foreign keys',
  shared_memory_type: 'it depends on the machine',
  temp_tablespaces: 'a branch has no tablespaces',
  track_activities: 'the workspace sees by it what keeps a compute awake',
  track_counts: 'vacuum needs it',
  transaction_deferrable: 'it belongs to one transaction',
  transaction_isolation: 'it belongs to one transaction; default_transaction_isolation does not',
  transaction_read_only: 'it belongs to one transaction; default_transaction_read_only does not',
}

/** Narrower than Postgres' own ranges, in the unit of the setting. */
const BOUNDS: Readonly<Record<string, Bounds>> = {
  // Replicas take a walsender each, and clones a slot.
  max_wal_senders: { min: 10, max: 64 },
  max_replication_slots: { min: 8, max: 64 },
  max_worker_processes: { min: 4, max: 1024 },
  // MB: a slot that nobody reads must not fill the disk.
  max_slot_wal_keep_size: { min: 64, max: 16_384 },
  wal_keep_size: { max: 4096 },
  max_wal_size: { max: 65_536 },
  min_wal_size: { max: 16_384 },
  // Each login pays for it.
  scram_iterations: { min: 4096, max: 100_000 },
}

const PLACEHOLDER = /^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)+$/
const LONGEST_VALUE_BYTES = 8 * 1024

/**
 * Why a user may not give `name` this value, as the end of a sentence; undefined when the user may. Names with a dot that no library of
 * ours knows are free: applications keep values of their own there.
 */
export function userSettingProblem(name: string, value: string, major: number): string | undefined {
  const key = name.toLowerCase()
  if (Buffer.byteLength(value) > LONGEST_VALUE_BYTES)
    return `its value is longer than ${LONGEST_VALUE_BYTES} bytes`
  if (/[\0\r\n]/.test(value)) return 'its value is more than one line'
  const setting = settingsCatalog(major).get(key)
  if (!setting) return PLACEHOLDER.test(key) ? undefined : `Postgres ${major} has no setting of that name`
  const reason = CLOSED[key]
  if (reason !== undefined || !isOpen(key, setting.category)) {
    return `it is managed by the workspace and cannot be set${reason === undefined ? '' : `: ${reason}`}`
  }
  const problem = valueProblem(value, setting, BOUNDS[key])
  return problem && `its value ${JSON.stringify(value)} is not valid: ${problem}`
}

/** Whether a user may set `name` at all. */
export function isUserSetting(name: string, major: number): boolean {
  const key = name.toLowerCase()
  const setting = settingsCatalog(major).get(key)
  if (!setting) return PLACEHOLDER.test(key)
  return CLOSED[key] === undefined && isOpen(key, setting.category)
}

function isOpen(key: string, category: string): boolean {
  return ALSO_OPEN.has(key) || OPEN_CATEGORIES.some((each) => each.test(category))
}
