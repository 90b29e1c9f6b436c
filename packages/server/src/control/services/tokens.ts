// Personal access tokens over the REST API.
import type { Caller } from '../../base/caller.ts'
import { because, LakeletError } from '../../base/errors.ts'
import type { PersonalToken, PersonalTokens } from '../../identity/personal-tokens.ts'
import { API_SCOPES } from '../../identity/scopes.ts'

/** The life of a token for which none was asked: two years, as on Databricks. */
const DEFAULT_LIFETIME_SECONDS = 2 * 365 * 24 * 3600
/** Tokens of one principal, as on Databricks. */
const MAX_TOKENS = 600

export interface TokenInfo {
  readonly token_id: string
  readonly creation_time: number
  readonly expiry_time: number
  readonly comment: string
  readonly scopes?: string[]
}

export class TokensService {
  readonly #tokens: PersonalTokens

  constructor(tokens: PersonalTokens) {
    this.#tokens = tokens
  }

  async create(
    caller: Caller,
    body: {
      readonly comment?: string | undefined
      readonly lifetime_seconds?: number | undefined
      readonly scopes?: readonly string[] | undefined
    },
  ): Promise<{ token_value: string; token_info: TokenInfo }> {
    if (this.#tokens.list(caller).length >= MAX_TOKENS) {
      throw new LakeletError('token_quota', { limit: MAX_TOKENS })
    }
    const { value, token } = await this.#tokens.create(caller, {
      comment: body.comment,
      lifetimeSeconds: body.lifetime_seconds ?? DEFAULT_LIFETIME_SECONDS,
      scopes: knownScopes(body.scopes),
    })
    return { token_value: value, token_info: infoOf(token) }
  }

  list(caller: Caller): { token_infos: TokenInfo[] } {
    return { token_infos: this.#tokens.list(caller).map(infoOf) }
  }

  async revoke(caller: Caller, id: string | undefined): Promise<void> {
    if (!id) throw new LakeletError('field_required', { field: 'token_id' })
    await this.#tokens.revoke(caller, id)
  }

  /** Changes the fields that `mask` names. */
  async update(
    caller: Caller,
    id: string,
    token: { readonly comment?: string | undefined; readonly scopes?: readonly string[] | undefined },
    mask: string,
  ): Promise<void> {
    const fields = mask === '*' ? ['comment', 'scopes'] : mask.split(',')
    const unknown = fields.find((field) => field !== 'comment' && field !== 'scopes')
    if (unknown !== undefined) {
      throw new LakeletError('invalid_parameter', { reason: because('cannot_update', { field: unknown }) })
    }
    const scopes = fields.includes('scopes') ? knownScopes(token.scopes ?? []) : undefined
    await this.#tokens.update(caller, id, {
      ...(fields.includes('comment') ? { comment: token.comment ?? '' } : {}),
      ...(scopes === undefined ? {} : { scopes }),
    })
  }
}

function knownScopes(scopes: readonly string[] | undefined): readonly string[] | undefined {
  const unknown = scopes?.find((scope) => !API_SCOPES.includes(scope))
  if (unknown === undefined) return scopes
  throw new LakeletError('invalid_parameter', { reason: because('scope_unknown', { scope: unknown }) })
}

function infoOf(token: PersonalToken): TokenInfo {
  return {
    token_id: token.id,
    creation_time: token.createdAt,
    expiry_time: token.expiresAt ?? -1,
    comment: token.comment,
    ...(token.scopes.length === 0 ? {} : { scopes: [...token.scopes] }),
  }
}
