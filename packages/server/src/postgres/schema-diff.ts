// What the schemas of two databases differ in, as a list and as the SQL that makes the one like the other. Extracting, comparing and
// ordering is @supabase/pg-delta's (docs/decisions/0019-schema-diff.md): it asks Postgres for every definition and parses no SQL.
import {
  type Action,
  type Delta,
  type Diagnostic,
  extract,
  type FactBase,
  type Plan,
  plan,
  type StableId,
} from '@supabase/pg-delta'
import type { Pool } from 'pg'
import { LakeletError } from '../base/errors.ts'
import type { AdminConnection } from './admin.ts'

/** Longest that one question to a catalog may take. */
const STATEMENT_MS = 55_000

export interface SchemaChange {
  readonly action: 'add' | 'remove' | 'change'
  /** `table`, `column`, `index`, `constraint`, `view`, `function`, `policy`, `grant`, `extension` … */
  readonly kind: string
  /** As SQL names it: `public.notes`, `public.notes.body`, `reader on table public.notes`. */
  readonly name: string
  /** What of it is other, where it is on both sides. */
  readonly attributes?: readonly string[]
}

export interface SchemaDiff {
  /** What has to happen to the first to become like the second, by kind and name; empty when they are alike. */
  readonly changes: readonly SchemaChange[]
  /** The same as a script for psql; empty when they are alike. */
  readonly sql: string
  /** How many of its statements lose data. */
  readonly destructiveStatements: number
  /** What a person should know: roles to be made first, kinds of objects that are not compared. */
  readonly notes: readonly string[]
}

/** Compares the databases that two connections are to. LakeletError `schema_diff_failed`. Takes the thread: see `compareSchemas`. */
export async function diffSchemas(from: AdminConnection, to: AdminConnection): Promise<SchemaDiff> {
  const options = { statementTimeoutMs: STATEMENT_MS }
  const [source, desired] = await Promise.all([extract(poolOf(from), options), extract(poolOf(to), options)])
  const rolesThere = rolesIn(source.factBase)
  const rolesWanted = rolesIn(desired.factBase)
  const made = planned(() =>
    plan(source.factBase, desired.factBase, {
      // Roles belong to the branch, not to a database of it.
      scope: 'database',
      assumedRoles: [...new Set([...rolesThere, ...rolesWanted])],
    }),
  )
  const missing = [...rolesWanted].filter((role) => !rolesThere.has(role))
  const roleNotes = missing
    .filter((role) => made.actions.some(({ sql }) => sql.includes(role)))
    .map(
      (role) => `The role ${role} is only there on the second side: make it before the statements are run.`,
    )
  return {
    changes: changesOf(made.deltas),
    sql: scriptOf(made),
    destructiveStatements: made.actions.filter(({ dataLoss }) => dataLoss === 'destructive').length,
    notes: [...roleNotes, ...unmodelled([...source.diagnostics, ...desired.diagnostics])],
  }
}

function planned(make: () => Plan): Plan {
  try {
    return make()
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new LakeletError('schema_diff_failed', { reason }, { cause })
  }
}

/** As much of a pool as is used of it: one client, which is ours. */
function poolOf(admin: AdminConnection): Pool {
  const query = async (text: string | { readonly text: string }, values?: readonly unknown[]) => ({
    rows: await admin.query(typeof text === 'string' ? text : text.text, values),
  })
  return { connect: async () => ({ query, release: () => undefined }) } as unknown as Pool
}

function rolesIn(facts: FactBase): Set<string> {
  return new Set(facts.facts().flatMap(({ id }) => (id.kind === 'role' ? [id.name] : [])))
}

/** Kinds of objects that are there and were not looked at. */
function unmodelled(diagnostics: readonly Diagnostic[]): string[] {
  return [
    ...new Set(diagnostics.filter(({ code }) => code === 'unmodeled_kind').map(({ message }) => message)),
  ]
}

function changesOf(deltas: readonly Delta[]): SchemaChange[] {
  const changes = new Map<
    string,
    { action: SchemaChange['action']; kind: string; name: string; of: Set<string> }
  >()
  for (const delta of deltas) {
    const found = changeOf(delta)
    if (!found) continue
    const [kind, name] = describe(found.id)
    const key = `${kind} ${name}`
    const known = changes.get(key) ?? { action: found.action, kind, name, of: new Set() }
    // What is there on one side only is no change of what is there on both.
    if (found.action !== 'change') known.action = found.action
    if (found.attribute !== undefined) known.of.add(found.attribute)
    changes.set(key, known)
  }
  return [...changes.values()]
    .map(({ action, kind, name, of }) => ({
      action,
      kind,
      name,
      ...(action === 'change' && of.size > 0 ? { attributes: [...of].sort() } : {}),
    }))
    .sort((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1))
}

function changeOf(
  delta: Delta,
):
  | { readonly action: SchemaChange['action']; readonly id: StableId; readonly attribute?: string }
  | undefined {
  if (delta.verb === 'add' || delta.verb === 'remove') {
    const { id } = delta.fact
    // A default is the column's.
    if (id.kind === 'default')
      return { action: 'change', id: { ...id, kind: 'column' }, attribute: 'default' }
    return { action: delta.verb, id }
  }
  if (delta.verb === 'set') {
    if (delta.id.kind === 'default')
      return { action: 'change', id: { ...delta.id, kind: 'column' }, attribute: 'default' }
    return { action: 'change', id: delta.id, attribute: delta.attr }
  }
  return delta.edge.kind === 'owner'
    ? { action: 'change', id: delta.edge.from, attribute: 'owner' }
    : undefined
}

/** Kind and name for people. */
function describe(id: StableId): [kind: string, name: string] {
  if ('args' in id) return [id.kind, `${quoted(id.schema, id.name)}(${id.args.join(', ')})`]
  if (id.kind === 'typeAttribute') return ['attribute', quoted(id.schema, id.type, id.name)]
  if ('name' in id) return [words(id.kind), nameOf(id)]
  switch (id.kind) {
    case 'acl': {
      const [kind, name] = describe(id.target)
      const column = id.column === undefined ? '' : ` (${quoted(id.column)})`
      return ['grant', `${grantee(id.grantee)} on ${kind} ${name}${column}`]
    }
    case 'comment':
    case 'securityLabel': {
      const [kind, name] = describe(id.target)
      return [id.kind === 'comment' ? 'comment' : 'security label', `on ${kind} ${name}`]
    }
    case 'defaultPrivilege': {
      const where = id.schema === null ? '' : ` in schema ${quoted(id.schema)}`
      return ['default privilege', `${grantee(id.grantee)} on ${id.objtype} of ${quoted(id.role)}${where}`]
    }
    case 'membership':
      return ['membership', `${quoted(id.member)} in ${quoted(id.role)}`]
    case 'userMapping':
      return ['user mapping', `${quoted(id.role)} for ${quoted(id.server)}`]
    case 'publicationSchema':
      return ['publication', `${quoted(id.publication)} of schema ${quoted(id.schema)}`]
    case 'publicationRel':
      return ['publication', `${quoted(id.publication)} of table ${quoted(id.schema, id.table)}`]
    case 'extensionIntent':
      return ['extension', `${quoted(id.ext)}: ${id.intentKind} ${id.key}`]
  }
}

function nameOf(id: Extract<StableId, { readonly name: string }>): string {
  const schema = 'schema' in id ? [id.schema] : []
  const table = 'table' in id ? [id.table] : []
  return quoted(...schema, ...table, id.name)
}

/** `materializedView` → `materialized view`. */
function words(kind: string): string {
  return kind === 'fdw'
    ? 'foreign data wrapper'
    : kind.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

function grantee(role: string): string {
  return role === 'PUBLIC' || role === '' ? 'PUBLIC' : quoted(role)
}

function quoted(...names: readonly string[]): string {
  return names
    .map((name) => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`))
    .join('.')
}

/** The statements in transactions, but for those that run in none. */
function scriptOf(made: Plan): string {
  if (made.actions.length === 0) return ''
  const settings = made.preamble.map(({ name, value }) => `SET LOCAL ${name} = ${value};`)
  const lines: string[] = []
  let isOpen = false
  const commit = () => {
    if (isOpen) lines.push('COMMIT;', '')
    isOpen = false
  }
  for (const action of made.actions) {
    if (action.newSegmentBefore || action.transactionality === 'nonTransactional') commit()
    if (!isOpen && action.transactionality !== 'nonTransactional') {
      lines.push('BEGIN;', ...settings)
      isOpen = true
    }
    lines.push(statement(action))
    if (action.transactionality === 'commitBoundaryAfter') commit()
  }
  commit()
  return `${lines.join('\n').trimEnd()}\n`
}

function statement({ sql, dataLoss }: Action): string {
  const text = sql.trimEnd()
  const note = dataLoss === 'destructive' ? '-- loses data\n' : ''
  return `${note}${text.endsWith(';') ? text : `${text};`}`
}
