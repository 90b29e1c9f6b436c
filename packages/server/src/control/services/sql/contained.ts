// SQL that changes nothing, whoever wrote it. Postgres holds it: one READ ONLY transaction whose first snapshot is taken, so that it can become
// read-write no more (guc check hook `check_transaction_read_only`), one command for each Parse, and a ROLLBACK at the end. What a transaction does
// not hold is refused before: commands that end it or lock others out, and functions that act beside it, by what the catalogue says of them.
import { type CalledNames, calledNames, type SqlNotice } from '@lakelet/api/sql'
import type { Client } from 'pg'

/** A statement that may not run; the fields are those of an error of Postgres. */
export class ContainedError extends Error implements SqlNotice {
  readonly severity = 'ERROR'
  /** `read_only_sql_transaction` */
  readonly code = '25006'
  readonly hint: string

  constructor(message: string, hint: string) {
    super(message)
    this.hint = hint
  }
}

/** What a statement may begin with: what reads, and what Postgres refuses in its own words. */
const VERBS = new Set(
  '( select with table values show explain set reset declare fetch move close copy prepare execute deallocate insert update delete merge truncate'.split(
    ' ',
  ),
)

/** Tags of commands that end a transaction or begin one. */
const ENDS = /^(?:COMMIT|ROLLBACK|BEGIN|START TRANSACTION|PREPARE TRANSACTION)/

/**
 * Volatile functions of Postgres and of its extensions that only tell something. What is not here and not the user's own is refused: it may
 * end sessions, take locks that outlive it, write the log, or run SQL that it is given as a text.
 */
const HARMLESS =
  '^(?:' +
  [
    'array_sample|array_shuffle|bernoulli|system|random|random_normal|setseed|gen_random_uuid|gen_random_bytes|gen_salt|uuidv4|uuidv7',
    'uuid_generate_.*|clock_timestamp|timeofday|current_query|currval|lastval|lo_get|txid_status|pg_sleep.*',
    'pg_blocking_pids|pg_safe_snapshot_blocking_pids|pg_collation_actual_version|pg_database_collation_actual_version|pg_control_.*',
    'pg_current_logfile|pg_current_wal_.*|pg_get_.*|pg_is_in_recovery|pg_is_wal_replay_paused|pg_jit_available|pg_last_.*|pg_lock_status',
    'pg_notification_queue_usage|pg_partition_.*|pg_prepared_xact|pg_sequence_last_value|pg_stat_get_.*|pg_xact_.*|pg_.*_size',
  ].join('|') +
  ')$'

/** Not volatile by the catalogue, and yet they run a text as SQL. */
const RUN_TEXT = ['crosstab', 'crosstab2', 'crosstab3', 'crosstab4', 'connectby', 'xpath_table']

const REFUSED = `
  select distinct p.proname from pg_catalog.pg_proc p
  where p.proname = any($1)
    and (p.provolatile = 'v' and p.proname !~ $2 or p.proname = any($3))
    and (p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace or exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'e'))
  order by 1`

/** Begins the transaction. */
export async function beginContained(client: Client): Promise<void> {
  await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
  // From its first snapshot on a transaction stays what it is.
  await client.query('SELECT 1')
}

/** Throws a ContainedError for a statement that the transaction would not hold. */
export async function checkContained(client: Client, statement: string): Promise<void> {
  const called = calledNames(statement)
  checkVerb(called)
  if (called.hasUnicodeEscapes) {
    throw new ContainedError(
      'names and texts with Unicode escapes (U&) are not read here',
      'Write the characters themselves.',
    )
  }
  // `calledNames` reads texts as this setting says; an earlier statement may have changed it.
  await client.query('SET LOCAL standard_conforming_strings = on')
  if (called.names.length === 0) return
  const { rows } = await client.query<{ proname: string }>(REFUSED, [called.names, HARMLESS, RUN_TEXT])
  if (rows.length === 0) return
  const names = rows.map(({ proname }) => `${proname}()`).join(', ')
  throw new ContainedError(
    `${names} may act outside of a read-only transaction`,
    'Only functions that read are called here. To call it all the same, run the statement where writing is allowed.',
  )
}

function checkVerb({ verb, second }: CalledNames): void {
  if (VERBS.has(verb) && !(verb === 'prepare' && second === 'transaction')) return
  throw new ContainedError(
    `${verb === '' ? 'this statement' : verb.toUpperCase()} is not run in a read-only transaction`,
    'SELECT, WITH, VALUES, TABLE, SHOW, EXPLAIN, SET, cursors, prepared statements and COPY … TO STDOUT are. The transaction is begun and ended for you.',
  )
}

/** Throws where the transaction is not the one that was begun any more; nothing may be run after that. */
export function requireContained(client: Client, tag: string): void {
  if (client.getTransactionStatus() === 'T' && !ENDS.test(tag)) return
  throw new ContainedError('the read-only transaction was ended', 'It is begun and ended for you.')
}
