// Database credentials: signed JWTs that serve as Postgres passwords. They prove who somebody is; what that identity may do in a
// database is the business of its roles and grants.
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import { because, LakeletError } from '../base/errors.ts'
import { randomUUID } from '../base/ids.ts'
import type { Directory, PrincipalKind } from './directory.ts'
import { PERSONAL_TOKEN_PREFIX } from './personal-tokens.ts'
import { ALL_APIS } from './scopes.ts'
import type { KeyRing } from './signing.ts'
import { apiAudience, databaseAudience, readClaims, subjectClaims, type TokenClaims } from './token-claims.ts'

export interface CredentialLimits {
  readonly defaultTtlSeconds: number
  readonly minTtlSeconds: number
}

/** The longest life of a database credential, as on Databricks. */
const MAX_TTL_SECONDS = 3600

export interface CredentialRequest {
  /** Full resource name of the endpoint, written into the token. */
  readonly endpoint: string
  readonly ttlSeconds?: number | undefined
  readonly expireTime?: Date | undefined
  /** Log in as this group's role; the caller must be a member. */
  readonly groupName?: string | undefined
  /** Restrictions to tables. Nothing here enforces them, so a request with any is refused: a token must not open more than was asked for. */
  readonly claims?: readonly object[] | undefined
}

export interface DatabaseCredential {
  readonly token: string
  readonly expireTime: Date
}

/** Who a Postgres password proves to be. */
export interface DatabaseIdentity {
  readonly id: number
  readonly name: string
  readonly kind: Exclude<PrincipalKind, 'group'>
  readonly displayName: string
  /** The groups as which it may log in: all it is in, or the one that the credential was asked for. */
  readonly groups: readonly { readonly id: number; readonly name: string }[]
}

export type DatabaseTokenResult =
  | {
      readonly ok: true
      readonly identity: DatabaseIdentity
      /** The endpoint a credential was asked for; undefined for an OAuth access token. */
      readonly endpoint: string | undefined
      /** The only group the credential may log in as, where it was asked for one. */
      readonly group: string | undefined
      readonly expiresAt: Date
    }
  | { readonly ok: false; readonly reason: 'not_a_jwt' | 'personal_token' | 'bad_signature' }
  | { readonly ok: false; readonly reason: 'foreign_workspace' | 'unknown_principal' | 'scope_missing' }
  | {
      readonly ok: false
      readonly reason: 'expired'
      /** The token's own `exp`, in seconds since 1970. */
      readonly exp: number
    }

export type DatabaseTokenRefusal = Extract<DatabaseTokenResult, { readonly ok: false }>

/** What a client of Postgres is told, in the words of the real service: less than the reason says. */
export function tokenRefusal(refusal: DatabaseTokenRefusal): LakeletError {
  switch (refusal.reason) {
    case 'not_a_jwt':
    case 'personal_token':
      return new LakeletError('token_not_jwt')
    case 'bad_signature':
      return new LakeletError('token_signature_wrong')
    // A deleted principal and a missing scope count as a token for somebody else.
    case 'foreign_workspace':
    case 'unknown_principal':
    case 'scope_missing':
      return new LakeletError('token_foreign')
    case 'expired':
      return new LakeletError('token_expired', { exp: refusal.exp })
  }
}

export class DatabaseCredentials {
  readonly #workspaceId: string
  readonly #issuer: () => string
  readonly #clock: Clock
  readonly #directory: Directory
  readonly #keys: KeyRing
  readonly #limits: CredentialLimits

  constructor(options: {
    readonly workspaceId: string
    readonly issuer: () => string
    readonly clock: Clock
    readonly directory: Directory
    readonly keys: KeyRing
    readonly limits: CredentialLimits
  }) {
    this.#workspaceId = options.workspaceId
    this.#issuer = options.issuer
    this.#clock = options.clock
    this.#directory = options.directory
    this.#keys = options.keys
    this.#limits = options.limits
  }

  /** Signs a credential for `caller`; LakeletError `invalid_parameter` for a life out of bounds, `not_group_member`, `credential_claims`. */
  issue(caller: Caller, request: CredentialRequest): DatabaseCredential {
    const { groupName } = request
    if (groupName !== undefined && !caller.groups.includes(groupName)) {
      throw new LakeletError('not_group_member', { group: groupName })
    }
    if (request.claims !== undefined && request.claims.length > 0) {
      throw new LakeletError('credential_claims')
    }
    const now = Math.floor(this.#clock.now().getTime() / 1000)
    const exp = this.#expiry(now, request)
    const token = this.#keys.sign({
      iss: this.#issuer(),
      aud: databaseAudience(this.#workspaceId),
      ...subjectClaims(caller),
      iat: now,
      exp,
      jti: randomUUID(),
      endpoint: request.endpoint,
      ...(groupName === undefined ? {} : { group: groupName }),
    })
    return { token, expireTime: new Date(exp * 1000) }
  }

  /** Whom a Postgres password proves to be: a database credential or an OAuth access token of this workspace. */
  verify(token: string): DatabaseTokenResult {
    if (token.startsWith(PERSONAL_TOKEN_PREFIX)) return { ok: false, reason: 'personal_token' }
    const checked = this.#keys.check(token)
    if (!checked.ok) return { ok: false, reason: this.#failureOf(checked.reason, checked.claims) }
    const claims = readClaims(checked.claims)
    if (!claims) return { ok: false, reason: 'bad_signature' }
    if (!this.#audiences().includes(claims.audience)) return { ok: false, reason: 'foreign_workspace' }
    if (claims.expiresAt * 1000 <= this.#clock.now().getTime()) {
      return { ok: false, reason: 'expired', exp: claims.expiresAt }
    }
    if (!mayReachPostgres(claims)) return { ok: false, reason: 'scope_missing' }
    const identity = this.#identityOf(claims)
    if (!identity) return { ok: false, reason: 'unknown_principal' }
    return {
      ok: true,
      identity,
      endpoint: claims.endpoint,
      group: claims.group,
      expiresAt: new Date(claims.expiresAt * 1000),
    }
  }

  #identityOf(claims: TokenClaims): DatabaseIdentity | undefined {
    const principal = this.#directory.get(claims.principalId)
    if (!principal?.active || principal.kind === 'group') return undefined
    const groups = this.#directory
      .groupsOf(principal)
      .filter((group) => claims.group === undefined || group.name === claims.group)
    return {
      id: principal.id,
      name: principal.name,
      kind: principal.kind,
      displayName: principal.displayName,
      groups: groups.map(({ id, name }) => ({ id, name })),
    }
  }

  #expiry(now: number, request: CredentialRequest): number {
    const { minTtlSeconds, defaultTtlSeconds } = this.#limits
    if (request.ttlSeconds !== undefined && request.expireTime !== undefined) {
      throw new LakeletError('invalid_parameter', {
        reason: because('only_one_of', { fields: "'ttl' and 'expire_time'" }),
      })
    }
    const asked =
      request.expireTime === undefined
        ? request.ttlSeconds
        : Math.floor(request.expireTime.getTime() / 1000) - now
    if (asked === undefined) return now + defaultTtlSeconds
    if (asked < minTtlSeconds || asked > MAX_TTL_SECONDS) {
      throw new LakeletError('invalid_parameter', {
        reason: because('credential_life', { least: minTtlSeconds, most: MAX_TTL_SECONDS, asked }),
      })
    }
    return now + Math.floor(asked)
  }

  #audiences(): string[] {
    return [databaseAudience(this.#workspaceId), apiAudience(this.#workspaceId)]
  }

  /** A token that another key signed is only called foreign when it says so itself. */
  #failureOf(
    reason: 'not_a_jwt' | 'bad_signature',
    claims: Readonly<Record<string, unknown>> | undefined,
  ): 'not_a_jwt' | 'bad_signature' | 'foreign_workspace' {
    const audience = claims?.['aud']
    const foreign = typeof audience === 'string' && !this.#audiences().includes(audience)
    return reason === 'bad_signature' && foreign ? 'foreign_workspace' : reason
  }
}

/** An access token needs the scope; a database credential was made for nothing else. */
function mayReachPostgres(claims: TokenClaims): boolean {
  const { scopes } = claims
  return scopes.length === 0 || scopes.includes(ALL_APIS) || scopes.includes('postgres')
}
