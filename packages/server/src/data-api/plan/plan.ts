// A request held against the schema: which table each place reads, and by which way an embedded resource is reached.
import { DataApiError, PGRST } from '../errors.ts'
import type { Query } from '../parse/query.ts'
import type { Condition, PlaceQuery, SelectEmbed, SelectField, SelectItem } from '../parse/tree.ts'
import type { Relationship, SchemaCache, Table } from '../schema/model.ts'
import { findRelationship } from './find-relationship.ts'

export interface Plan {
  /** Undefined for what a function returns that is no table. */
  readonly table: Table | undefined
  /** Unique in the statement. */
  readonly alias: string
  readonly fields: readonly (
    | SelectField
    | { readonly kind: 'star' }
    | { readonly kind: 'embed'; readonly embed: Embed }
  )[]
  readonly embeds: readonly Embed[]
  readonly place: PlaceQuery
  /** Columns that an order of the place above needs, under names of their own. */
  readonly hidden: { readonly column: SelectField; readonly as: string }[]
}

export interface Embed {
  readonly item: SelectEmbed
  readonly relationship: Relationship
  readonly plan: Plan
  /** Alias of the joined subquery. */
  readonly alias: string
  readonly isToOne: boolean
}

interface Context {
  readonly cache: SchemaCache
  readonly query: Query
  readonly allowsAggregates: boolean
  readonly used: Set<string>
  count: number
}

export interface PlanRequest {
  readonly cache: SchemaCache
  readonly query: Query
  readonly allowsAggregates: boolean
  readonly table: Table | undefined
  /** Alias of the root. */
  readonly alias: string
}

const NOTHING: PlaceQuery = { conditions: [], order: [], offset: 0, limit: undefined }

/** Plans the whole; DataApiErrors name what is not there, ambiguous, or not allowed. */
export function planRead({ cache, query, allowsAggregates, table, alias }: PlanRequest): Plan {
  const context: Context = { cache, query, allowsAggregates, used: new Set(['']), count: 0 }
  const plan = planPlace(context, { table, alias, items: query.select, paths: [''] })
  for (const path of query.places.keys()) {
    if (!context.used.has(path)) {
      throw new DataApiError(PGRST.notEmbedded, `'${path}' is not an embedded resource in this request`, {
        hint: `Verify that '${path}' is included in the 'select' query parameter.`,
      })
    }
  }
  return plan
}

function planPlace(
  context: Context,
  at: {
    readonly table: Table | undefined
    readonly alias: string
    readonly items: readonly SelectItem[]
    readonly paths: readonly string[]
  },
): Plan {
  const { table, alias, items, paths } = at
  const found = paths.filter((path) => context.query.places.has(path))
  for (const path of found) context.used.add(path)
  const place = merged(found.map((path) => context.query.places.get(path) ?? NOTHING))
  const embeds: Embed[] = []
  const fields = items.map((item) => {
    if (item.kind !== 'embed') {
      if (item.kind === 'field' && item.aggregate && !context.allowsAggregates)
        throw new DataApiError(PGRST.aggregates, 'Use of aggregate functions is not allowed')
      return item
    }
    const embed = planEmbed(context, table, item, paths)
    embeds.push(embed)
    return { kind: 'embed' as const, embed }
  })
  const plan: Plan = { table, alias, fields, embeds, place, hidden: [] }
  checkEmbedFilters(plan, place.conditions)
  planOrder(plan)
  return plan
}

/** A place may be named by its alias and by its table. */
function merged(places: readonly PlaceQuery[]): PlaceQuery {
  const [first = NOTHING, ...others] = places
  return others.reduce(
    (all, { conditions, order, offset, limit }) => ({
      conditions: [...all.conditions, ...conditions],
      order: [...all.order, ...order],
      offset: Math.max(all.offset, offset),
      limit: all.limit ?? limit,
    }),
    first,
  )
}

function planEmbed(
  context: Context,
  table: Table | undefined,
  item: SelectEmbed,
  paths: readonly string[],
): Embed {
  if (!table)
    throw new DataApiError(
      PGRST.relationship,
      `Could not find a relationship for '${item.name}' in the schema cache`,
      { details: 'The function returns no rows of a table' },
    )
  const relationship = findRelationship(context.cache, table, item)
  const names = [...new Set([item.alias ?? item.name, item.name])]
  const below = paths.flatMap((path) => names.map((name) => (path === '' ? name : `${path}.${name}`)))
  const number = ++context.count
  const plan = planPlace(context, {
    table: relationship.to,
    alias: `pgrst_t${number}`,
    items: item.items,
    paths: below,
  })
  if (item.isSpread && plan.fields.some((each) => each.kind === 'field' && each.aggregate)) {
    throw new DataApiError(['PGRST127', 400], 'Feature not implemented', {
      details: 'Aggregates are not implemented for spread embeddings',
    })
  }
  return { item, relationship, plan, alias: `pgrst_e${number}`, isToOne: relationship.isToOne }
}

/** The embedded resource that a filter or an order of this place names. */
export function embedNamed({ embeds, table }: Plan, name: string): Embed | undefined {
  const byAlias = embeds.find(({ item }) => item.alias === name)
  if (byAlias) return byAlias
  if (table?.columns.has(name)) return undefined
  return embeds.find(({ item }) => item.name === name && item.alias === undefined)
}

function checkEmbedFilters(plan: Plan, conditions: readonly Condition[]): void {
  for (const condition of conditions) {
    if (condition.kind !== 'filter') checkEmbedFilters(plan, condition.children)
    else if (embedNamed(plan, condition.field.name)) {
      const { comparison } = condition
      if (comparison.kind === 'is' && (comparison.value === 'null' || comparison.value === 'not_null'))
        continue
      throw new DataApiError(
        PGRST.embedFilter,
        `Bad operator on the '${condition.field.name}' embedded resource`,
        {
          details: 'Only is null or not is null filters are allowed on embedded resources',
        },
      )
    }
  }
}

function planOrder(plan: Plan): void {
  for (const { relation, field } of plan.place.order) {
    if (relation === undefined) continue
    const embed = plan.embeds.find(
      ({ item }) => (item.alias ?? item.name) === relation || item.name === relation,
    )
    if (!embed) {
      throw new DataApiError(PGRST.notEmbedded, `'${relation}' is not an embedded resource in this request`, {
        hint: `Verify that '${relation}' is included in the 'select' query parameter.`,
      })
    }
    if (!embed.isToOne) {
      throw new DataApiError(PGRST.relatedOrder, `A related order on '${relation}' is not possible`, {
        details: `'${plan.table?.name ?? ''}' and '${relation}' do not form a many-to-one or one-to-one relationship`,
      })
    }
    const column: SelectField = {
      kind: 'field',
      field,
      alias: undefined,
      cast: undefined,
      aggregate: undefined,
    }
    embed.plan.hidden.push({ column, as: `pgrst_order_${embed.plan.hidden.length}` })
  }
}
