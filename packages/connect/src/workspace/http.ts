// One HTTP request to the control plane. Own code rather than `fetch`, because every request here needs a hard
// deadline, must follow no redirect with a bearer token, must leave no idle socket behind, and may have to let the
// process end while nobody waits for it.
import type { IncomingMessage } from 'node:http'
import { LakebaseError, codeOf, messageOf } from '../errors.ts'
import { isCertificateFailure } from '../dial/tls.ts'

const MAX_BODY_BYTES = 1 << 20

export interface HttpRequest {
  method: 'GET' | 'POST' | 'DELETE'
  url: string
  headers?: Readonly<Record<string, string>>
  body?: string
  /** Whole request, from name lookup to the last byte, in ms. */
  timeoutMs: number
  signal?: AbortSignal | undefined
  /** True when nobody waits for the answer: then the request does not keep the process alive. */
  background?: boolean
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/**
 * Sends one request and reads the whole answer, whatever its status.
 * Rejects with CREDENTIAL_UNAVAILABLE when the server cannot be reached in time, CERTIFICATE_REFUSED when it cannot
 * prove who it is.
 */
export async function sendHttp(request: HttpRequest): Promise<HttpAnswer> {
  const url = new URL(request.url)
  requireSafeTransport(url)
  const deadline = AbortSignal.timeout(request.timeoutMs)
  const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline
  try {
    return await exchange(url, request, signal)
  } catch (error) {
    if (request.signal?.aborted) throw error
    throw unreachable(url, request, deadline.aborted ? undefined : error)
  }
}

async function exchange(url: URL, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
  // Loaded when they are needed: together they cost more than the rest of this library.
  const { request: send } = await (url.protocol === 'https:' ? import('node:https') : import('node:http'))
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {
      'user-agent': userAgent,
      accept: 'application/json',
      ...request.headers,
    }
    if (request.body !== undefined) headers['content-length'] = String(Buffer.byteLength(request.body))
    const outgoing = send(url, { method: request.method, headers, agent: false, signal }, (incoming) => {
      readBody(incoming).then(
        (body) => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body }),
        reject,
      )
    })
    if (request.background) outgoing.on('socket', (socket) => socket.unref())
    outgoing.on('error', reject)
    outgoing.end(request.body)
  })
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY_BYTES) {
      incoming.destroy()
      throw new Error(`the answer is larger than ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A bearer token or client secret goes over TLS, or stays on this machine. */
function requireSafeTransport(url: URL): void {
  if (url.protocol === 'https:') return
  if (url.protocol !== 'http:')
    throw new LakebaseError('CONFIGURATION', `${url.href} is not an http(s) address`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isLoopback =
    host === 'localhost' || host === '::1' || host.endsWith('.localhost') || host.startsWith('127.')
  if (isLoopback || process.env['LAKELET_CONNECT_ALLOW_HTTP'] === '1') return
  throw new LakebaseError(
    'PLAINTEXT_REFUSED',
    `${url.origin} is plain http on another machine: credentials would travel in the clear. Use https, or set LAKELET_CONNECT_ALLOW_HTTP=1 on a network you trust.`,
  )
}

function unreachable(url: URL, request: HttpRequest, error: unknown): LakebaseError {
  const what = `${request.method} ${url.origin}${url.pathname}`
  if (error === undefined) {
    return new LakebaseError('CREDENTIAL_UNAVAILABLE', `${what}: no answer within ${request.timeoutMs} ms`, {
      isRetryable: true,
    })
  }
  if (isCertificateFailure(error)) {
    return new LakebaseError(
      'CERTIFICATE_REFUSED',
      `${what}: the server's certificate is not trusted (${codeOf(error)}: ${messageOf(error)}). For a private CA set NODE_EXTRA_CA_CERTS to its file.`,
      { cause: error },
    )
  }
  return new LakebaseError('CREDENTIAL_UNAVAILABLE', `${what}: ${messageOf(error) || codeOf(error)}`, {
    cause: error,
    isRetryable: true,
  })
}

/** What one request says about itself. */
export const userAgent = `lakelet-connect/0.1.0 nodejs/${process.versions.node} os/${process.platform}`

/** The answer's JSON object, or undefined when the body is no such thing (an HTML page, half a document). */
export function jsonObject(answer: HttpAnswer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(answer.body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Retry-After in ms: seconds or a date (RFC 9110 §10.2.3), at most a minute; undefined when absent or unreadable. */
export function retryAfterMs(answer: HttpAnswer): number | undefined {
  const value = answer.headers['retry-after']
  if (typeof value !== 'string') return undefined
  const seconds = Number(value)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(value) - (dateOf(answer) ?? Date.now())
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, 60_000) : undefined
}

/** The server's own time in ms since 1970, from its Date header. */
export function dateOf(answer: HttpAnswer): number | undefined {
  const value = answer.headers['date']
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isFinite(ms) ? ms : undefined
}
