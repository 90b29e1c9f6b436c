// A plan as SELECT: embedded resources are lateral joins, rows of them JSON.
import type { Embed, Plan } from '../plan/plan.ts'
import type { SelectField } from '../parse/tree.ts'
import { conditionsSql } from './condition.ts'
import { cast, qualified, quote, type Statement } from './statement.ts'

/** Name that a field has in the result. */
export function outputName({ field, alias, aggregate }: SelectField): string {
  if (alias !== undefined) return alias
  if (aggregate) return aggregate.name
  const key = field.path.findLast((step) => typeof step.key === 'string')?.key
  return typeof key === 'string' ? key : field.name
}

/** `from`: what the root reads, where that is not its table. */
export function readSql(statement: Statement, plan: Plan, from?: string): string {
  const isGrouped = plan.fields.some((each) => each.kind === 'field' && each.aggregate)
  const { items, grouped } = selectList(statement, plan, isGrouped)
  return [
    `SELECT ${items.length > 0 ? items.join(', ') : '1 AS "pgrst_here"'}`,
    `FROM ${from ?? sourceOf(plan)}`,
    ...plan.embeds.map((embed) => joinSql(statement, embed, plan)),
    whereSql(statement, plan),
    ...(isGrouped && grouped.length > 0 ? [`GROUP BY ${grouped.join(', ')}`] : []),
    orderSql(statement, plan),
    ...rangeSql(statement, plan),
  ]
    .filter((part) => part !== '')
    .join(' ')
}

/** How many rows there are without the range: only joins that may take rows away are part of it. */
export function countSql(statement: Statement, plan: Plan, from?: string): string {
  const named = plan.place.conditions.length > 0
  const joins = plan.embeds.filter(({ item }) => item.join === 'inner' || named)
  return `SELECT 1 FROM ${from ?? sourceOf(plan)} ${joins.map((embed) => joinSql(statement, embed, plan)).join(' ')} ${whereSql(statement, plan)}`
}

function sourceOf({ table, alias }: Plan): string {
  return table ? `${qualified(table.schema, table.name)} AS ${quote(alias)}` : quote(alias)
}

function whereSql(statement: Statement, plan: Plan, extra: readonly string[] = []): string {
  const own = conditionsSql(statement, plan, plan.place.conditions)
  const all = [...extra, ...(own === '' ? [] : [own])]
  return all.length === 0 ? '' : `WHERE ${all.join(' AND ')}`
}

function selectList(
  statement: Statement,
  plan: Plan,
  isGrouped: boolean,
): { readonly items: string[]; readonly grouped: number[] } {
  const items: string[] = []
  const grouped: number[] = []
  const add = (sql: string, isPlain: boolean) => {
    items.push(sql)
    if (isPlain) grouped.push(items.length)
  }
  for (const each of plan.fields) {
    if (each.kind === 'star') {
      if (isGrouped && plan.table)
        for (const name of plan.table.columns.keys()) add(`${quote(plan.alias)}.${quote(name)}`, true)
      else items.push(`${quote(plan.alias)}.*`)
    } else if (each.kind === 'field') add(fieldSql(statement, plan, each), !each.aggregate)
    else for (const sql of embedItems(each.embed, isGrouped)) add(sql, true)
  }
  for (const { column, as } of plan.hidden)
    items.push(`${statement.field(plan.alias, plan.table, column.field)} AS ${quote(as)}`)
  return { items, grouped }
}

function fieldSql(statement: Statement, plan: Plan, item: SelectField): string {
  const { field, aggregate } = item
  const isCount = aggregate && field.name === '*'
  const value = isCount ? '*' : cast(statement.field(plan.alias, plan.table, field), item.cast)
  const whole = aggregate ? cast(`${aggregate.name}(${value})`, aggregate.cast) : value
  return `${whole} AS ${quote(outputName(item))}`
}

/** What an embedded resource adds to the list above it. */
function embedItems(embed: Embed, isGrouped: boolean): string[] {
  const { item, alias, isToOne, plan } = embed
  if (plan.fields.length === 0) return []
  const type = isGrouped ? '::jsonb' : ''
  const name = quote(item.alias ?? item.name)
  if (item.isSpread) {
    return outputNames(plan).map((each) => {
      const column = `${quote(alias)}.${quote(each)}`
      return isToOne ? `${column} AS ${quote(each)}` : `COALESCE(${column}, '[]')${type} AS ${quote(each)}`
    })
  }
  if (!isToOne) return [`COALESCE(${quote(alias)}."pgrst_rows", '[]')${type} AS ${name}`]
  const hidden = plan.hidden.map(({ as }) => as)
  const row =
    hidden.length === 0
      ? `row_to_json(${quote(alias)}.*)${type}`
      : `(to_jsonb(${quote(alias)}.*) - '{${hidden.join(',')}}'::text[])`
  return [`${row} AS ${name}`]
}

/** Names of all that a place gives. */
function outputNames(plan: Plan): string[] {
  return plan.fields.flatMap((each) => {
    if (each.kind === 'star') return [...(plan.table?.columns.keys() ?? [])]
    if (each.kind === 'field') return [outputName(each)]
    const { item, plan: below } = each.embed
    return item.isSpread ? outputNames(below) : below.fields.length === 0 ? [] : [item.alias ?? item.name]
  })
}

function joinSql(statement: Statement, embed: Embed, parent: Plan): string {
  const { item, alias, isToOne, plan } = embed
  const inner = item.join === 'inner'
  const rows = embeddedSql(statement, embed, parent)
  const join = inner ? 'INNER JOIN LATERAL' : 'LEFT JOIN LATERAL'
  if (isToOne) return `${join} (${rows}) AS ${quote(alias)} ON TRUE`
  const spread = item.isSpread
    ? outputNames(plan).map((name) => `json_agg("pgrst_r".${quote(name)}) AS ${quote(name)}, `)
    : []
  const collected = `SELECT ${spread.join('')}json_agg("pgrst_r") AS "pgrst_rows" FROM (${rows}) AS "pgrst_r"`
  return `${join} (${collected}) AS ${quote(alias)} ON ${inner ? `${quote(alias)}."pgrst_rows" IS NOT NULL` : 'TRUE'}`
}

function embeddedSql(statement: Statement, embed: Embed, parent: Plan): string {
  const { relationship, plan } = embed
  const pairs = (columns: readonly (readonly [string, string])[], left: string, right: string) =>
    columns.map(([a, b]) => `${quote(left)}.${quote(a)} = ${quote(right)}.${quote(b)}`)
  const isGrouped = plan.fields.some((each) => each.kind === 'field' && each.aggregate)
  const { items, grouped } = selectList(statement, plan, isGrouped)
  const through = `j${plan.alias}`
  let from = sourceOf(plan)
  let on: string[] = []
  if (relationship.kind === 'direct') on = pairs(relationship.columns, parent.alias, plan.alias)
  else if (relationship.kind === 'junction') {
    from += `, ${qualified(relationship.through.schema, relationship.through.name)} AS ${quote(through)}`
    on = [
      ...pairs(relationship.first, parent.alias, through),
      ...pairs(relationship.second, through, plan.alias),
    ]
  } else
    from = `${qualified(relationship.schema, relationship.routine)}(${quote(parent.alias)}) AS ${quote(plan.alias)}`
  // A junction's comma binds weaker than a join, which must see the embedded table: so the joins are below.
  const source =
    plan.embeds.length > 0 && relationship.kind === 'junction' ? from.replace(', ', ' CROSS JOIN ') : from
  return [
    `SELECT ${items.length > 0 ? items.join(', ') : '1 AS "pgrst_here"'} FROM ${source}`,
    ...plan.embeds.map((each) => joinSql(statement, each, plan)),
    whereSql(statement, plan, on),
    ...(isGrouped && grouped.length > 0 ? [`GROUP BY ${grouped.join(', ')}`] : []),
    orderSql(statement, plan),
    ...rangeSql(statement, plan),
  ]
    .filter((part) => part !== '')
    .join(' ')
}

function orderSql(statement: Statement, plan: Plan): string {
  const { order } = plan.place
  if (order.length === 0) return ''
  const used = new Map<Embed, number>()
  const terms = order.map(({ relation, field, direction, nulls }) => {
    const ending = `${direction ? ` ${direction.toUpperCase()}` : ''}${nulls ? ` NULLS ${nulls.toUpperCase()}` : ''}`
    const embed =
      relation === undefined
        ? undefined
        : plan.embeds.find(({ item }) => (item.alias ?? item.name) === relation || item.name === relation)
    if (!embed) return `${statement.field(plan.alias, plan.table, field)}${ending}`
    const at = used.get(embed) ?? 0
    used.set(embed, at + 1)
    return `${quote(embed.alias)}.${quote(embed.plan.hidden[at]?.as ?? '')}${ending}`
  })
  return `ORDER BY ${terms.join(', ')}`
}

function rangeSql(statement: Statement, { place: { limit, offset } }: Plan): string[] {
  return [
    ...(limit === undefined ? [] : [`LIMIT ${statement.param(limit)}::int8`]),
    ...(offset === 0 ? [] : [`OFFSET ${statement.param(offset)}::int8`]),
  ]
}
