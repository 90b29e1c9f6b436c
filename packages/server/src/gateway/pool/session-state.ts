// What a session is made of, as SQL: how a backend is made anew for another client, how the settings of a client are set on it, and how it is
// asked what a client has left in it.

/** Settings of a client that its session, not its startup packet, has set; `role` among them. Characters are bytes. */
export type SessionSettings = ReadonlyMap<string, string>

/** Why only one backend will do for a client. */
export type PinReason =
  | 'temporary'
  | 'held_cursor'
  | 'advisory_lock'
  | 'listen'
  | 'prepared'
  | 'setting'
  | 'authorization'
  | 'unknown'

/**
 * DISCARD ALL without what costs and hides nothing: plans and the statements that clients share. The unnamed statement goes with any simple
 * query.
 */
const RENEW =
  'SET SESSION AUTHORIZATION DEFAULT;RESET ALL;CLOSE ALL;UNLISTEN *;SELECT pg_catalog.pg_advisory_unlock_all();DISCARD TEMP;DISCARD SEQUENCES'

const HIDDEN = 'hidden'
/** Those of PREPARE that its last client had without a word of its own, made by a function or a trigger; a client that said PREPARE keeps its backend. */
const FIND_HIDDEN = `;SELECT '${HIDDEN}', name FROM pg_catalog.pg_prepared_statement() WHERE from_sql`

/** What drops the statements of PREPARE that a renewal found; undefined where there were none. */
export function dropHidden(rows: readonly (readonly string[])[]): string | undefined {
  const names = rows.filter(([kind]) => kind === HIDDEN).map(([, name = '']) => name)
  if (names.length === 0) return undefined
  return names.map((name) => `DEALLOCATE "${name.replaceAll('"', '""')}"`).join(';')
}

/** Makes a backend what the client left the last one as; `looksForHidden`: its last client may have run a PREPARE that no text showed. */
export function renewal(applicationName: string, settings: SessionSettings, looksForHidden: boolean): string {
  const name = settings.has('application_name') ? '' : `;SET application_name = ${literal(applicationName)}`
  const named = name + (looksForHidden ? FIND_HIDDEN : '')
  if (settings.size === 0) return RENEW + named
  const calls = [...settings]
    .toSorted(([a], [b]) => rank(a) - rank(b))
    .map(([name, value]) => `pg_catalog.set_config(${literal(name)},${literal(value)},false)`)
  // One after the other: a role may not be allowed to set what came before it.
  return `${RENEW + named};${calls.map((call) => `SELECT ${call}`).join(';')}`
}

/** The encoding of all that follows comes first, the role that has to be allowed to do it last. */
function rank(name: string): number {
  if (name === 'client_encoding') return 0
  return name === 'role' ? 2 : 1
}

/** For either meaning of backslashes. */
export function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

const INSPECT = `SELECT 'set', name, setting FROM pg_catalog.pg_settings WHERE source OPERATOR(pg_catalog.=) 'session'
UNION ALL SELECT 'set', 'role', pg_catalog.current_setting('role') WHERE pg_catalog.current_setting('role') OPERATOR(pg_catalog.<>) 'none'
UNION ALL SELECT 'pin', 'listen', '' FROM pg_catalog.pg_listening_channels()
UNION ALL SELECT 'pin', 'authorization', '' FROM pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid()) WHERE pg_catalog.pg_get_userbyid(usesysid) OPERATOR(pg_catalog.<>) session_user
UNION ALL SELECT 'pin', 'held_cursor', '' FROM pg_catalog.pg_cursors
UNION ALL SELECT 'pin', 'prepared', '' FROM pg_catalog.pg_prepared_statements WHERE from_sql
UNION ALL SELECT 'pin', 'advisory_lock', '' FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) 'advisory' AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()
UNION ALL SELECT 'pin', 'temporary', '' WHERE pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.<>) 0 AND (
  EXISTS (SELECT FROM pg_catalog.pg_class WHERE relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())
  OR EXISTS (SELECT FROM pg_catalog.pg_proc WHERE pronamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())
  OR EXISTS (SELECT FROM pg_catalog.pg_type WHERE typnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()))`

/** Asks what the session holds: its settings (`set`), what keeps it on its backend (`pin`), and its prepared statements (`statement`). */
export function inspection(customSettings: Iterable<string>, withStatements: boolean): string {
  const custom = Array.from(customSettings, (name) => {
    const value = `pg_catalog.current_setting(${literal(name)},true)`
    return ` UNION ALL SELECT 'set', ${literal(name)}, ${value} WHERE ${value} OPERATOR(pg_catalog.<>) ''`
  })
  const statements = withStatements
    ? ` UNION ALL SELECT 'statement', name, '' FROM pg_catalog.pg_prepared_statements WHERE NOT from_sql`
    : ''
  return INSPECT + custom.join('') + statements
}

export interface Inspected {
  readonly settings: SessionSettings
  readonly pin: PinReason | undefined
  readonly statements: ReadonlySet<string>
}

export function readInspection(rows: readonly (readonly string[])[]): Inspected {
  const settings = new Map<string, string>()
  const statements = new Set<string>()
  let pin: PinReason | undefined
  for (const [kind, name = '', value = ''] of rows) {
    if (kind === 'set') settings.set(name, value)
    else if (kind === 'pin') pin ??= name as PinReason
    else statements.add(name)
  }
  return { settings, pin, statements }
}
