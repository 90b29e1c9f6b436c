// The two kinds of tokens that the workspace signs. Their audience tells them apart and names the workspace, so neither passes
// for the other and neither works in another workspace.
import type { Principal } from './directory.ts'

/** Audience of OAuth access tokens: the REST API. */
export function apiAudience(workspaceId: string): string {
  return `urn:lakelet:workspace:${workspaceId}`
}

/** Audience of database credentials: the Postgres endpoints of the workspace. */
export function databaseAudience(workspaceId: string): string {
  return `urn:lakelet:postgres:${workspaceId}`
}

/** Claims of both kinds, as far as they could be read. */
export interface TokenClaims {
  readonly subject: string
  readonly principalId: number
  readonly audience: string
  /** Seconds since 1970. */
  readonly expiresAt: number
  readonly scopes: readonly string[]
  readonly endpoint: string | undefined
  readonly group: string | undefined
}

/** The claims of a checked token; undefined when it is not one of ours. */
export function readClaims(claims: Readonly<Record<string, unknown>>): TokenClaims | undefined {
  const { sub, principal_id: principalId, aud, exp, scope, endpoint, group } = claims
  if (typeof sub !== 'string' || typeof principalId !== 'number') return undefined
  if (typeof aud !== 'string' || typeof exp !== 'number') return undefined
  return {
    subject: sub,
    principalId,
    audience: aud,
    expiresAt: exp,
    scopes: typeof scope === 'string' && scope !== '' ? scope.split(' ') : [],
    endpoint: typeof endpoint === 'string' ? endpoint : undefined,
    group: typeof group === 'string' ? group : undefined,
  }
}

/** Claims that name a principal. The name may be given to somebody else later, the id never. */
export function subjectClaims(principal: Pick<Principal, 'id' | 'name'>): {
  readonly sub: string
  readonly principal_id: number
} {
  return { sub: principal.name, principal_id: principal.id }
}
