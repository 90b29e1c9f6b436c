// OAuth secrets of service principals: made once, shown once, stored as hashes, several may live at a time.
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { randomHex, randomUUID } from '../base/ids.ts'
import type { Metadata } from '../metadata/database.ts'
import { deleteSecret, insertSecret, listSecrets, type SecretRow } from '../metadata/tokens.ts'
import type { Directory } from './directory.ts'
import { hashOf, sameHash } from './secrets.ts'

/** The life of a secret for which none was asked: 730 days, as on Databricks. */
export const DEFAULT_SECRET_LIFETIME_SECONDS = 730 * 24 * 3600

export interface ServicePrincipalSecret {
  readonly id: string
  /** Hash that names the secret without giving it away. */
  readonly hash: string
  readonly scopes: readonly string[]
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number | undefined
}

export class ServicePrincipalSecrets {
  readonly #metadata: Metadata
  readonly #clock: Clock
  readonly #directory: Directory

  constructor(metadata: Metadata, clock: Clock, directory: Directory) {
    this.#metadata = metadata
    this.#clock = clock
    this.#directory = directory
  }

  /** Living secrets of a service principal, oldest first. */
  async list(servicePrincipalId: number): Promise<ServicePrincipalSecret[]> {
    this.#directory.require('service_principal', servicePrincipalId)
    const now = this.#clock.now().getTime()
    return (await listSecrets(this.#metadata.db, servicePrincipalId))
      .filter((row) => row.expires_at === null || row.expires_at > now)
      .map(secretOf)
  }

  /**
   * Makes a secret; its value is given this once. It is hexadecimal, so that clients that escape the halves of a Basic header
   * and clients that do not send the same. LakeletError `principal_not_found`.
   */
  async create(
    servicePrincipalId: number,
    options: { readonly lifetimeSeconds?: number | undefined; readonly scopes?: readonly string[] } = {},
  ): Promise<ServicePrincipalSecret & { readonly secret: string }> {
    this.#directory.require('service_principal', servicePrincipalId)
    const secret = `dose${randomHex(16)}`
    const now = this.#clock.now().getTime()
    const row = {
      id: randomUUID(),
      principal_id: servicePrincipalId,
      hash: hashOf(secret),
      scopes: JSON.stringify(options.scopes ?? []),
      created_at: now,
      expires_at: now + (options.lifetimeSeconds ?? DEFAULT_SECRET_LIFETIME_SECONDS) * 1000,
    }
    await insertSecret(this.#metadata.db, row)
    return { ...secretOf(row), secret }
  }

  /** Ends a secret at once; LakeletError `secret_not_found`. Access tokens that it bought live on until they expire. */
  async revoke(servicePrincipalId: number, id: string): Promise<void> {
    this.#directory.require('service_principal', servicePrincipalId)
    if (!(await deleteSecret(this.#metadata.db, servicePrincipalId, id))) {
      throw new LakeletError('secret_not_found', { id })
    }
  }

  /** The living secret with that value; undefined for a wrong one and for an unknown or inactive service principal. */
  async verify(applicationId: string, secret: string): Promise<ServicePrincipalSecret | undefined> {
    const principal = this.#directory.find('service_principal', applicationId)
    if (!principal?.active) return undefined
    const hash = hashOf(secret)
    const living = await this.list(principal.id)
    // Every secret is compared, so that the time tells nothing about which one came close.
    return living.filter((each) => sameHash(each.hash, hash))[0]
  }
}

function secretOf(row: SecretRow): ServicePrincipalSecret {
  return {
    id: row.id,
    hash: row.hash,
    scopes: JSON.parse(row.scopes) as string[],
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
  }
}
