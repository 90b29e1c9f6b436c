// Which relationship an embedded resource means: by the name of its table, of a constraint, of a column, or of a function.
import { DataApiError, PGRST } from '../errors.ts'
import type { SelectEmbed } from '../parse/tree.ts'
import type { Relationship, SchemaCache, Table } from '../schema/model.ts'

/** The one that fits. DataApiErrors PGRST200 and PGRST201. */
export function findRelationship(cache: SchemaCache, from: Table, { name, hint }: SelectEmbed): Relationship {
  const inSchema = (cache.relationships.get(from.oid) ?? []).filter(({ to }) => to.schema === from.schema)
  const computed = inSchema.filter((each) => each.kind === 'computed' && each.routine === name)
  const fitting = computed.length > 0 ? computed : inSchema.filter((each) => fits(each, name, hint))
  // A column or a constraint also leads to the views over its table.
  const tables = fitting.filter(({ to }) => !to.isView)
  const found =
    fitting.length > 1 && tables.length === 1 && fitting.every(({ to }) => to.name !== name)
      ? tables
      : fitting
  const [only] = found
  if (only && found.length === 1) return only
  if (!only) throw missing(from, name, hint)
  throw new DataApiError(
    PGRST.ambiguousRelationship,
    `Could not embed because more than one relationship was found for '${from.name}' and '${name}'`,
    {
      details: found.map(described),
      hint: `Try changing '${name}' to one of the following: ${found.map((each) => `'${name}!${hintFor(each)}'`).join(', ')}. Find the desired relationship in the 'details' key.`,
    },
  )
}

function fits(each: Relationship, name: string, hint: string | undefined): boolean {
  if (each.kind === 'computed') return false
  const isSelf = each.from.oid === each.to.oid
  if (each.kind === 'junction') {
    return (
      each.to.name === name &&
      (hint === undefined || hint === each.through.name || each.constraints.includes(hint))
    )
  }
  const [pair] = each.columns
  const single = each.columns.length === 1 ? pair : undefined
  const ownsKey = each.isToOne && each.cardinality !== 'one-to-many'
  if (each.to.name === name) {
    if (hint === undefined) return !isSelf || !ownsKey
    // To the rows that point here: the other way is named by the column alone.
    if (isSelf) return !each.isToOne && (hint === each.constraint || (single?.includes(hint) ?? false))
    return hint === each.constraint || (single !== undefined && (hint === single[0] || hint === single[1]))
  }
  if (hint !== undefined && hint !== each.to.name) return false
  return each.constraint === name ? !isSelf || each.isToOne : ownsKey && single?.[0] === name
}

function hintFor(each: Relationship): string {
  if (each.kind === 'direct') return each.constraint
  return each.kind === 'junction' ? each.through.name : each.routine
}

function described(each: Relationship): object {
  const embedding = `${each.from.name} with ${each.to.name}`
  const list = (columns: readonly string[]) => `(${columns.join(', ')})`
  if (each.kind === 'direct') {
    const own = list(each.columns.map(([a]) => a))
    const other = list(each.columns.map(([, b]) => b))
    return {
      cardinality: each.cardinality,
      embedding,
      relationship: `${each.constraint} using ${each.from.name}${own} and ${each.to.name}${other}`,
    }
  }
  if (each.kind === 'computed')
    return {
      cardinality: each.isToOne ? 'many-to-one' : 'one-to-many',
      embedding,
      relationship: each.routine,
    }
  const first = list(each.first.map(([, b]) => b))
  const second = list(each.second.map(([a]) => a))
  return {
    cardinality: 'many-to-many',
    embedding,
    relationship: `${each.through.name} using ${each.constraints[0]}${first} and ${each.constraints[1]}${second}`,
  }
}

function missing(from: Table, name: string, hint: string | undefined): DataApiError {
  const named = hint === undefined ? '' : ` using the hint '${hint}'`
  return new DataApiError(
    PGRST.relationship,
    `Could not find a relationship between '${from.name}' and '${name}' in the schema cache`,
    {
      details: `Searched for a foreign key relationship between '${from.name}' and '${name}'${named} in the schema '${from.schema}', but no matches were found.`,
    },
  )
}
