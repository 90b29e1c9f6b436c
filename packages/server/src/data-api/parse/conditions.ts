// Filters: `column=operator.value`, and the trees of `and=(…)` and `or=(…)`.
import { Reader } from './reader.ts'
import { readFieldName } from './select.ts'
import type { Comparison, Condition, Filter, Logic } from './tree.ts'

const SIMPLE = new Set(
  'eq,gte,gt,lte,lt,neq,like,ilike,match,imatch,isdistinct,cs,cd,ov,sl,sr,nxr,nxl,adj'.split(','),
)
const QUANTIFIED = new Set('eq,gte,gt,lte,lt,like,ilike,match,imatch'.split(','))
const FTS = new Set(['fts', 'plfts', 'phfts', 'wfts'])
const IS = new Set(['null', 'not_null', 'true', 'false', 'unknown'])

/** Whether a value begins with an operator: then it filters, and else it is an argument of a function. */
export function isFilterValue(text: string): boolean {
  const operator = /^(?:not\.)?([a-z]+)(?:\([^)]*\))?\./.exec(text)?.[1] ?? ''
  return SIMPLE.has(operator) || FTS.has(operator) || operator === 'in' || operator === 'is'
}

/** `field=operator.value` of a query; `path` holds what the key says. */
export function parseFilter(key: string, text: string): Filter {
  const name = new Reader(key, 'filter')
  const field = readFieldName(name)
  name.end()
  const reader = new Reader(text, 'filter')
  const isNegated = reader.takes('not.')
  return { kind: 'filter', field, isNegated, comparison: readComparison(reader, false) }
}

/** The value of `and=`, `or=`, `not.and=` or `not.or=`. */
export function parseLogic(kind: 'and' | 'or', isNegated: boolean, text: string): Logic {
  const reader = new Reader(text, 'logic tree')
  const children = readChildren(reader)
  reader.end()
  return { kind, isNegated, children }
}

function readChildren(reader: Reader): Condition[] {
  return reader.nested(() => {
    reader.expect('(')
    const children: Condition[] = []
    do children.push(readCondition(reader))
    while (reader.takes(','))
    reader.expect(')')
    return children
  })
}

function readCondition(reader: Reader): Condition {
  reader.match(/ +/y)
  const word = reader.match(/(?:not\.)?(?:and|or)(?=\()/y)
  if (word !== undefined) {
    return {
      kind: word.endsWith('and') ? 'and' : 'or',
      isNegated: word.startsWith('not.'),
      children: readChildren(reader),
    }
  }
  const field = readFieldName(reader)
  reader.expect('.')
  const isNegated = reader.takes('not.')
  return { kind: 'filter', field, isNegated, comparison: readComparison(reader, true) }
}

function readComparison(reader: Reader, isInTree: boolean): Comparison {
  const operator = reader.match(/[a-z]+/y) ?? ''
  if (operator === 'in') {
    reader.expect('.')
    return { kind: 'in', values: readList(reader, isInTree) }
  }
  if (operator === 'is') {
    reader.expect('.')
    const value = (reader.match(/[a-z_]+/iy) ?? '').toLowerCase()
    if (!IS.has(value)) throw reader.error('expecting null, not_null, true, false or unknown')
    if (!isInTree) reader.end()
    return { kind: 'is', value }
  }
  if (FTS.has(operator)) return readFts(reader, operator, isInTree)
  if (!SIMPLE.has(operator)) throw reader.error('expecting operator (eq, gt, ...)')
  const quantifier = reader.match(/\((?:any|all)\)/y)?.slice(1, -1) as 'any' | 'all' | undefined
  if (quantifier && !QUANTIFIED.has(operator)) throw reader.error(`'${operator}' takes neither any nor all`)
  reader.expect('.')
  const value = readValue(reader, isInTree)
  return { kind: 'simple', operator, value, ...(quantifier ? { quantifier } : {}) }
}

function readFts(reader: Reader, operator: string, isInTree: boolean): Comparison {
  const language = reader.match(/\([^)]*\)/y)?.slice(1, -1)
  reader.expect('.')
  const value = readValue(reader, isInTree)
  return { kind: 'fts', operator, value, ...(language === undefined ? {} : { language }) }
}

/** Outside of a tree the whole rest is the value; inside it ends at a comma or a bracket that is not its own. */
function readValue(reader: Reader, isInTree: boolean): string {
  if (!isInTree) {
    const rest = reader.text.slice(reader.at)
    reader.at = reader.text.length
    return rest
  }
  const quoted = /"(?:[^"\\]|\\[\s\S])*"(?=[,)])/y
  const at = reader.at
  if (reader.match(quoted) !== undefined) {
    reader.at = at
    return reader.quoted() ?? ''
  }
  return reader.match(/\{[^{}]*\}(?=[,)])/y) ?? reader.match(/[^,)]*/y) ?? ''
}

function readList(reader: Reader, isInTree: boolean): string[] {
  reader.expect('(')
  const values: string[] = []
  if (!reader.takes(')')) {
    do {
      const at = reader.at
      const quoted = reader.quoted()
      if (quoted !== undefined && (reader.sees(',') || reader.sees(')'))) values.push(quoted)
      else {
        reader.at = at
        values.push(reader.match(/[^,)]*/y) ?? '')
      }
    } while (reader.takes(','))
    reader.expect(')')
  }
  if (!isInTree) reader.end()
  return values
}
