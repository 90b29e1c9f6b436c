import type { IssuedCredential } from '../workspace/workspace.ts'

/** The longest life a database credential has, in ms. */
export const LONGEST_LIFE_MS = 3_600_000

/**
 * How long a credential will live from now, in ms, by no local clock: `expire_time` minus the server's own time.
 * An `expire_time` that is unreadable, past or over an hour ahead falls back to the token's own `exp - iat`, then to the
 * life that was asked for. The server's refusal is the final judge, so a guess costs at most one login.
 */
export function credentialLifeMs(
  issued: IssuedCredential,
  ttlSeconds: number | undefined,
  nowMs: number,
): number {
  const askedMs = Math.min(LONGEST_LIFE_MS, (ttlSeconds ?? 3600) * 1000)
  // A minute of grace: Date headers have whole seconds, and clocks of one service differ a little.
  const isPlausible = (ms: number) => ms > 0 && ms <= LONGEST_LIFE_MS + 60_000
  const claims = tokenClaims(issued.token)
  const reference = issued.serverTimeMs ?? (claims.iat === undefined ? nowMs : claims.iat * 1000)
  const expiry = expiryMs(issued.expireTime)
  const stated = expiry - reference
  // A Date header is cut to the second before, so `stated` may be too long by one; the local clock is finer, and believed
  // that far.
  if (isPlausible(stated))
    return Math.min(Math.max(expiry - nowMs, stated - 1000, 1), stated, LONGEST_LIFE_MS)
  const signed =
    claims.exp !== undefined && claims.iat !== undefined ? (claims.exp - claims.iat) * 1000 : Number.NaN
  return isPlausible(signed) ? Math.min(signed, LONGEST_LIFE_MS) : askedMs
}

/** A time without a zone is UTC, as everywhere in this API; JavaScript would take it for local time. */
function expiryMs(expireTime: string | undefined): number {
  if (expireTime === undefined) return Number.NaN
  const hasZone = /(?:z|[+-]\d\d:?\d\d)$/i.test(expireTime.trim())
  return Date.parse(hasZone ? expireTime : `${expireTime.trim()}Z`)
}

interface TokenClaims {
  readonly exp?: number
  readonly iat?: number
}

/** The times a JWT states about itself. Nothing is verified: the server does that. */
function tokenClaims(token: string): TokenClaims {
  try {
    const payload: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
    if (typeof payload !== 'object' || payload === null) return {}
    const { exp, iat } = payload as { exp?: unknown; iat?: unknown }
    return { ...(typeof exp === 'number' ? { exp } : {}), ...(typeof iat === 'number' ? { iat } : {}) }
  } catch {
    return {}
  }
}

/** Why `token` cannot be a database credential, or undefined when it has the shape of one (three base64url parts). */
export function tokenFault(token: string): string | undefined {
  if (/^dapi/i.test(token)) {
    return 'it is a personal access token; Postgres takes only a database credential (POST /api/2.0/postgres/credentials)'
  }
  const parts = token.split('.')
  if (parts.length !== 3 || !parts.every((part) => /^[\w-]+=*$/.test(part)))
    return 'it is not a JSON web token'
  return undefined
}
