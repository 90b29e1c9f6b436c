// One request is one transaction, as the caller's role, with what SQL may ask of the request in settings of the transaction.
import type { PoolClient } from 'pg'
import type { DataApiCaller, ServedDatabase } from './ports.ts'
import type { ApiRequest } from './request.ts'
import { qualified } from './sql/statement.ts'

/** Longest that a statement may take. */
const STATEMENT_MS = 60_000

export interface TransactionOptions {
  readonly request: ApiRequest
  readonly caller: DataApiCaller
  readonly database: ServedDatabase
  readonly schema: string
  readonly isReadOnly: boolean
  readonly timezone: string | undefined
}

const SETTINGS = [
  'role',
  'search_path',
  'statement_timeout',
  'request.jwt.claims',
  'request.method',
  'request.path',
  'request.headers',
  'request.cookies',
]

/** Commits what `work` does where it says so, and rolls back otherwise. */
export async function inTransaction<T>(
  client: PoolClient,
  options: TransactionOptions,
  work: () => Promise<{ readonly commits: boolean; readonly result: T }>,
): Promise<T> {
  const { database, isReadOnly } = options
  try {
    // Sent one after the other without waiting in between.
    const begun = client.query(`BEGIN ISOLATION LEVEL READ COMMITTED READ ${isReadOnly ? 'ONLY' : 'WRITE'}`)
    const set = client.query(settingsOf(options))
    await Promise.all([begun, set])
    if (database.settings.preRequest !== undefined) {
      const [schema = '', name = ''] = database.settings.preRequest.split('.')
      await client.query(`SELECT ${qualified(schema, name)}()`)
    }
    const { commits, result } = await work()
    await client.query(commits ? 'COMMIT' : 'ROLLBACK')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}

function settingsOf({ request, caller, database, schema, timezone }: TransactionOptions) {
  const path = [schema, ...database.settings.extraSearchPath].map((name) => `"${name.replaceAll('"', '""')}"`)
  const { authorization: _, cookie, ...headers } = request.headers
  const values = [
    caller.role,
    path.join(', '),
    String(STATEMENT_MS),
    JSON.stringify({ ...caller.claims, role: caller.role }),
    request.method,
    request.path,
    JSON.stringify(headers),
    JSON.stringify(cookiesOf(cookie)),
    ...(timezone === undefined ? [] : [timezone]),
  ]
  const names = timezone === undefined ? SETTINGS : [...SETTINGS, 'timezone']
  return {
    text: `SELECT ${names.map((name, at) => `set_config('${name}', $${at + 1}, true)`).join(', ')}`,
    values,
  }
}

function cookiesOf(header: string | undefined): Record<string, string> {
  const pairs = (header ?? '').split(';').flatMap((each) => {
    const at = each.indexOf('=')
    return at === -1 ? [] : [[each.slice(0, at).trim(), each.slice(at + 1).trim()]]
  })
  return Object.fromEntries(pairs) as Record<string, string>
}
