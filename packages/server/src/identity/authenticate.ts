// From a bearer token to the principal who calls. Tokens whose signature has been checked once are remembered until they expire;
// whether their principal still exists and is active is asked each time.
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import type { Directory } from './directory.ts'
import { PERSONAL_TOKEN_PREFIX, type PersonalTokens } from './personal-tokens.ts'
import { scopesAllow } from './scopes.ts'
import { hashOf, RecentSecrets } from './secrets.ts'
import type { KeyRing } from './signing.ts'
import { apiAudience, readClaims, type TokenClaims } from './token-claims.ts'

const REMEMBERED_TOKENS = 5000

/** A caller and what its token may be used for; an empty list of scopes means no limit. */
export interface AuthenticatedCaller {
  readonly caller: Caller
  readonly scopes: readonly string[]
  /** Seconds since 1970; undefined for a token without an end. */
  readonly expiresAt: number | undefined
}

export class Authenticator {
  readonly #workspaceId: string
  readonly #clock: Clock
  readonly #directory: Directory
  readonly #tokens: PersonalTokens
  readonly #keys: KeyRing
  readonly #recent = new RecentSecrets<TokenClaims>()
  readonly #checked = new Map<string, TokenClaims>()

  constructor(options: {
    readonly workspaceId: string
    readonly clock: Clock
    readonly directory: Directory
    readonly tokens: PersonalTokens
    readonly keys: KeyRing
  }) {
    this.#workspaceId = options.workspaceId
    this.#clock = options.clock
    this.#directory = options.directory
    this.#tokens = options.tokens
    this.#keys = options.keys
  }

  /** The caller of a bearer token; undefined when it is unknown, expired, revoked, or its scopes do not cover `path`. */
  authenticate(bearer: string, path?: string): Caller | undefined {
    const found = this.inspect(bearer)
    if (!found) return undefined
    return path === undefined || scopesAllow(found.scopes, path) ? found.caller : undefined
  }

  /** The same with the token's scopes and end. */
  inspect(bearer: string): AuthenticatedCaller | undefined {
    return bearer.startsWith(PERSONAL_TOKEN_PREFIX) ? this.#personal(bearer) : this.#access(bearer)
  }

  #personal(bearer: string): AuthenticatedCaller | undefined {
    const token = this.#tokens.find(bearer)
    const caller = token && this.#directory.callerOf(token.principalId)
    if (!caller) return undefined
    const expiresAt = token.expiresAt === undefined ? undefined : Math.floor(token.expiresAt / 1000)
    return { caller, scopes: token.scopes, expiresAt }
  }

  #access(bearer: string): AuthenticatedCaller | undefined {
    const claims = this.#recent.get(bearer) ?? this.#claimsOf(bearer)
    if (!claims || claims.expiresAt * 1000 <= this.#clock.now().getTime()) {
      this.#recent.delete(bearer)
      return undefined
    }
    this.#recent.set(bearer, claims)
    const caller = this.#directory.callerOf(claims.principalId)
    return caller && { caller, scopes: claims.scopes, expiresAt: claims.expiresAt }
  }

  #claimsOf(bearer: string): TokenClaims | undefined {
    const key = hashOf(bearer)
    const known = this.#checked.get(key)
    if (known) return known
    const checked = this.#keys.check(bearer)
    const claims = checked.ok ? readClaims(checked.claims) : undefined
    if (claims?.audience !== apiAudience(this.#workspaceId)) return undefined
    if (this.#checked.size >= REMEMBERED_TOKENS) this.#forgetOldest()
    this.#checked.set(key, claims)
    return claims
  }

  #forgetOldest(): void {
    const [oldest] = this.#checked.keys()
    if (oldest !== undefined) this.#checked.delete(oldest)
  }
}
