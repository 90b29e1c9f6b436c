// Headers between a visitor and an app: what the proxy adds, what it must not let through, in both directions. What frames a message
// is never taken over from either side: `framing.ts` writes it anew.
import type { Caller } from '../base/caller.ts'
import { isPlatformCookie, withoutPlatformCookies } from './cookies.ts'

/** RFC 9110 §7.6.1: these belong to one connection. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Written by the proxy itself, or of no use to an app: a body's frame, an expectation that is met already, CGI's `HTTP_PROXY`. */
const NEVER_TO_APP = new Set(['content-length', 'expect', 'http2-settings', 'proxy'])

/** Not for a visitor: an app shares its host with the workspace, whose cookies the last two would set or clear. */
const NEVER_TO_VISITOR = new Set(['set-cookie2', 'clear-site-data'])

/**
 * What `Connection` cannot declare to be its own. RFC 9110 §7.6.1 lets a proxy drop whatever it names; a visitor could so take from a
 * request what an app judges it by.
 */
const END_TO_END =
  /^(?:content-.*|host|cookie|authorization|origin|referer|forwarded|x-forwarded-.*|x-real-ip|x-request-id|x-requested-with|x-csrf.*|x-xsrf.*|sec-.*|access-control-.*|if-.*|range|accept.*|user-agent|cache-control|date|expires|etag|last-modified|location|set-cookie|vary|www-authenticate|strict-transport-security|referrer-policy)$/

/** Anyone could claim to be anyone with these. */
function isForwardedClaim(name: string): boolean {
  return (
    name === 'forwarded' || name === 'x-real-ip' || name === 'x-request-id' || name.startsWith('x-forwarded-')
  )
}

function isReserved(name: string): boolean {
  return (
    HOP_BY_HOP.has(name) ||
    NEVER_TO_APP.has(name) ||
    isForwardedClaim(name) ||
    ['host', 'cookie', 'authorization', 'content-type'].includes(name)
  )
}

export interface Visit {
  readonly caller: Caller
  /** A token in the Authorization header was for the proxy and ends there. */
  readonly via: 'session' | 'token'
  readonly host: string
  readonly address: string
  readonly requestId: string
  /** With which the app may act as its visitor; undefined where it may not. */
  readonly accessToken: string | undefined
}

/** Headers for the app, as a flat list of names and values in the visitor's order. */
export function headersToApp(raw: readonly string[], visit: Visit): string[] {
  const named = connectionNames(raw)
  const kept: string[] = []
  const cookies: string[] = []
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || NEVER_TO_APP.has(lower) || named.has(lower) || isForwardedClaim(lower))
      continue
    if (isDisguised(lower)) continue
    if (lower === 'authorization' && visit.via === 'token') continue
    if (lower === 'cookie') cookies.push(value)
    else kept.push(name, value)
  }
  const cookie = withoutPlatformCookies(cookies.join('; '))
  if (cookie !== '') kept.push('Cookie', cookie)
  return [...kept, ...claims(visit)]
}

/**
 * Whether a server that reads every sign but letters and digits as one (WSGI and CGI make `X_FORWARDED_EMAIL` of `x-forwarded-email`,
 * `x_forwarded_email` and `x.forwarded.email`) would take it for a header that is not the visitor's to set.
 */
function isDisguised(name: string): boolean {
  const folded = name.replace(/[^a-z0-9]/g, '-')
  return folded !== name && isReserved(folded)
}

/** Headers for the visitor: the app's own, without platform cookies and without what belongs to the connection. */
export function headersToVisitor(raw: readonly string[]): string[] {
  const named = connectionNames(raw)
  return [...pairs(raw)]
    .filter(([name, value]) => {
      const lower = name.toLowerCase()
      if (HOP_BY_HOP.has(lower) || named.has(lower) || NEVER_TO_VISITOR.has(lower)) return false
      return lower !== 'set-cookie' || !isPlatformCookie(value)
    })
    .flat()
}

function claims({ caller, host, address, requestId, accessToken }: Visit): string[] {
  const isUser = caller.kind === 'user'
  return [
    ['X-Forwarded-Host', host],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-For', address],
    ['X-Forwarded-Preferred-Username', headerText(caller.displayName)],
    ['X-Forwarded-User', headerText(caller.name)],
    ...(isUser ? [['X-Forwarded-Email', headerText(caller.name)]] : []),
    ...(accessToken === undefined ? [] : [['X-Forwarded-Access-Token', accessToken]]),
    ['X-Real-Ip', address],
    ['X-Request-Id', requestId],
  ].flat()
}

/** UTF-8 bytes as Node's one-byte header text; control characters cannot be in a header. */
function headerText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is removed
  return Buffer.from(text.replace(/[\u0000-\u001f\u007f]/g, ' '), 'utf8').toString('latin1')
}

/** Headers that `Connection` declares to be its own, and may. */
function connectionNames(raw: readonly string[]): Set<string> {
  const lists = [...pairs(raw)]
    .filter(([name]) => name.toLowerCase() === 'connection')
    .map(([, value]) => value)
  const names = lists.flatMap((list) => list.split(',').map((each) => each.trim().toLowerCase()))
  return new Set(names.filter((name) => !END_TO_END.test(name)))
}

function* pairs(raw: readonly string[]): Generator<[name: string, value: string]> {
  for (let index = 0; index + 1 < raw.length; index += 2) yield [raw[index] ?? '', raw[index + 1] ?? '']
}
