import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { frame, untypedFrame } from './bytes.ts'
import { MessageFramer } from './framer.ts'

const message = fc.record({ type: fc.integer({ min: 1, max: 255 }), body: fc.uint8Array({ maxLength: 300 }) })

/** Cuts bytes at arbitrary places, zero-length chunks included. */
function chunksOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end))
}

describe('MessageFramer', () => {
  test('any chunking gives the same messages', () => {
    fc.assert(
      fc.property(fc.array(message), fc.array(fc.nat()), (messages, cuts) => {
        const bytes = Buffer.concat(messages.map(({ type, body }) => frame(String.fromCharCode(type), body)))
        const framer = new MessageFramer()
        const seen: { type: number; body: Uint8Array }[] = []
        for (const chunk of chunksOf(bytes, cuts)) {
          framer.push(chunk)
          for (const { type, body } of framer.messages()) seen.push({ type, body: new Uint8Array(body) })
        }
        expect(seen).toEqual(messages)
        expect(framer.buffered).toBe(0)
      }),
    )
  })

  test('a packet, an answer byte, messages and the rest come out of one stream whatever the chunks', () => {
    fc.assert(
      fc.property(
        message,
        fc.uint8Array({ maxLength: 40 }),
        fc.array(fc.nat()),
        ({ type, body }, rest, cuts) => {
          const bytes = Buffer.concat([
            untypedFrame(body),
            Buffer.from('S'),
            frame(String.fromCharCode(type), body),
            rest,
          ])
          const framer = new MessageFramer()
          const chunks = chunksOf(bytes, cuts)
          const need = <T>(take: () => T | undefined): T => {
            for (;;) {
              const taken = take()
              if (taken !== undefined) return taken
              const chunk = chunks.shift()
              if (!chunk) throw new Error('the framer never gave the message')
              framer.push(chunk)
            }
          }
          expect(new Uint8Array(need(() => framer.nextUntyped()))).toEqual(body)
          expect(need(() => framer.nextByte())).toBe(0x53)
          expect(need(() => framer.next()).type).toBe(type)
          for (const chunk of chunks) framer.push(chunk)
          expect(new Uint8Array(framer.takeRest())).toEqual(rest)
        },
      ),
    )
  })

  test('a message inside one chunk is a view, not a copy', () => {
    const chunk = frame('D', Buffer.from('abc'))
    const framer = new MessageFramer()
    framer.push(chunk)
    const body = framer.next()?.body
    expect(body?.buffer).toBe(chunk.buffer)
    expect(body?.byteOffset).toBe(chunk.byteOffset + 5)
  })

  test.each([
    ['shorter than its own length word', [0x51, 0, 0, 0, 3]],
    ['negative', [0x51, 0xff, 0xff, 0xff, 0xff]],
    ['over the limit', [0x51, 0, 0, 0x10, 0]],
  ])('refuses a length that is %s', (_, bytes) => {
    const framer = new MessageFramer({ maxLength: 100 })
    framer.push(Buffer.from(bytes))
    expect(() => framer.next()).toThrow('invalid message length')
  })

  test('refuses an untyped length before its body comes', () => {
    const framer = new MessageFramer({ maxLength: 10_004 })
    framer.push(Buffer.from([0, 0, 0x27, 0x15]))
    expect(() => framer.nextUntyped()).toThrow('invalid message length')
  })
})
