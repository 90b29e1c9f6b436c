// The verdict on a Postgres password in the words of the gateway.
import type { DatabaseTokenResult } from './database-credentials.ts'

export type GatewayVerdict =
  | {
      readonly ok: true
      readonly principal: {
        readonly id: string
        readonly name: string
        readonly kind: 'USER' | 'SERVICE_PRINCIPAL'
        readonly groups: readonly { readonly id: string; readonly name: string }[]
        readonly endpoint?: string
      }
    }
  | { readonly ok: false; readonly reason: 'not_jwt' | 'signature' | 'foreign' }
  | { readonly ok: false; readonly reason: 'expired'; readonly exp: number }

/** A personal access token is no JWT; a deleted principal and a missing scope count as a token for somebody else. */
export function gatewayVerdict(result: DatabaseTokenResult): GatewayVerdict {
  if (result.ok) {
    const { id, name, kind, groups } = result.identity
    return {
      ok: true,
      principal: {
        id: String(id),
        name,
        kind: kind === 'user' ? 'USER' : 'SERVICE_PRINCIPAL',
        groups: groups.map((group) => ({ id: String(group.id), name: group.name })),
        ...(result.endpoint === undefined ? {} : { endpoint: result.endpoint }),
      },
    }
  }
  if (result.reason === 'expired') return { ok: false, reason: 'expired', exp: result.exp }
  return { ok: false, reason: REASONS[result.reason] }
}

const REASONS = {
  not_a_jwt: 'not_jwt',
  personal_token: 'not_jwt',
  bad_signature: 'signature',
  foreign_workspace: 'foreign',
  unknown_principal: 'foreign',
  scope_missing: 'foreign',
} as const
