// Headers between a visitor and an app: what the proxy adds, what it must not let through, in both directions.
import type { Caller } from '../base/caller.ts'

/** Cookies of the workspace itself; they never reach an app, and no app sets one. */
const PLATFORM_COOKIE = /^(?:__host-|__secure-)?lakelet_/i

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

/** Anyone could claim to be anyone with these. */
function isForwardedClaim(name: string): boolean {
  return (
    name === 'forwarded' || name === 'x-real-ip' || name === 'x-request-id' || name.startsWith('x-forwarded-')
  )
}

export interface Visit {
  readonly caller: Caller
  /** A token in the Authorization header was for the proxy and ends there. */
  readonly via: 'session' | 'token'
  readonly host: string
  readonly address: string
  readonly requestId: string
}

/** Headers for the app, as a flat list of names and values in the visitor's order. */
export function headersToApp(raw: readonly string[], visit: Visit): string[] {
  const named = connectionNames(raw)
  const kept: string[] = []
  const cookies: string[] = []
  for (const [name, value] of pairs(raw)) {
    const lower = name.toLowerCase()
    if (HOP_BY_HOP.has(lower) || named.has(lower) || isForwardedClaim(lower)) continue
    // Some servers read `_` in a name as `-` (WSGI, CGI), so this would be a way around the line above.
    if (lower.includes('_') && isForwardedClaim(lower.replaceAll('_', '-'))) continue
    if (lower === 'authorization' && visit.via === 'token') continue
    if (lower === 'cookie') cookies.push(value)
    else kept.push(name, value)
  }
  const cookie = withoutPlatformCookies(cookies.join('; '))
  if (cookie !== '') kept.push('Cookie', cookie)
  return [...kept, ...claims(visit)]
}

/** Headers for the visitor: the app's own, without platform cookies and without what belongs to the connection. */
export function headersToVisitor(raw: readonly string[]): string[] {
  const named = connectionNames(raw)
  return [...pairs(raw)]
    .filter(([name, value]) => {
      const lower = name.toLowerCase()
      if (HOP_BY_HOP.has(lower) || named.has(lower)) return false
      return lower !== 'set-cookie' || !PLATFORM_COOKIE.test(value.trim())
    })
    .flat()
}

/** A `Cookie` header without the workspace's own cookies; empty when nothing is left. */
export function withoutPlatformCookies(header: string): string {
  return header
    .split(';')
    .map((each) => each.trim())
    .filter((each) => each !== '' && !PLATFORM_COOKIE.test(each))
    .join('; ')
}

function claims({ caller, host, address, requestId }: Visit): string[] {
  const isUser = caller.kind === 'user'
  return [
    ['X-Forwarded-Host', host],
    ['X-Forwarded-Proto', 'http'],
    ['X-Forwarded-For', address],
    ['X-Forwarded-Preferred-Username', headerText(caller.displayName)],
    ['X-Forwarded-User', headerText(caller.name)],
    ...(isUser ? [['X-Forwarded-Email', headerText(caller.name)]] : []),
    ['X-Real-Ip', address],
    ['X-Request-Id', requestId],
  ].flat()
}

/** UTF-8 bytes as Node's one-byte header text; control characters cannot be in a header. */
function headerText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is removed
  return Buffer.from(text.replace(/[\u0000-\u001f\u007f]/g, ' '), 'utf8').toString('latin1')
}

/** Headers that `Connection` declares to be its own. */
function connectionNames(raw: readonly string[]): Set<string> {
  const lists = [...pairs(raw)]
    .filter(([name]) => name.toLowerCase() === 'connection')
    .map(([, value]) => value)
  return new Set(lists.flatMap((list) => list.split(',').map((each) => each.trim().toLowerCase())))
}

function* pairs(raw: readonly string[]): Generator<[name: string, value: string]> {
  for (let index = 0; index + 1 < raw.length; index += 2) yield [raw[index] ?? '', raw[index + 1] ?? '']
}
