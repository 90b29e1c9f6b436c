// Errors as PostgREST tells them: a body of code, message, details and hint, and the status that belongs to the code
// (https://docs.postgrest.org/en/v13/references/errors.html).
import { DatabaseError } from 'pg'

export interface ErrorBody {
  readonly code: string
  readonly message: string
  readonly details: unknown
  readonly hint: string | null
}

/** What a client did wrong or cannot have, with its PGRST code. */
export class DataApiError extends Error {
  readonly code: string
  readonly status: number
  readonly details: unknown
  readonly hint: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(
    [code, status]: readonly [code: string, status: number],
    message: string,
    more: { details?: unknown; hint?: string | null; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message)
    this.code = code
    this.status = status
    this.details = more.details ?? null
    this.hint = more.hint ?? null
    this.headers = more.headers ?? {}
  }
}

/** The codes in use, each with its status. */
export const PGRST = {
  connection: ['PGRST000', 503],
  acquireTimeout: ['PGRST003', 504],
  parse: ['PGRST100', 400],
  body: ['PGRST102', 400],
  range: ['PGRST103', 416],
  putFilters: ['PGRST105', 405],
  schema: ['PGRST106', 406],
  mediaType: ['PGRST107', 406],
  notEmbedded: ['PGRST108', 400],
  headers: ['PGRST111', 500],
  status: ['PGRST112', 500],
  putRange: ['PGRST114', 400],
  putKey: ['PGRST115', 400],
  singular: ['PGRST116', 406],
  method: ['PGRST117', 405],
  relatedOrder: ['PGRST118', 400],
  embedFilter: ['PGRST120', 400],
  raise: ['PGRST121', 500],
  preferences: ['PGRST122', 400],
  aggregates: ['PGRST123', 400],
  maxAffected: ['PGRST124', 400],
  path: ['PGRST125', 404],
  openapiOff: ['PGRST126', 404],
  relationship: ['PGRST200', 400],
  ambiguousRelationship: ['PGRST201', 300],
  routine: ['PGRST202', 404],
  ambiguousRoutine: ['PGRST203', 300],
  column: ['PGRST204', 400],
  table: ['PGRST205', 404],
  token: ['PGRST301', 401],
  anonymous: ['PGRST302', 401],
} as const satisfies Readonly<Record<string, readonly [string, number]>>

export interface ErrorReply {
  readonly status: number
  readonly body: ErrorBody
  readonly headers: Readonly<Record<string, string>>
}

/** What is answered to an error of ours or of Postgres; undefined for any other, which is a fault of the server. */
export function errorReply(error: unknown): ErrorReply | undefined {
  if (error instanceof DataApiError) {
    const { code, message, details, hint, status, headers } = error
    return { status, body: { code, message, details, hint }, headers }
  }
  if (!(error instanceof DatabaseError)) return undefined
  const code = error.code ?? 'XX000'
  const body = {
    code,
    message: error.message,
    details: error.detail ?? null,
    hint: error.hint ?? hintOf(code, error.message),
  }
  if (code === 'PGRST') return raised(error) ?? { status: 500, body, headers: {} }
  return { status: statusOf(code, error.message), body, headers: {} }
}

/** The grant that lets the Data API act as a role is the caller's to make. */
function hintOf(code: string, message: string): string | null {
  const role = /^permission denied to set role "(.*)"$/s.exec(message)?.[1]
  return code === '42501' && role !== undefined
    ? `Let the Data API act as this role: GRANT "${role.replaceAll('"', '""')}" TO authenticator;`
    : null
}

/** `RAISE sqlstate 'PGRST'` with JSON in message and detail chooses body, status and headers. */
function raised({ message, detail }: DatabaseError): ErrorReply | undefined {
  try {
    const body = JSON.parse(message) as Partial<ErrorBody>
    const { status, headers = {} } = JSON.parse(detail ?? '') as {
      status: unknown
      headers?: Record<string, string>
    }
    if (typeof body.code !== 'string' || typeof body.message !== 'string') return raiseInvalid()
    if (typeof status !== 'number' || status < 200 || status > 599) return raiseInvalid()
    const { code, message: text, details = null, hint = null } = body
    return { status, body: { code, message: text, details, hint }, headers }
  } catch {
    return raiseInvalid()
  }
}

function raiseInvalid(): ErrorReply | undefined {
  return errorReply(
    new DataApiError(PGRST.raise, 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error', {
      details: 'MESSAGE must be a JSON object with code and message, DETAIL one with status and headers',
    }),
  )
}

const BY_CODE: Readonly<Record<string, number>> = {
  '23503': 409,
  '23505': 409,
  '25006': 405,
  '42883': 404,
  '42P01': 404,
  '42P17': 500,
  '42501': 403,
  '53400': 500,
  P0001: 400,
}

const BY_CLASS: Readonly<Record<string, number>> = {
  '08': 503,
  '09': 500,
  '0L': 403,
  '0P': 403,
  '25': 500,
  '28': 403,
  '2D': 500,
  '38': 500,
  '39': 500,
  '3B': 500,
  '40': 500,
  '53': 503,
  '54': 500,
  '55': 500,
  '57': 500,
  '58': 500,
  F0: 500,
  HV: 500,
  P0: 500,
  XX: 500,
}

/** The table of PostgREST's errors page. */
function statusOf(code: string, message: string): number {
  const custom = /^PT([2-5]\d\d)$/.exec(code)?.[1]
  if (custom !== undefined) return Number(custom)
  if (code === '21000') return message.endsWith('requires a WHERE clause') ? 400 : 500
  if (code === '22023' && /^role ".*" does not exist$/s.test(message)) return 401
  return BY_CODE[code] ?? BY_CLASS[code.slice(0, 2)] ?? 400
}
