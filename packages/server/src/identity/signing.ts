// The keys that sign the workspace's tokens: ES256, one key signs, older ones verify until their last token has died.
// Signing and checking run through node:crypto on the calling thread: a fraction of the CPU time of WebCrypto's way through the
// thread pool for messages this short, and a credential request is little else.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { JWK } from 'jose'
import type { Clock } from '../base/clock.ts'
import type { Metadata } from '../metadata/database.ts'
import {
  deleteEndedSigningKeys,
  listSigningKeys,
  replaceSigningKey,
  type SigningKeyRow,
} from '../metadata/signing-keys.ts'
import { derSignature, joseSignature } from './ecdsa-signature.ts'

export const SIGNING_ALGORITHM = 'ES256'
/** A key signs for this long. */
const ROTATE_AFTER_MS = 30 * 24 * 3600_000
/** A replaced key verifies for this long: more than any token lives. */
const VERIFY_AFTER_ROTATION_MS = 25 * 3600_000

interface LoadedKey {
  readonly kid: string
  readonly createdAt: number
  readonly privateJwk: JWK
  readonly publicJwk: JWK
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** Encoded JWT headers by their `typ`. */
  readonly headers: Map<string, string>
}

/** A token's claims once its signature was checked, or why they cannot be trusted. */
export type CheckedToken =
  | { readonly ok: true; readonly claims: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false
      readonly reason: 'not_a_jwt' | 'bad_signature'
      readonly claims?: Record<string, unknown>
    }

export async function openKeyRing(options: {
  readonly metadata: Metadata
  readonly clock: Clock
}): Promise<KeyRing> {
  const ring = new KeyRing(options.metadata, options.clock)
  await ring.rotateWhenDue()
  return ring
}

export class KeyRing {
  readonly #metadata: Metadata
  readonly #clock: Clock
  #keys: readonly LoadedKey[] = []
  #active: LoadedKey | undefined

  constructor(metadata: Metadata, clock: Clock) {
    this.#metadata = metadata
    this.#clock = clock
  }

  /** Id of the key that signs now. */
  get activeKid(): string {
    return this.#activeKey().kid
  }

  /** The public keys, newest last. */
  get publicKeys(): readonly JWK[] {
    return this.#keys.map((key) => key.publicJwk)
  }

  get privateKeys(): readonly JWK[] {
    return this.#keys.map((key) => key.privateJwk)
  }

  /** A signed JWT. */
  sign(claims: object, typ = 'JWT'): string {
    const key = this.#activeKey()
    let header = key.headers.get(typ)
    if (header === undefined) {
      header = encode({ alg: SIGNING_ALGORITHM, typ, kid: key.kid })
      key.headers.set(typ, header)
    }
    const signed = `${header}.${encode(claims)}`
    const signature = joseSignature(sign('sha256', Buffer.from(signed), key.privateKey))
    return `${signed}.${signature.toString('base64url')}`
  }

  /** Checks the signature only; times and audience are the caller's. */
  check(token: string): CheckedToken {
    const parts = token.split('.')
    const [header, payload, signature] = parts
    if (parts.length !== 3 || !header || !payload || !signature) return { ok: false, reason: 'not_a_jwt' }
    const fields = decode(header)
    const claims = decode(payload)
    if (!fields || !claims) return { ok: false, reason: 'not_a_jwt' }
    const key = this.#keys.find((each) => each.kid === fields['kid'])
    if (!key || fields['alg'] !== SIGNING_ALGORITHM) return { ok: false, reason: 'bad_signature', claims }
    const der = derSignature(Buffer.from(signature, 'base64url'))
    const valid =
      der !== undefined && verify('sha256', Buffer.from(`${header}.${payload}`), key.publicKey, der)
    return valid ? { ok: true, claims } : { ok: false, reason: 'bad_signature', claims }
  }

  /** Makes a new signing key when there is none or it is old, and forgets keys that no living token needs. */
  async rotateWhenDue(): Promise<boolean> {
    const now = this.#clock.now().getTime()
    await deleteEndedSigningKeys(this.#metadata.db, now)
    await this.#load()
    if (this.#active && now - this.#active.createdAt < ROTATE_AFTER_MS) return false
    await this.rotate()
    return true
  }

  /** Makes a new signing key; the one before it goes on verifying. */
  async rotate(): Promise<void> {
    const now = this.#clock.now().getTime()
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = privateKey.export({ format: 'jwk' })
    const row = {
      kid: thumbprintOf(jwk),
      private_jwk: JSON.stringify(jwk),
      created_at: now,
      verify_until: null,
    }
    await this.#metadata.transaction((queries) =>
      replaceSigningKey(queries, row, now + VERIFY_AFTER_ROTATION_MS),
    )
    await this.#load()
  }

  async #load(): Promise<void> {
    const rows = await listSigningKeys(this.#metadata.db)
    this.#keys = rows.map(loadKey)
    this.#active = this.#keys.find((_, index) => rows[index]?.verify_until === null)
  }

  #activeKey(): LoadedKey {
    if (!this.#active) throw new Error('the workspace has no signing key')
    return this.#active
  }
}

/** RFC 7638: the hash of the members that make the public key, in the order of their names. */
function thumbprintOf({ crv, kty, x, y }: JWK): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
}

function loadKey(row: SigningKeyRow): LoadedKey {
  const privateJwk = {
    ...(JSON.parse(row.private_jwk) as JWK),
    kid: row.kid,
    alg: SIGNING_ALGORITHM,
    use: 'sig',
  }
  const { d: _, ...publicJwk } = privateJwk
  const privateKey = createPrivateKey({ key: privateJwk, format: 'jwk' })
  return {
    kid: row.kid,
    createdAt: row.created_at,
    privateJwk,
    publicJwk,
    privateKey,
    publicKey: createPublicKey(privateKey),
    headers: new Map(),
  }
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}
