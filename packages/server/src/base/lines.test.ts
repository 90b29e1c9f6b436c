import { PassThrough, Readable } from 'node:stream'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  escapeControls,
  type LineOptions,
  LineSplitter,
  linesOf,
  MAX_LINE_BYTES,
  readLines,
} from './lines.ts'

function split(chunks: readonly (string | Buffer)[], options?: LineOptions): string[] {
  const lines: string[] = []
  const splitter = new LineSplitter((line) => lines.push(line), options)
  for (const chunk of chunks) splitter.write(Buffer.from(chunk))
  splitter.end()
  return lines
}

/** `bytes` cut after each of `lengths`, over and over. */
function inChunks(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1
    chunks.push(bytes.subarray(at, at + length))
    at += length
  }
  return chunks
}

describe('lines', () => {
  it('ends lines at LF and CR LF, and gives the last one without an end', () => {
    expect(split(['one\ntw', 'o\r\n\nlast'])).toEqual(['one', 'two', '', 'last'])
    expect(split(['a\r', '\nb\n'])).toEqual(['a', 'b'])
  })

  it('keeps a lone CR in the line unless it ends one', () => {
    expect(split(['10%\r20%\n'])).toEqual(['10%\\x0d20%'])
    expect(split(['10%\r20%\r', '\nx\r\r\n\n'], { returnEndsLine: true })).toEqual([
      '10%',
      '20%',
      'x',
      '',
      '',
    ])
  })

  it('caps a line and says how many bytes it dropped', () => {
    const [line, next] = split(['x'.repeat(MAX_LINE_BYTES), 'y'.repeat(1000), '\nnext\n'])
    expect(line).toBe(`${'x'.repeat(MAX_LINE_BYTES)} […1000 more bytes of this line were dropped]`)
    expect(next).toBe('next')
    expect(split(['1234\r', '\n5'], { maxBytes: 4 })).toEqual(['1234', '5'])
  })

  it('cuts no character in half', () => {
    expect(split(['aé€😀'], { maxBytes: 9 })[0]).toBe('aé€ […4 more bytes of this line were dropped]')
    expect(split([Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)])).toEqual(['é'])
  })

  it('writes control characters out', () => {
    expect(split(['a\tb\u0000\u001b[31m\n'])).toEqual(['a\tb\\x00\\x1b[31m'])
    expect(escapeControls('\u2028\u0085')).toBe('\\u2028\\x85')
    expect(split(['\u001b[1m'], { escapesControls: false })).toEqual(['\u001b[1m'])
  })

  it('does not depend on how the bytes are cut', () => {
    const texts = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\n', '\r\n', '\r', '😀')))
    const lengths = fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 })
    fc.assert(
      fc.property(texts, lengths, fc.boolean(), (parts, cuts, returnEndsLine) => {
        const text = parts.join('').toWellFormed()
        const lines = split(inChunks(Buffer.from(text), cuts), { returnEndsLine, escapesControls: false })
        const expected = text.split(returnEndsLine ? /\r\n|\r|\n/ : /\r?\n/)
        if (expected.at(-1) === '') expected.pop()
        expect(lines).toEqual(expected)
      }),
    )
  })

  it('reads 600 MB without a line end in bounded memory and linear time', () => {
    const chunk = Buffer.alloc(64 * 1024, 'x')
    const lines: string[] = []
    const splitter = new LineSplitter((line) => lines.push(line))
    const millisecondsFor = (chunks: number): number => {
      const start = performance.now()
      for (let count = 0; count < chunks; count += 1) splitter.write(chunk)
      return performance.now() - start
    }
    millisecondsFor(100)
    const before = process.memoryUsage()
    const first = millisecondsFor(3000)
    const later = millisecondsFor(6600)
    const { heapUsed, external } = process.memoryUsage()
    splitter.end()
    expect(lines.map((line) => line.length < MAX_LINE_BYTES + 100)).toEqual([true])
    expect(later).toBeLessThan(20 * first + 1000)
    expect(heapUsed + external - before.heapUsed - before.external).toBeLessThan(32 * 1024 * 1024)
  })

  it('is linear in short lines, too', () => {
    const chunk = Buffer.from('\n'.repeat(1024 * 1024))
    let count = 0
    const splitter = new LineSplitter(() => (count += 1), { returnEndsLine: true })
    splitter.write(chunk)
    expect(count).toBe(chunk.length)
  })
})

describe('streams', () => {
  it('reads to the end', async () => {
    const lines: string[] = []
    await readLines(Readable.from([Buffer.from('a\nb'), Buffer.from('c')]), (line) => lines.push(line))
    expect(lines).toEqual(['a', 'bc'])
  })

  it('takes a stream that breaks for one that is over', async () => {
    const stream = new PassThrough()
    const lines: string[] = []
    const over = readLines(stream, (line) => lines.push(line))
    stream.write('half')
    await new Promise(setImmediate)
    stream.destroy(new Error('broken pipe'))
    await over
    expect(lines).toEqual(['half'])
  })

  it('reads no faster than its lines are taken', async () => {
    let asked = 0
    async function* source(): AsyncGenerator<Buffer> {
      for (; asked < 100;) {
        asked += 1
        yield Buffer.from('line\n')
      }
    }
    const lines = linesOf(source())
    expect((await lines.next()).value).toBe('line')
    expect(asked).toBe(1)
    let rest = 0
    for await (const line of lines) rest += line.length / 4
    expect(rest).toBe(99)
  })
})
