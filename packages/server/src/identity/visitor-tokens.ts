// Tokens with which an app acts as the person who visits it: access tokens of that person, limited to the scopes that the app asked for.
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import { randomUUID } from '../base/ids.ts'
import type { KeyRing } from './signing.ts'
import { apiAudience, subjectClaims } from './token-claims.ts'

const MOST_REMEMBERED = 1000

interface Issued {
  readonly token: string
  /** Milliseconds since 1970 from which on another one is made. */
  readonly renewAt: number
}

export interface VisitorTokensParts {
  readonly workspaceId: string
  readonly issuer: () => string
  readonly clock: Clock
  readonly keys: KeyRing
  /** Life of a token. */
  readonly ttlSeconds: number
}

export class VisitorTokens {
  readonly #parts: VisitorTokensParts
  readonly #issued = new Map<string, Issued>()

  constructor(parts: VisitorTokensParts) {
    this.#parts = parts
  }

  /** A token that lives for at least half of the life of an access token. */
  of(caller: Caller, scopes: readonly string[]): string {
    const key = `${caller.id} ${scopes.join(' ')}`
    const nowMs = this.#parts.clock.now().getTime()
    const known = this.#issued.get(key)
    if (known && known.renewAt > nowMs) return known.token
    const token = this.#sign(caller, scopes, Math.floor(nowMs / 1000))
    if (this.#issued.size >= MOST_REMEMBERED) this.#issued.clear()
    this.#issued.set(key, { token, renewAt: nowMs + this.#parts.ttlSeconds * 500 })
    return token
  }

  #sign(caller: Caller, scopes: readonly string[], now: number): string {
    const { keys, issuer, workspaceId, ttlSeconds } = this.#parts
    return keys.sign(
      {
        iss: issuer(),
        aud: apiAudience(workspaceId),
        ...subjectClaims(caller),
        iat: now,
        exp: now + ttlSeconds,
        jti: randomUUID(),
        scope: scopes.join(' '),
      },
      'at+jwt',
    )
  }
}
