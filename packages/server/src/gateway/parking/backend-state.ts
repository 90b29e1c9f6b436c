// What a session has set up in its backend, as the backend itself tells it in one statement. It is asked in the extended protocol under a name
// of our own, so that the statement without a name, which is the client's, stays. All is written out (schemas, operators) because the session's
// `search_path` may find others first; the answer is hexadecimal because `client_encoding` may be anything.
import { encodeBind, encodeClose, encodeExecute, encodeParse, encodeSync } from '@lakelet/wire'
import type { Conversation } from './conversation.ts'

/** As `pg_prepared_statements` has it. */
export interface PreparedStatement {
  readonly name: string
  readonly text: string
  /** Oids. */
  readonly parameterTypes: readonly number[]
  /** Made by PREPARE, and not by a message of the protocol. */
  readonly isSql: boolean
}

export interface BackendState {
  /** Settings that the session changed, by their names. */
  readonly settings: readonly (readonly [name: string, value: string])[]
  /** Custom settings that it has, of the names that were asked for; an empty value may be that of one that is set no more. */
  readonly custom: readonly (readonly [name: string, value: string])[]
  readonly statements: readonly PreparedStatement[]
  readonly channels: readonly string[]
  /** `none`, or who it set itself to be. */
  readonly role: string
  readonly sessionUser: string
  /** Of settings that libraries of extensions have brought. */
  readonly prefixes: readonly string[]
  /** What a client is told without asking (GUC_REPORT). */
  readonly reported: Readonly<Record<string, string>>
  readonly idleTimeoutMs: number
  /** Two backends in which all of this is equal are equal, as far as can be read. */
  readonly fingerprint: string
  /** What cannot be made again. */
  readonly holds: { readonly cursors: boolean; readonly locks: boolean; readonly temporary: boolean }
}

/** Of statements of ours; no client's is called so. */
export const OWN_STATEMENT = 'lakelet: parking'

const REPORTED = [
  'application_name',
  'client_encoding',
  'DateStyle',
  'default_transaction_read_only',
  'in_hot_standby',
  'integer_datetimes',
  'IntervalStyle',
  'is_superuser',
  'scram_iterations',
  'search_path',
  'server_encoding',
  'server_version',
  'session_authorization',
  'standard_conforming_strings',
  'TimeZone',
]

const OWN = `'${OWN_STATEMENT}'`
/** The parameter: names of custom settings, separated by commas. `pg_settings` is read once. */
const QUERY = `/* Lakelet: may this session sleep? */
WITH s AS MATERIALIZED (SELECT name, setting, source, reset_val FROM pg_catalog.pg_settings),
  p AS MATERIALIZED (SELECT name, statement, parameter_types::pg_catalog.oid[] AS parameters, from_sql,
    result_types::pg_catalog.oid[] AS results
    FROM pg_catalog.pg_prepared_statements WHERE name OPERATOR(pg_catalog.<>) ${OWN}),
  c AS MATERIALIZED (SELECT n AS name, pg_catalog.current_setting(n, true) AS value
    FROM pg_catalog.unnest(pg_catalog.string_to_array($1::pg_catalog.text, ',')) AS n)
SELECT pg_catalog.encode(pg_catalog.convert_to(pg_catalog.json_build_object(
  'settings', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(name, setting) ORDER BY name USING OPERATOR(pg_catalog.<)) FROM s
    WHERE source OPERATOR(pg_catalog.=) 'session'),
  'custom', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(name, value) ORDER BY name USING OPERATOR(pg_catalog.<)) FROM c
    WHERE value IS NOT NULL),
  'statements', (SELECT pg_catalog.json_agg(pg_catalog.json_build_array(name, statement, parameters, from_sql) ORDER BY name USING OPERATOR(pg_catalog.<))
    FROM p),
  'results', (SELECT pg_catalog.json_agg(results ORDER BY name USING OPERATOR(pg_catalog.<)) FROM p),
  'channels', (SELECT pg_catalog.json_agg(l) FROM pg_catalog.pg_listening_channels() AS l),
  'role', pg_catalog.current_setting('role'),
  'sessionUser', SESSION_USER,
  'prefixes', (SELECT pg_catalog.json_agg(DISTINCT pg_catalog.split_part(name, '.', 1)) FROM s
    WHERE pg_catalog.strpos(name, '.') OPERATOR(pg_catalog.>) 0),
  'reported', (SELECT pg_catalog.json_object_agg(n, pg_catalog.current_setting(n, true))
    FROM pg_catalog.unnest($2::pg_catalog.text[]) AS n WHERE pg_catalog.current_setting(n, true) IS NOT NULL),
  'idle', (SELECT setting FROM s WHERE name OPERATOR(pg_catalog.=) 'idle_session_timeout'),
  'all', (SELECT pg_catalog.md5(pg_catalog.string_agg(pg_catalog.concat_ws('=', name, setting, source, reset_val), E'\\n'
    ORDER BY name USING OPERATOR(pg_catalog.<))) FROM s),
  'cursors', EXISTS (SELECT FROM pg_catalog.pg_cursors WHERE name OPERATOR(pg_catalog.<>) ''),
  'locks', EXISTS (SELECT FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) 'advisory'
    AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()),
  'temporary', EXISTS (SELECT FROM pg_catalog.pg_depend
    WHERE refclassid OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
    AND refobjid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())
)::pg_catalog.text, 'UTF8'), 'hex')`

interface Told {
  readonly settings: [string, string][] | null
  readonly custom: [string, string][] | null
  readonly statements: [string, string, number[], boolean][] | null
  readonly results: (number[] | null)[] | null
  readonly channels: string[] | null
  readonly role: string
  readonly sessionUser: string
  readonly prefixes: string[] | null
  readonly reported: Record<string, string> | null
  readonly idle: string | null
  readonly all: string
  readonly cursors: boolean
  readonly locks: boolean
  readonly temporary: boolean
}

/** Reads what there is; undefined where the backend refuses to tell. Rejects as `Conversation.ask` does. */
export async function readState(
  conversation: Conversation,
  names: readonly string[],
  signal: AbortSignal,
): Promise<BackendState | undefined> {
  const { rows, error } = await conversation.ask(
    Buffer.concat([
      encodeParse(OWN_STATEMENT, QUERY),
      encodeBind('', OWN_STATEMENT, [names.join(','), `{${REPORTED.join(',')}}`]),
      encodeExecute(''),
      encodeClose('statement', OWN_STATEMENT),
      encodeSync(),
    ]),
    signal,
  )
  const [hex] = rows
  if (error || !hex) return undefined
  return stateOf(JSON.parse(Buffer.from(hex.toString('latin1'), 'hex').toString('utf8')) as Told)
}

function stateOf(told: Told): BackendState {
  const { settings, custom, statements, results, role, sessionUser, prefixes, all } = told
  return {
    settings: settings ?? [],
    custom: custom ?? [],
    statements: (statements ?? []).map(([name, text, parameterTypes, isSql]) => ({
      name,
      text,
      parameterTypes: parameterTypes.map(Number),
      isSql,
    })),
    channels: told.channels ?? [],
    role,
    sessionUser,
    prefixes: prefixes ?? [],
    reported: told.reported ?? {},
    idleTimeoutMs: Number(told.idle ?? 0),
    fingerprint: JSON.stringify([settings, custom, statements, results, role, sessionUser, all]),
    holds: { cursors: told.cursors, locks: told.locks, temporary: told.temporary },
  }
}
