// OAuth secrets of service principals over the REST API.
import { because, LakeletError } from '../../base/errors.ts'
import { API_SCOPES } from '../../identity/scopes.ts'
import type {
  ServicePrincipalSecret,
  ServicePrincipalSecrets,
} from '../../identity/service-principal-secrets.ts'

/** Secrets of one service principal that may live at a time, as on Databricks. */
const MAX_SECRETS = 5
/** The longest life of a secret, as on Databricks. */
const MAX_LIFETIME_SECONDS = 730 * 24 * 3600

export interface SecretReply {
  readonly id: string
  readonly secret_hash: string
  readonly status: string
  readonly create_time: string
  readonly update_time: string
  readonly expire_time?: string
  readonly scopes?: string[]
}

export class ServicePrincipalSecretsService {
  readonly #secrets: ServicePrincipalSecrets

  constructor(secrets: ServicePrincipalSecrets) {
    this.#secrets = secrets
  }

  async create(
    servicePrincipalId: string,
    body: { readonly lifetime?: string | undefined; readonly scopes?: readonly string[] | undefined },
  ): Promise<SecretReply & { secret: string }> {
    const id = numericId(servicePrincipalId)
    const living = await this.#secrets.list(id)
    if (living.length >= MAX_SECRETS) throw new LakeletError('secret_quota', { limit: MAX_SECRETS })
    const unknown = body.scopes?.find((scope) => !API_SCOPES.includes(scope))
    if (unknown !== undefined) {
      throw new LakeletError('invalid_parameter', { reason: because('scope_unknown', { scope: unknown }) })
    }
    const made = await this.#secrets.create(id, {
      lifetimeSeconds: lifetimeOf(body.lifetime),
      scopes: body.scopes ?? [],
    })
    return { ...replyOf(made), secret: made.secret }
  }

  async list(servicePrincipalId: string): Promise<{ secrets: SecretReply[] }> {
    return { secrets: (await this.#secrets.list(numericId(servicePrincipalId))).map(replyOf) }
  }

  async revoke(servicePrincipalId: string, secretId: string): Promise<void> {
    await this.#secrets.revoke(numericId(servicePrincipalId), secretId)
  }
}

function numericId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new LakeletError('principal_not_found', { kind: 'ServicePrincipal', id: text })
}

function lifetimeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = Number(text.slice(0, -1))
  if (seconds > 0 && seconds <= MAX_LIFETIME_SECONDS) return seconds
  throw new LakeletError('invalid_parameter', {
    reason: because('lifetime_range', { most: MAX_LIFETIME_SECONDS }),
  })
}

function replyOf(secret: ServicePrincipalSecret): SecretReply {
  const created = new Date(secret.createdAt).toISOString()
  return {
    id: secret.id,
    secret_hash: secret.hash,
    status: 'ACTIVE',
    create_time: created,
    update_time: created,
    ...(secret.expiresAt === undefined ? {} : { expire_time: new Date(secret.expiresAt).toISOString() }),
    ...(secret.scopes.length === 0 ? {} : { scopes: [...secret.scopes] }),
  }
}
