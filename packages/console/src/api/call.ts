// Calls of the API. Types come from the contract; of its values only method and path are in the browser (see build.ts).
import { routes } from 'virtual:routes'
import { inOurLanguage } from './known-error.ts'
import { noteReach } from './reach.ts'
import type { Input, LooseInput, Result, RouteId } from './types.ts'
import { noteWrite } from './writes.ts'

/** An error of the API, or that the server is not there (status 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly errorCode: string
  /** `GET /api/…`, as one would repeat it. */
  readonly request: string

  constructor(status: number, errorCode: string, message: string, request: string) {
    super(message)
    this.status = status
    this.errorCode = errorCode
    this.request = request
  }
}

/** Calls a route of the contract by its id. Writes are never repeated here. */
export async function call<I extends RouteId>(
  id: I,
  input: Input<I>,
  signal?: AbortSignal,
): Promise<Result<I>> {
  const reply = await send(id, input as LooseInput, signal)
  const type = reply.headers.get('content-type') ?? ''
  const body: unknown = type.includes('json') ? await reply.json() : new Uint8Array(await reply.arrayBuffer())
  // The server's own tests hold its replies to the contract.
  return body as Result<I>
}

/** Calls a route and gives the reply with its body still to come. Throws ApiError for an error reply. */
export async function send(id: RouteId, input: LooseInput, signal?: AbortSignal): Promise<Response> {
  const { method, url } = requestOf(id, input)
  if (method !== 'GET') noteWrite(id, input)
  const isRaw = typeof input.body === 'string' || input.body instanceof Uint8Array
  const body = input.body === undefined ? undefined : isRaw ? input.body : JSON.stringify(input.body)
  const reply = await fetch(url, {
    method,
    headers: body === undefined || isRaw ? {} : { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: body as BodyInit }),
    ...(signal ? { signal } : {}),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw notReached(`${method} ${url}`, String(error))
  })
  // 503: it starts or stops.
  noteReach(reply.status !== 503)
  if (!reply.ok) throw await errorOf(await said(reply), `${method} ${url}`)
  return reply
}

/** The error of a request that nobody answered. */
export function notReached(request: string, why: string): ApiError {
  noteReach(false)
  return new ApiError(0, 'UNREACHABLE', why, request)
}

/** Method and URL of a call; the drawer shows them too. */
export function requestOf(id: RouteId, input: LooseInput): { readonly method: string; readonly url: string } {
  const [method = 'GET', path = ''] = (routes[id] ?? '').split(' ')
  const params = (input.params ?? {}) as Record<string, unknown>
  const filled = path
    .replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])))
    .replace('*', () => encodeURIComponent(String(params['*'])))
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) query.append(name, String(value))
  }
  return { method, url: query.size === 0 ? filled : `${filled}?${query.toString()}` }
}

/** What an error reply says, however it came. */
export interface Said {
  readonly status: number
  readonly statusText: string
  /** The header `lakelet-error`. */
  readonly known: string | null
  readonly text: string
}

async function said(reply: Response): Promise<Said> {
  const { status, statusText, headers } = reply
  return { status, statusText, known: headers.get('lakelet-error'), text: await reply.text() }
}

/** The error that a reply is. */
export async function errorOf({ status, statusText, known, text }: Said, request: string): Promise<ApiError> {
  try {
    // SCIM has a shape of its own (RFC 7644, 3.12).
    const body = JSON.parse(text) as Partial<Record<'error_code' | 'message' | 'detail' | 'scimType', string>>
    const message = body.message ?? body.detail
    const error_code = body.error_code ?? body.scimType ?? statusText
    if (message) {
      const translated = await inOurLanguage(known)
      return new ApiError(status, error_code, translated ?? message, request)
    }
  } catch {
    // Not JSON: something between this page and the workspace answered.
  }
  return new ApiError(status, statusText, text.slice(0, 500), request)
}
