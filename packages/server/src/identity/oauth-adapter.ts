// The storage that oidc-provider asks for, over the metadata. What a client holds (a code, a refresh token) is stored as a hash,
// both as the key and inside the payload.
import { type Adapter, type AdapterPayload, type AllClientMetadata, errors } from 'oidc-provider'
import type { Clock } from '../base/clock.ts'
import type { Metadata } from '../metadata/database.ts'
import {
  deleteArtifact,
  deleteArtifactsOfGrant,
  findArtifact,
  findArtifactByUid,
  keepNewestArtifacts,
  setArtifactPayload,
  upsertArtifact,
} from '../metadata/oauth.ts'
import { hashOf } from './secrets.ts'

/** Sign-ins that were begun and are still open: anybody may begin one, so beyond these the oldest are forgotten. */
const MOST_INTERACTIONS = 1000
const TRIM_EVERY = 100
/** Programs that registered themselves, which anybody may: beyond these the oldest are forgotten, and have to register again. */
const MOST_CLIENTS = 1000
const CLIENT_SECONDS = 365 * 24 * 3600

export interface OAuthStoreOptions {
  readonly metadata: Metadata
  readonly clock: Clock
  /** Service principals as OAuth clients. */
  readonly findClient: (clientId: string) => AllClientMetadata | undefined
}

/** The store of one of oidc-provider's models. */
export function oauthStore(model: string, options: OAuthStoreOptions): Adapter {
  const { db } = options.metadata
  let written = 0
  const seconds = () => Math.floor(options.clock.now().getTime() / 1000)
  const read = (id: string, payload: string): AdapterPayload => ({
    ...(JSON.parse(payload) as AdapterPayload),
    jti: id,
  })
  return {
    async upsert(id, payload, lifeSeconds) {
      const { jti: _, ...stored } = payload
      const expiresIn = model === 'Client' ? CLIENT_SECONDS : lifeSeconds
      await upsertArtifact(db, {
        model,
        id: hashOf(id),
        grant_id: payload.grantId ?? null,
        uid: payload.uid ?? null,
        payload: JSON.stringify(stored),
        expires_at: expiresIn ? seconds() + expiresIn : null,
      })
      written += 1
      if (model === 'Interaction' && written % TRIM_EVERY === 0)
        await keepNewestArtifacts(db, model, MOST_INTERACTIONS)
      if (model === 'Client') await keepNewestArtifacts(db, model, MOST_CLIENTS)
    },
    async find(id) {
      const known = model === 'Client' ? options.findClient(id) : undefined
      if (known) return known
      const row = await findArtifact(db, model, hashOf(id))
      return row && read(id, row.payload)
    },
    async findByUid(uid) {
      const row = await findArtifactByUid(db, model, uid)
      return row && (JSON.parse(row.payload) as AdapterPayload)
    },
    // The device flow is switched off.
    async findByUserCode() {
      return undefined
    },
    async consume(id) {
      await options.metadata.transaction(async (queries) => {
        const row = await findArtifact(queries, model, hashOf(id))
        if (!row) return
        const payload = JSON.parse(row.payload) as AdapterPayload
        // Two requests may both have read a code as unused; only one of them gets here first.
        if (payload.consumed !== undefined) throw new errors.InvalidGrant(`${model} already consumed`)
        const used = JSON.stringify({ ...payload, consumed: seconds() })
        await setArtifactPayload(queries, model, row.id, used)
      })
    },
    async destroy(id) {
      await deleteArtifact(db, model, hashOf(id))
    },
    async revokeByGrantId(grantId) {
      await deleteArtifactsOfGrant(db, grantId)
    },
  }
}
