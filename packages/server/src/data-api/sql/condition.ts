// Filters as SQL.
import { embedNamed, type Plan } from '../plan/plan.ts'
import type { Comparison, Condition, Filter } from '../parse/tree.ts'
import type { Statement } from './statement.ts'

const OPERATORS: Readonly<Record<string, string>> = {
  eq: '=',
  gte: '>=',
  gt: '>',
  lte: '<=',
  lt: '<',
  neq: '<>',
  like: 'LIKE',
  ilike: 'ILIKE',
  match: '~',
  imatch: '~*',
  isdistinct: 'IS DISTINCT FROM',
  cs: '@>',
  cd: '<@',
  ov: '&&',
  sl: '<<',
  sr: '>>',
  nxr: '&<',
  nxl: '&>',
  adj: '-|-',
}

const FTS: Readonly<Record<string, string>> = {
  fts: 'to_tsquery',
  plfts: 'plainto_tsquery',
  phfts: 'phraseto_tsquery',
  wfts: 'websearch_to_tsquery',
}

/** The conditions of a place, joined by AND; empty for none. */
export function conditionsSql(statement: Statement, plan: Plan, conditions: readonly Condition[]): string {
  return conditions.map((condition) => conditionSql(statement, plan, condition)).join(' AND ')
}

function conditionSql(statement: Statement, plan: Plan, condition: Condition): string {
  if (condition.kind !== 'filter') {
    const joined = condition.children
      .map((child) => conditionSql(statement, plan, child))
      .join(condition.kind === 'and' ? ' AND ' : ' OR ')
    return `${condition.isNegated ? 'NOT ' : ''}(${joined})`
  }
  const sql = filterSql(statement, plan, condition)
  return condition.isNegated ? `NOT (${sql})` : `(${sql})`
}

function filterSql(statement: Statement, plan: Plan, { field, comparison }: Filter): string {
  const embed = embedNamed(plan, field.name)
  if (embed && comparison.kind === 'is') {
    const isNull = comparison.value === 'null'
    const row = embed.isToOne || embed.item.isSpread ? `"${embed.alias}"` : `"${embed.alias}"."pgrst_rows"`
    const test = embed.isToOne ? 'DISTINCT FROM NULL' : 'NULL'
    return embed.isToOne
      ? `${row} IS ${isNull ? 'NOT ' : ''}${test}`
      : `"${embed.alias}"."pgrst_rows" IS ${isNull ? '' : 'NOT '}NULL`
  }
  return comparisonSql(
    statement,
    plan,
    statement.field(plan.alias, plan.table, field),
    comparison,
    field.path.length === 0 ? plan.table?.columns.get(field.name)?.type : 'text',
  )
}

function comparisonSql(
  statement: Statement,
  _plan: Plan,
  left: string,
  comparison: Comparison,
  type: string | undefined,
): string {
  switch (comparison.kind) {
    case 'is':
      return `${left} IS ${comparison.value.replace('not_null', 'NOT NULL').toUpperCase()}`
    case 'in':
      return `${left} = ANY (${statement.param([...comparison.values])})`
    case 'fts': {
      const query = FTS[comparison.operator] ?? ''
      const language =
        comparison.language === undefined ? '' : `${statement.param(comparison.language)}::regconfig, `
      const isVector = type === 'tsvector' || type === undefined
      const document = isVector
        ? left
        : type === 'json' || type === 'jsonb'
          ? `to_tsvector(${language}${left})`
          : `to_tsvector(${language}${left}::text)`
      return `${document} @@ ${query}(${language}${statement.param(comparison.value)})`
    }
    case 'simple': {
      const { operator, value, quantifier } = comparison
      const isPattern = operator === 'like' || operator === 'ilike'
      const right = statement.param(isPattern ? value.replaceAll('*', '%') : value)
      return `${left} ${OPERATORS[operator] ?? '='} ${quantifier ? `${quantifier.toUpperCase()} (${right})` : right}`
    }
  }
}
