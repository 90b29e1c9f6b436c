// A query string as a whole: what is selected, and for each place, the root or an embedded resource, its filters, order and range.
import { DataApiError, PGRST } from '../errors.ts'
import { isFilterValue, parseFilter, parseLogic } from './conditions.ts'
import { Reader } from './reader.ts'
import { parseSelect, readFieldName } from './select.ts'
import type { OrderTerm, PlaceQuery, SelectItem } from './tree.ts'

export interface Query {
  readonly select: readonly SelectItem[]
  /** By the path of the place: names joined by dots; the root's is empty. */
  readonly places: ReadonlyMap<string, PlaceQuery>
  readonly columns: readonly string[] | undefined
  readonly onConflict: readonly string[] | undefined
  /** What is left for the arguments of a function, in order. */
  readonly params: readonly (readonly [string, string])[]
  /** Whether the root says limit or offset. */
  readonly hasRange: boolean
}

/** Reads a query; `forRoutine`: what has no operator is an argument. */
export function parseQuery(search: URLSearchParams, forRoutine: boolean): Query {
  const places = new Map<string, PlaceQuery>()
  const params: [string, string][] = []
  const select = search.get('select')
  for (const [key, value] of search) {
    if (key === 'select' || key === 'columns' || key === 'on_conflict') continue
    if (readPlace(key, value, places, forRoutine)) continue
    if (!forRoutine) throw new Reader(value, 'filter').error('expecting "not" or operator (eq, gt, ...)')
    params.push([key, value])
  }
  return {
    select: parseSelect((select ?? '').replaceAll(/[\n\r\t]/g, '')),
    places,
    columns: listOf(search.get('columns')),
    onConflict: listOf(search.get('on_conflict')),
    params,
    hasRange: search.has('limit') || search.has('offset'),
  }
}

function listOf(text: string | null): string[] | undefined {
  if (text === null) return undefined
  const reader = new Reader(text, 'columns parameter')
  const names: string[] = []
  do names.push(reader.name())
  while (reader.takes(','))
  reader.end()
  return names
}

/** What one parameter says; false for one that says nothing of a place. */
function readPlace(
  key: string,
  value: string,
  places: Map<string, PlaceQuery>,
  forRoutine: boolean,
): boolean {
  const segments = splitKey(key)
  const last = segments.at(-1) ?? ''
  const isNot = segments.at(-2) === 'not' && (last === 'and' || last === 'or')
  const place = () =>
    placeAt(
      places,
      segments
        .slice(0, isNot ? -2 : -1)
        .map(unquote)
        .join('.'),
    )
  if (last === 'order') place().order = parseOrder(value)
  else if (last === 'limit') place().limit = wholeNumber(value, 'limit')
  else if (last === 'offset') place().offset = wholeNumber(value, 'offset')
  else if ((last === 'and' || last === 'or') && value.startsWith('('))
    place().conditions.push(parseLogic(last, isNot, value))
  else if (isFilterValue(value)) place().conditions.push(parseFilter(last, value))
  else if (!forRoutine) throw new Reader(value, 'filter').error('expecting "not" or operator (eq, gt, ...)')
  else return false
  return true
}

/** At dots outside of quotes; a JSON path stays whole. */
function splitKey(key: string): string[] {
  const at = key.search(/->/)
  const head = at === -1 ? key : key.slice(0, at)
  const segments = head.match(/(?:"(?:[^"\\]|\\.)*"|[^."])+/g) ?? ['']
  const tail = at === -1 ? '' : key.slice(at)
  return [...segments.slice(0, -1), `${segments.at(-1) ?? ''}${tail}`]
}

function unquote(segment: string): string {
  return segment.startsWith('"') ? segment.slice(1, -1).replaceAll(/\\(.)/g, '$1') : segment
}

export function placeAt(places: Map<string, PlaceQuery>, path: string): PlaceQuery {
  const known = places.get(path)
  if (known) return known
  const place: PlaceQuery = { conditions: [], order: [], offset: 0, limit: undefined }
  places.set(path, place)
  return place
}

function wholeNumber(text: string, what: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new DataApiError(PGRST.parse, `"failed to parse ${what} (${text.slice(0, 100)})"`, {
    details: 'expecting a whole number',
  })
}

function parseOrder(text: string): OrderTerm[] {
  const reader = new Reader(text, 'order')
  const terms: OrderTerm[] = []
  do terms.push(readTerm(reader))
  while (reader.takes(','))
  reader.end()
  return terms
}

function readTerm(reader: Reader): OrderTerm {
  const first = readFieldName(reader)
  const relation = reader.takes('(') ? first.name : undefined
  const field = relation === undefined ? first : readFieldName(reader)
  if (relation !== undefined) reader.expect(')')
  const direction = reader.match(/\.(?:asc|desc)(?![a-z])/y)?.slice(1) as 'asc' | 'desc' | undefined
  const nulls = reader.match(/\.nulls(?:first|last)/y)?.slice('.nulls'.length) as 'first' | 'last' | undefined
  return { relation, field, direction, nulls }
}
