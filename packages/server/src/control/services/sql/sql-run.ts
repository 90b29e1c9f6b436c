// One run of SQL: a connection of its own, over the gateway like any client's, closed at its end.
import type { SqlNotice, SqlRunBody } from '@lakelet/api'
import { Client, type DatabaseError } from 'pg'
import type { Logger } from '../../../base/log.ts'
import { beginContained, checkContained, requireContained } from './contained.ts'
import type { Lines } from './lines.ts'
import { runStatement } from './statement.ts'

const DEFAULT_ROWS = 10_000
const DEFAULT_TIMEOUT_SECONDS = 600
/** A sleeping compute wakes within this. */
const CONNECT_TIMEOUT_MS = 120_000
const CANCELED = { severity: 'ERROR', code: '57014', message: 'canceling statement due to user request' }

/** Where and as whom a run logs in. */
export interface SqlLogin {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly user: string
  readonly password: string
}

/** Runs every statement and writes what happens; never rejects. Aborting closes the connection, which cancels what runs. */
export async function runSql(
  body: SqlRunBody,
  login: SqlLogin,
  { lines, signal, log }: { readonly lines: Lines; readonly signal: AbortSignal; readonly log: Logger },
): Promise<void> {
  let at = -1
  const client = clientOf(body, login)
  const close = () => destroy(client)
  signal.addEventListener('abort', close)
  client.on('error', (error) => log.debug({ err: error }, 'the connection of an SQL run ended'))
  client.on('notice', (notice) => lines.push({ event: 'notice', statement: at, notice: noticeOf(notice) }))
  try {
    signal.throwIfAborted()
    await client.connect()
    await prepare(client, body)
    const backend = (client as unknown as { processID: number }).processID
    const role = body.role ?? login.user
    lines.push({ event: 'started', backend, role, database: body.database })
    for (const [index, { text }] of body.statements.entries()) {
      at = index
      const maxRows = body.max_rows ?? DEFAULT_ROWS
      if (body.contained) await checkContained(client, text)
      const tag = await runStatement(text, { client, lines, index, maxRows })
      if (body.contained) requireContained(client, tag)
    }
    if (body.contained) await client.query('ROLLBACK')
    at = -1
  } catch (error) {
    lines.push({ event: 'error', statement: at, error: signal.aborted ? CANCELED : noticeOf(error) })
  } finally {
    const open = transactionStatus(client) !== 'I'
    signal.removeEventListener('abort', close)
    await client.end().catch(() => {})
    lines.push({ event: 'end', open_transaction: open && !signal.aborted && at === -1 })
    lines.end()
  }
}

function clientOf(body: SqlRunBody, login: SqlLogin): Client {
  return new Client({
    host: login.host,
    port: login.port,
    user: login.user,
    password: login.password,
    database: body.database,
    // The certificate is our own authority's; which of the workspace's names it is for does not matter on this machine.
    ssl: { ca: login.ca, checkServerIdentity: () => undefined },
    application_name: body.application ?? 'lakelet-console',
    ...pastOf(body),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: (body.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
  })
}

/** The gateway's words for a moment of the past. */
function pastOf({ time, lsn }: SqlRunBody): { readonly options?: string } {
  const words = [
    ...(time === undefined ? [] : [`timestamp=${time}`]),
    ...(lsn === undefined ? [] : [`lsn=${lsn}`]),
  ]
  return words.length === 0 ? {} : { options: words.join(' ') }
}

async function prepare(
  client: Client,
  { role, read_only: isReadOnly, contained: isContained }: SqlRunBody,
): Promise<void> {
  if (role !== undefined) await client.query(`SET ROLE ${client.escapeIdentifier(role)}`)
  if (isReadOnly) await client.query('SET default_transaction_read_only = on')
  if (isContained) await beginContained(client)
}

/** Without a good-bye: the gateway cancels what the session was doing. */
function destroy(client: Client): void {
  const { connection } = client as unknown as { connection?: { stream: { destroy(error?: Error): void } } }
  connection?.stream.destroy()
}

function transactionStatus(client: Client): string {
  return client.getTransactionStatus() ?? 'I'
}

/** The fields of an error or notice of the driver; anything else is told by its message. */
function noticeOf(source: unknown): SqlNotice {
  const from = source as Partial<DatabaseError>
  const position = Number(from.position)
  const optional = {
    detail: from.detail,
    hint: from.hint,
    position: Number.isInteger(position) && position > 0 ? position : undefined,
    where: from.where,
    schema: from.schema,
    table: from.table,
    column: from.column,
    constraint: from.constraint,
  }
  return {
    severity: from.severity ?? 'ERROR',
    code: from.code ?? '08006',
    message: from.message ?? String(source),
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  }
}
