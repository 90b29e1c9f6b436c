import { generateKeyPairSync, sign, verify } from 'node:crypto'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { derSignature, joseSignature } from './ecdsa-signature.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ieee = { key: publicKey, dsaEncoding: 'ieee-p1363' } as const

test('signatures of OpenSSL go there and back and verify in both forms', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (message) => {
      const der = sign('sha256', message, privateKey)
      const raw = joseSignature(der)
      expect(verify('sha256', message, ieee, raw)).toBe(true)
      expect(derSignature(raw)).toEqual(der)
    }),
    { numRuns: 500 },
  )
})

test('numbers with leading zeros and with the first bit set', () => {
  const number = fc
    .tuple(fc.nat(31), fc.uint8Array({ minLength: 32, maxLength: 32 }))
    .map(([zeros, bytes]) => {
      const padded = Buffer.from(bytes)
      padded.fill(0, 0, zeros)
      return padded
    })
  fc.assert(
    fc.property(number, number, (r, s) => {
      const raw = Buffer.concat([r, s])
      const der = derSignature(raw)
      expect(der && joseSignature(der)).toEqual(raw)
    }),
  )
})

test('other lengths are no signatures of this curve', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (raw) => {
      fc.pre(raw.length !== 64)
      expect(derSignature(raw)).toBeUndefined()
    }),
  )
})
