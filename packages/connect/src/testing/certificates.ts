// Certificates for tests, made on the spot: an authority, and server certificates that are good, expired, or for another
// name. X.509 v3 in DER (RFC 5280), as little of it as TLS needs.
import { createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import type { KeyObject } from 'node:crypto'

/** A certificate and its key, in PEM. */
export interface CertificateAndKey {
  readonly cert: string
  readonly key: string
}

export interface CertificateRequest {
  /** DNS names and IP addresses. */
  names: readonly string[]
  notBefore?: Date
  notAfter?: Date
}

/** A certificate authority for tests. */
export interface TestAuthority {
  /** Its certificate, for `ca` or PGSSLROOTCERT. */
  readonly cert: string
  /** Its private key, to open it again in another process. */
  readonly key: string
  issue(request: CertificateRequest): CertificateAndKey
}

const AUTHORITY = 'lakelet-connect test CA'

/** A new authority; nobody trusts it who is not told to. */
export function createTestAuthority(): TestAuthority {
  const { publicKey, privateKey } = newKeys()
  const subject = nameOf(AUTHORITY)
  const cert = certificate({
    subject,
    issuer: subject,
    publicKey,
    signer: privateKey,
    extensions: [isAuthority],
  })
  return openTestAuthority({ cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string })
}

/** An authority made earlier, from its certificate and key. */
export function openTestAuthority({ cert, key }: CertificateAndKey): TestAuthority {
  const privateKey = createPrivateKey(key)
  const subject = nameOf(AUTHORITY)
  return {
    cert,
    key,
    issue({ names, notBefore, notAfter }) {
      const keys = newKeys()
      const extensions = [alternativeNames(names)]
      const parties = {
        subject: nameOf(names[0] ?? 'server'),
        issuer: subject,
        publicKey: keys.publicKey,
        signer: privateKey,
      }
      return {
        cert: certificate({
          ...parties,
          extensions,
          ...(notBefore ? { notBefore } : {}),
          ...(notAfter ? { notAfter } : {}),
        }),
        key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
      }
    },
  }
}

interface Contents {
  subject: Buffer
  issuer: Buffer
  publicKey: Buffer
  signer: KeyObject
  extensions: Buffer[]
  notBefore?: Date
  notAfter?: Date
}

const DAY_MS = 86_400_000

function certificate(contents: Contents): string {
  const { subject, issuer, publicKey, signer, extensions } = contents
  const notBefore = contents.notBefore ?? new Date(Date.now() - DAY_MS)
  const notAfter = contents.notAfter ?? new Date(Date.now() + 30 * DAY_MS)
  const serial = Buffer.concat([Buffer.of(0x01), randomBytes(15)])
  const body = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, serial),
    ecdsaWithSha256,
    issuer,
    sequence(time(notBefore), time(notAfter)),
    subject,
    publicKey,
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign('sha256', body, signer)
  return pem(sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.of(0), signature]))))
}

function newKeys(): { publicKey: Buffer; privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  return { publicKey: publicKey.export({ type: 'spki', format: 'der' }), privateKey }
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  const { length } = body
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), body])
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), body])
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), body])
}

function sequence(...contents: Buffer[]): Buffer {
  return der(0x30, ...contents)
}

function oid(...bytes: number[]): Buffer {
  return der(0x06, Buffer.from(bytes))
}

const ecdsaWithSha256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))

function nameOf(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid(0x55, 0x04, 0x03), der(0x0c, Buffer.from(commonName)))))
}

/** UTCTime: good until 2049. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/\D/g, '').slice(2, 14)
  return der(0x17, Buffer.from(`${digits}Z`))
}

const isAuthority = sequence(
  oid(0x55, 0x1d, 0x13),
  der(0x01, Buffer.of(0xff)),
  der(0x04, sequence(der(0x01, Buffer.of(0xff)))),
)

function alternativeNames(names: readonly string[]): Buffer {
  const entries = names.map((name) =>
    isIP(name) === 0 ? der(0x82, Buffer.from(name)) : der(0x87, ipBytes(name)),
  )
  return sequence(oid(0x55, 0x1d, 0x11), der(0x04, sequence(...entries)))
}

function ipBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('::')
  const groups = (part: string) => (part ? part.split(':') : [])
  const [left, right] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? [] : Array<string>(8 - left.length - right.length).fill('0')
  return Buffer.from(
    [...left, ...zeros, ...right].flatMap((group) => [
      Number.parseInt(group, 16) >> 8,
      Number.parseInt(group, 16) & 0xff,
    ]),
  )
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
