// A look at the past of a branch that changes nothing: what was there is read beside what is there now.
import type { SchemaComparison } from '@lakelet/api'
import { call } from '../../api/call.ts'
import { t } from '../../text/index.ts'
import { runOnce } from '../sql/run-once.ts'
import type { Moment } from './moment.ts'
import type { BranchParams } from './use-past.ts'

const MOST_TABLES = 200
const MOST_ROWS = 1_000_000

export interface PastTable {
  readonly name: string
  /** Undefined where the table was not there, or is not any more. */
  readonly before: number | undefined
  readonly now: number | undefined
}

export interface Preview {
  readonly database: string
  readonly tables: readonly PastTable[]
  /** What the schema has become since; undefined where that could not be said. */
  readonly changes: SchemaComparison['changes'] | undefined
}

export interface PreviewOptions {
  readonly database: string
  readonly signal: AbortSignal
  /** Says what is done now. */
  readonly onStep: (step: string) => void
}

/** Reads what was there: wakes the branch, and opens the moment for reading. */
export async function previewPast(
  params: BranchParams,
  moment: Moment,
  { database, signal, onStep }: PreviewOptions,
): Promise<Preview> {
  onStep(t.past.steps.recovering)
  const target = { ...params, database }
  const before = await countsOf({ ...target, moment }, signal)
  onStep(t.past.steps.reading)
  const now = await countsOf(target, signal)
  onStep(t.past.steps.comparing)
  const body = { with: params.branch, database, ...moment }
  const compared = await call('lakelet.compareBranch', { params, body }, signal).catch(() => undefined)
  signal.throwIfAborted()
  const names = [...new Set([...before.keys(), ...now.keys()])].toSorted()
  return {
    database,
    tables: names.map((name) => ({ name, before: before.get(name), now: now.get(name) })),
    changes: compared?.changes,
  }
}

const TABLES = `select pg_catalog.format('%I.%I', n.nspname, c.relname) as name
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm') and not c.relispartition
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_toast%'
  and pg_catalog.has_table_privilege(c.oid, 'select') and pg_catalog.has_schema_privilege(n.oid, 'usage')
order by 1 limit ${MOST_TABLES}`

/** How many rows each table has that the caller may read; more than a million are not counted on. */
async function countsOf(
  target: BranchParams & { readonly database: string; readonly moment?: Moment },
  signal: AbortSignal,
): Promise<Map<string, number>> {
  const { rows } = await runOnce({ ...target, statements: [TABLES], isReadOnly: true }, signal)
  const names = rows.flatMap(({ name }) => name ?? [])
  if (names.length === 0) return new Map()
  const counts = names.map(
    (name, at) => `select ${at} as at, count(*) as rows from (select from ${name} limit ${MOST_ROWS + 1}) x`,
  )
  const statements = [counts.join('\nunion all ')]
  const counted = await runOnce({ ...target, statements, isReadOnly: true }, signal)
  return new Map(counted.rows.map((row) => [names[Number(row['at'])] ?? '', Number(row['rows'])]))
}

/** Whether a count is where counting ended. */
export function isMore(rows: number): boolean {
  return rows > MOST_ROWS
}
