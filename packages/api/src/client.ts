// The typed client over the route table: what the CLI and the console use. It adds nothing that any HTTP client could not do.
import { z } from 'zod'
import type { RouteCall, RouteDefinition, RouteResult } from './route.ts'

/** An error reply of the API, or a reply that is not one (then `errorCode` is the HTTP status text). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly errorCode: string
  readonly details: readonly object[]

  constructor(status: number, errorCode: string, message: string, details: readonly object[] = []) {
    super(message)
    this.status = status
    this.errorCode = errorCode
    this.details = details
  }
}

export interface ClientOptions {
  /** Scheme, host and port, without a trailing slash. */
  readonly host: string
  /** Gives the bearer token of each request; absent for public routes. */
  readonly token?: () => string | Promise<string>
  readonly userAgent?: string
  readonly fetch?: typeof fetch
}

export interface Client {
  readonly host: string
  /** Calls `route`; rejects with ApiError for an error reply and with TypeError where the server cannot be reached. */
  call<R extends RouteDefinition>(
    route: R,
    input: RouteCall<R>,
    signal?: AbortSignal,
  ): Promise<RouteResult<R>>
}

const errorBody = z.object({
  error_code: z.string(),
  message: z.string(),
  details: z.array(z.record(z.string(), z.unknown())).optional(),
})

/** A client for one workspace. */
export function createClient(options: ClientOptions): Client {
  const send = options.fetch ?? fetch
  return {
    host: options.host,
    async call<R extends RouteDefinition>(route: R, input: RouteCall<R>, signal?: AbortSignal) {
      const headers: Record<string, string> = { accept: 'application/json' }
      if (options.userAgent) headers['user-agent'] = options.userAgent
      if (options.token) headers['authorization'] = `Bearer ${await options.token()}`
      const body = bodyOf(route, input.body, headers)
      const reply = await send(urlOf(options.host, route, input), {
        method: route.method,
        headers,
        ...(body === undefined ? {} : { body }),
        ...(signal ? { signal } : {}),
      })
      if (route.reply === 'stream' && reply.ok && reply.body) return reply.body as RouteResult<R>
      const bytes = new Uint8Array(await reply.arrayBuffer())
      if (!reply.ok) throw apiErrorOf(reply, new TextDecoder().decode(bytes))
      // The cast ties the run-time choice by `route.reply` to its type-level twin in RouteResult.
      if (typeof route.reply === 'string') return bytes as RouteResult<R>
      return readReply(route.reply, reply, bytes) as RouteResult<R>
    },
  }
}

/** The body of a good reply. Whatever else answers at the address, a page or another service's JSON, is named as that. */
function readReply(shape: z.ZodType, reply: Response, bytes: Uint8Array): unknown {
  let json: unknown = {}
  try {
    if (bytes.length > 0) json = JSON.parse(new TextDecoder().decode(bytes))
  } catch {
    throw foreignReply(reply, `not with JSON (${reply.headers.get('content-type') ?? 'of no type'})`)
  }
  const parsed = shape.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const field = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.map(String).join('.')}: `
  throw foreignReply(reply, `with JSON of another form (${field}${issue?.message ?? 'it does not fit'})`)
}

function foreignReply(reply: Response, how: string): ApiError {
  return new ApiError(
    reply.status,
    'UNKNOWN',
    `${reply.url} answered ${reply.status}, but ${how}; is this the address of a workspace, and of this version?`,
  )
}

function bodyOf(
  route: RouteDefinition,
  body: unknown,
  headers: Record<string, string>,
): Uint8Array<ArrayBuffer> | string | Blob | undefined {
  if (route.body === undefined) return undefined
  // A file is read as it is sent, and read again where a call is repeated.
  if (route.body === 'stream') {
    headers['content-type'] = 'application/octet-stream'
    return body as Blob
  }
  if (route.body === 'raw') return body as Uint8Array<ArrayBuffer> | string
  headers['content-type'] = 'application/json'
  return JSON.stringify(body ?? {})
}

/** The URL of a call: parameters escaped into one segment each, unset query values left out. */
export function urlOf(
  host: string,
  route: Pick<RouteDefinition, 'path'>,
  input: { readonly params?: object | undefined; readonly query?: object | undefined },
): string {
  const params = (input.params ?? {}) as Record<string, unknown>
  const path = route.path.replace(/:(\w+)|(\*)$/g, (_, name: string | undefined, rest: string | undefined) =>
    encodeURIComponent(String(params[name ?? rest ?? ''])),
  )
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) query.append(name, String(value))
  }
  const search = query.toString()
  return `${host}${path}${search === '' ? '' : `?${search}`}`
}

function apiErrorOf(reply: Response, text: string): ApiError {
  try {
    const parsed = errorBody.safeParse(JSON.parse(text))
    if (parsed.success) {
      return new ApiError(reply.status, parsed.data.error_code, parsed.data.message, parsed.data.details)
    }
  } catch {
    // Not JSON: a proxy in between, or not a workspace at all; the text below says so.
  }
  return new ApiError(
    reply.status,
    reply.statusText,
    `${reply.url} answered ${reply.status} ${reply.statusText} and not with an API error; is this the address of a workspace?`,
  )
}
