// tls-server-end-point (RFC 5929) for the kinds of certificates a user may bring.
import 'reflect-metadata'
import { createHash, webcrypto } from 'node:crypto'
import { tlsServerEndPoint } from '@lakelet/wire'
import * as x509 from '@peculiar/x509'
import { beforeAll, expect, test } from 'vitest'

beforeAll(() => x509.cryptoProvider.set(webcrypto))

type KeyAlgorithm = webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams | { readonly name: 'Ed25519' }

async function certificate(algorithm: KeyAlgorithm & { readonly hash?: string }): Promise<Buffer> {
  const keys = await webcrypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, [
    'sign',
    'verify',
  ])
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    keys,
    signingAlgorithm: algorithm as webcrypto.EcdsaParams,
    notBefore: new Date('2026-01-01'),
    notAfter: new Date('2036-01-01'),
  })
  return Buffer.from(made.rawData)
}

const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) }

test.each([
  ['RSA with SHA-256', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', ...rsa }, 'sha256'],
  ['RSA with SHA-512', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-512', ...rsa }, 'sha512'],
  ['RSA with SHA-1, which is replaced', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1', ...rsa }, 'sha256'],
  ['ECDSA with SHA-256', { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }, 'sha256'],
  ['ECDSA with SHA-384', { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' }, 'sha384'],
  ['RSA-PSS with SHA-384', { name: 'RSA-PSS', hash: 'SHA-384', saltLength: 48, ...rsa }, 'sha384'],
])('%s', async (_, algorithm, hash) => {
  const der = await certificate(algorithm)
  expect(tlsServerEndPoint(der)).toEqual(createHash(hash).update(der).digest())
})

test('Ed25519 has no hash of its own, so there is no binding', async () => {
  expect(tlsServerEndPoint(await certificate({ name: 'Ed25519' }))).toBeUndefined()
})

test('bytes that are no certificate give no binding', () => {
  expect(tlsServerEndPoint(Buffer.from('3082ffff', 'hex'))).toBeUndefined()
  expect(tlsServerEndPoint(Buffer.alloc(0))).toBeUndefined()
})
