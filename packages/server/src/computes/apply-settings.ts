// New settings for a Postgres that runs: what it can take while it runs is reloaded, and it is restarted only for what it cannot.
import { LakeletError } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import type { AdminConnection } from '../postgres/index.ts'

/** How settings reached the compute. */
export interface SettingsApplied {
  /** `AT_NEXT_START`: it sleeps. `UNCHANGED`: there is nothing in them for Postgres. */
  readonly applied: 'UNCHANGED' | 'RELOADED' | 'RESTARTED' | 'AT_NEXT_START'
  /** Settings of Postgres whose change needed a restart. */
  readonly restartedFor?: readonly string[]
}

const RELOAD_MS = 5_000
const POLL_MS = 5

/**
 * Has the server read its files again and returns the settings that wait for a restart. Throws `compute_start_failed` when it refuses
 * the files: then it goes on with what it had.
 */
export async function reloadSettings(admin: AdminConnection, clock: Clock): Promise<string[]> {
  const loaded = async () => {
    const [row] = await admin.query<{ at: string }>('SELECT pg_conf_load_time()::text AS at')
    return row?.at
  }
  const before = await loaded()
  await admin.query('SELECT pg_reload_conf()')
  const until = clock.monotonicMs() + RELOAD_MS
  // The postmaster tells its children after it has read them itself.
  while ((await loaded()) === before) {
    if (clock.monotonicMs() > until) {
      throw new LakeletError('compute_unreachable', { reason: 'it does not read its settings again' })
    }
    await clock.sleep(POLL_MS)
  }
  const pending = await admin.query<{ name: string }>(
    'SELECT name FROM pg_settings WHERE pending_restart ORDER BY name',
  )
  const names = pending.map(({ name }) => name)
  const [wrong] = await admin.query<{ name: string | null; error: string }>(
    'SELECT name, error FROM pg_file_settings WHERE error IS NOT NULL AND name <> ALL ($1)',
    [names],
  )
  if (wrong) {
    throw new LakeletError('compute_start_failed', { reason: `${wrong.name ?? 'settings'}: ${wrong.error}` })
  }
  return names
}
