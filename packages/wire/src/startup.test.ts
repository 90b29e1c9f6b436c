import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from './protocol-error.ts'
import {
  decodeStartupPacket,
  encodeCancelRequest,
  encodeGssEncRequest,
  encodeSslRequest,
  encodeStartup,
  PROTOCOL_3_0,
  PROTOCOL_3_2,
  startupParameter,
} from './startup.ts'

const text = (minLength: number) =>
  fc
    .uint8Array({ minLength, maxLength: 30 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 0 ? 0xe9 : byte))))
const parameters = fc.array(fc.record({ name: text(1), value: text(0) }), { maxLength: 8 })

/** Decoders may refuse bytes, but only with a ProtocolError. */
function refusesOrAccepts(decode: () => unknown): boolean {
  try {
    decode()
    return true
  } catch (error) {
    return error instanceof ProtocolError
  }
}

describe('startup packets', () => {
  test('parameters survive byte for byte, in order, repeated and not UTF-8', () => {
    fc.assert(
      fc.property(parameters, (given) => {
        const packet = encodeStartup(given)
        expect(packet.readInt32BE(0)).toBe(packet.length)
        expect(decodeStartupPacket(packet.subarray(4))).toEqual({
          type: 'startup',
          major: 3,
          minor: 0,
          parameters: given,
        })
      }),
    )
  })

  test('no bytes make the decoder fail otherwise than with a protocol error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (bytes, isStartup) => {
        const body = isStartup ? Buffer.concat([Buffer.from([0, 3, 0, 0]), bytes]) : Buffer.from(bytes)
        expect(refusesOrAccepts(() => decodeStartupPacket(body))).toBe(true)
      }),
    )
  })

  test('of a repeated parameter the last one counts', () => {
    const packet = decodeStartupPacket(
      encodeStartup([
        { name: Buffer.from('user'), value: Buffer.from('a') },
        { name: Buffer.from('user'), value: Buffer.from('b') },
      ]).subarray(4),
    )
    expect(packet.type === 'startup' && startupParameter(packet.parameters, 'user')).toBe('b')
  })

  test.each([
    ['no terminator', 'user\0x\0'],
    ['a name without a value', 'user\0'],
    ['bytes behind the terminator', 'user\0x\0\0y'],
    ['a value that does not end', 'user\0x'],
  ])('refuses %s', (_, rest) => {
    const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(rest)])
    expect(() => decodeStartupPacket(body)).toThrow(ProtocolError)
  })

  test('knows the negotiation requests', () => {
    expect(encodeSslRequest().toString('hex')).toBe('0000000804d2162f')
    expect(encodeGssEncRequest().toString('hex')).toBe('0000000804d21630')
    expect(decodeStartupPacket(encodeSslRequest().subarray(4))).toEqual({ type: 'sslRequest' })
    expect(decodeStartupPacket(encodeGssEncRequest().subarray(4))).toEqual({ type: 'gssEncRequest' })
  })

  test.each([4, 32, 256])('a cancel request carries a secret of %i bytes', (length) => {
    const secret = Buffer.alloc(length, 7)
    const packet = encodeCancelRequest(-5, secret)
    expect(decodeStartupPacket(packet.subarray(4))).toEqual({ type: 'cancelRequest', processId: -5, secret })
  })

  test.each([0, 257])('a cancel secret of %i bytes is refused', (length) => {
    expect(() => encodeCancelRequest(1, Buffer.alloc(length))).toThrow(ProtocolError)
  })

  test('versions are told apart', () => {
    expect(decodeStartupPacket(encodeStartup({}, PROTOCOL_3_2).subarray(4))).toMatchObject({
      type: 'startup',
      minor: 2,
    })
    expect(decodeStartupPacket(encodeStartup({}, 0x0002_0000).subarray(4))).toEqual({
      type: 'unsupported',
      major: 2,
      minor: 0,
    })
    expect(encodeStartup({ user: 'x' }, PROTOCOL_3_0).toString('latin1')).toBe(
      '\0\0\0\x10\0\x03\0\0user\0x\0\0',
    )
  })
})
