// SCRAM-SHA-256 (RFC 5802, RFC 7677) as Postgres speaks it: what both sides share, and the stored verifier
// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` of pg_authid.rolpassword (common/scram-common.c).
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { preparedPassword } from './saslprep.ts'

export const SCRAM_SHA_256 = 'SCRAM-SHA-256'
export const SCRAM_SHA_256_PLUS = 'SCRAM-SHA-256-PLUS'

const KEY_LENGTH = 32
const DEFAULT_ITERATIONS = 4096

/** What a server stores instead of a password. It proves a login, but cannot be used to log in. */
export interface ScramVerifier {
  readonly iterations: number
  readonly salt: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

/** Reads `pg_authid.rolpassword`; undefined for anything but a SCRAM verifier (an MD5 hash, a plain password). */
export function parseScramVerifier(text: string): ScramVerifier | undefined {
  const match = /^SCRAM-SHA-256\$(\d{1,10}):([A-Za-z0-9+/=]*)\$([A-Za-z0-9+/=]*):([A-Za-z0-9+/=]*)$/.exec(
    text,
  )
  if (!match) return undefined
  const [iterations, salt, storedKey, serverKey] = [
    Number(match[1]),
    base64(match[2]),
    base64(match[3]),
    base64(match[4]),
  ]
  if (iterations < 1 || iterations > 0x7fff_ffff || !salt || salt.length === 0) return undefined
  if (storedKey?.length !== KEY_LENGTH || serverKey?.length !== KEY_LENGTH) return undefined
  return { iterations, salt, storedKey, serverKey }
}

/** The text form, as `CREATE ROLE … PASSWORD '…'` accepts it. */
export function formatScramVerifier(verifier: ScramVerifier): string {
  const { iterations, salt, storedKey, serverKey } = verifier
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey.toString('base64')}:${serverKey.toString('base64')}`
}

/** The verifier of a password; a fresh salt of 16 bytes and 4,096 iterations unless given, as in Postgres. */
export async function buildScramVerifier(
  password: string,
  options: { readonly iterations?: number; readonly salt?: Buffer } = {},
): Promise<ScramVerifier> {
  const { iterations = DEFAULT_ITERATIONS, salt = randomBytes(16) } = options
  const keys = scramKeys(await saltedPassword(password, salt, iterations))
  return { iterations, salt, storedKey: keys.storedKey, serverKey: keys.serverKey }
}

/**
 * A verifier that no password satisfies, for a role that does not exist. The same role gets the same salt every time
 * (from a secret of the server), as in auth-scram.c mock_scram_secret; else a second try would tell it apart.
 */
export function mockScramVerifier(role: string, serverSecret: Uint8Array): ScramVerifier {
  const salt = createHmac('sha256', serverSecret).update(role, 'utf8').digest().subarray(0, 16)
  return {
    iterations: DEFAULT_ITERATIONS,
    salt,
    storedKey: randomBytes(KEY_LENGTH),
    serverKey: randomBytes(KEY_LENGTH),
  }
}

/** Hi() of RFC 5802. */
export function saltedPassword(password: string, salt: Uint8Array, iterations: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    pbkdf2(preparedPassword(password), salt, iterations, KEY_LENGTH, 'sha256', (error, key) =>
      error ? reject(error) : resolve(key),
    )
  })
}

export interface ScramKeys {
  readonly clientKey: Buffer
  readonly storedKey: Buffer
  readonly serverKey: Buffer
}

export function scramKeys(salted: Buffer): ScramKeys {
  const clientKey = hmac(salted, 'Client Key')
  return { clientKey, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') }
}

export function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}

export function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}

export function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] ?? 0)))
}

/** Strict base64 (RFC 4648 section 4, padded); undefined for anything else. */
export function base64(text: string | undefined): Buffer | undefined {
  if (text === undefined || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text))
    return undefined
  return Buffer.from(text, 'base64')
}

export function newNonce(): string {
  return randomBytes(18).toString('base64')
}
