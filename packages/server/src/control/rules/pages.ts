// Pages of a list. A token says after which element to go on, and of which list; it is opaque to clients, and one that was
// not made here for the same list is refused.
import { MAX_PAGE_SIZE } from '@lakelet/api'
import { because, LakeletError } from '../../base/errors.ts'

export interface PageQuery {
  readonly page_size?: number | undefined
  readonly page_token?: string | undefined
}

export interface Page<A> {
  /** The last element of the page before; undefined for the first page. */
  readonly after: A | undefined
  readonly size: number
}

/** Reads a list's query. `list` names the list, so that a token of another one is refused. LakeletError `invalid_parameter`. */
export function readPage<A extends string | number>(
  list: string,
  query: PageQuery,
  kind: 'string' | 'number',
): Page<A> {
  const size = Math.min(Math.max(query.page_size || MAX_PAGE_SIZE, 1), MAX_PAGE_SIZE)
  if (!query.page_token) return { after: undefined, size }
  const after = decode(query.page_token, list)
  if (typeof after !== kind) throw invalidToken()
  return { after: after as A, size }
}

/** Cuts `items`, read with one more than the page's size, to the page and gives the token of the next one. */
export function cutPage<T>(
  list: string,
  items: readonly T[],
  size: number,
  keyOf: (item: T) => string | number,
): { readonly items: readonly T[]; readonly nextToken: string | undefined } {
  const last = items[size - 1]
  if (items.length <= size || last === undefined) return { items, nextToken: undefined }
  const token = Buffer.from(JSON.stringify([list, keyOf(last)])).toString('base64url')
  return { items: items.slice(0, size), nextToken: token }
}

/** A page of `rows`, which are all there are, in the order of the list. LakeletError `invalid_parameter`, also where the last of the page before is gone. */
export function pageOfRows<T>(
  list: string,
  rows: readonly T[],
  query: PageQuery,
  keyOf: (row: T) => string,
): { readonly items: readonly T[]; readonly next: { readonly next_page_token?: string } } {
  const page = readPage<string>(list, query, 'string')
  const last = page.after === undefined ? -1 : rows.findIndex((row) => keyOf(row) === page.after)
  if (page.after !== undefined && last < 0) throw invalidToken()
  const { items, nextToken } = cutPage(list, rows.slice(last + 1), page.size, keyOf)
  return { items, next: nextToken === undefined ? {} : { next_page_token: nextToken } }
}

function decode(token: string, list: string): unknown {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
    if (Array.isArray(parsed) && parsed.length === 2 && parsed[0] === list) return parsed[1]
  } catch {
    // Not one of ours; refused below.
  }
  throw invalidToken()
}

function invalidToken(): LakeletError {
  return new LakeletError('invalid_parameter', {
    reason: because('page_token'),
  })
}
