// Where one request ends and the next begins. A visitor and an app that read this differently are how requests are smuggled
// (RFC 9112 §11.2), so the proxy reads it once, refuses what can be read in two ways, and writes it anew towards the app.
import type { IncomingMessage } from 'node:http'
import { LakeletError } from '../base/errors.ts'

/** How the body of a request is delimited towards the app. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }

/** Methods whose requests have a body by nature: without one they say so (RFC 9110 §8.6). */
const BODY_METHODS = new Set(['POST', 'PUT', 'PATCH'])

type Head = Pick<IncomingMessage, 'rawHeaders' | 'httpVersion' | 'method'>

/** Reads the framing of a request; LakeletError `malformed_request` for one that could be read in more than one way. */
export function framingOf(request: Head): Framing {
  const lengths = valuesOf(request.rawHeaders, 'content-length')
  const codings = valuesOf(request.rawHeaders, 'transfer-encoding')
  if (codings.length > 0) {
    if (lengths.length > 0) throw ambiguous('it has both Content-Length and Transfer-Encoding')
    if (request.httpVersion !== '1.1') throw ambiguous('Transfer-Encoding needs HTTP/1.1')
    if (codings.length > 1 || codings[0]?.trim().toLowerCase() !== 'chunked')
      throw ambiguous("the only Transfer-Encoding that is understood is 'chunked'")
    return { kind: 'chunked' }
  }
  if (lengths.length > 1) throw ambiguous('it has more than one Content-Length')
  const [length] = lengths
  if (length === undefined) return { kind: 'none' }
  if (!/^\d{1,15}$/.test(length.trim())) throw ambiguous('its Content-Length is not a number')
  return { kind: 'length', length: Number(length) }
}

/** The header that says it to the app. */
export function framingHeaders(framing: Framing, method: string | undefined): string[] {
  if (framing.kind === 'chunked') return ['Transfer-Encoding', 'chunked']
  if (framing.kind === 'length') return ['Content-Length', String(framing.length)]
  return BODY_METHODS.has(method ?? '') ? ['Content-Length', '0'] : []
}

/** Whether any byte of a body follows the head. */
export function hasBody(framing: Framing): boolean {
  return framing.kind === 'chunked' || (framing.kind === 'length' && framing.length > 0)
}

/**
 * The request target as an app is given it: a path. The absolute form (`GET http://host/path`) is for proxies, and an app that obeyed it
 * would take its host for the one it was asked under. LakeletError `malformed_request`.
 */
export function targetOf(request: Pick<IncomingMessage, 'url' | 'method' | 'headers'>): string {
  const url = request.url ?? '/'
  // oxlint-disable-next-line no-control-regex -- they are what is refused
  if (/[^\u0021-\u007e\u0080-\u00ff]/.test(url))
    throw malformed('The request target has characters that a URL cannot have.')
  if (url.startsWith('/') || (url === '*' && request.method === 'OPTIONS')) return url
  const absolute = /^http:\/\/([^/?#]*)(.*)$/i.exec(url)
  if (absolute?.[1]?.toLowerCase() !== request.headers.host?.toLowerCase())
    throw malformed('The request target names another host than the Host header.')
  const path = absolute?.[2] ?? ''
  return path.startsWith('/') ? path : `/${path}`
}

function valuesOf(raw: readonly string[], name: string): string[] {
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name)
}

function ambiguous(reason: string): LakeletError {
  return malformed(`The end of this request is ambiguous: ${reason}.`)
}

function malformed(reason: string): LakeletError {
  return new LakeletError('malformed_request', { reason })
}
