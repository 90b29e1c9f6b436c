import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { finished } from 'node:stream/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LogFile } from './log-file.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-log-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function follow(log: LogFile, chunks: readonly Buffer[]): Promise<void> {
  const stream = new PassThrough()
  log.follow(stream)
  for (const chunk of chunks) stream.write(chunk)
  stream.end()
  await finished(stream)
}

test('lines are put together from pieces, characters that are cut in two included', async () => {
  const file = path.join(directory, 'pieces')
  const log = new LogFile(file)
  const bytes = Buffer.from('first\nzweite Zeile: größer\nlast')
  for (const byte of bytes) log.write(Buffer.from([byte]))
  expect(log.lastLines).toEqual(['first', 'zweite Zeile: größer', 'last'])
  await follow(log, [])
  expect(await readFile(file, 'utf8')).toBe(`${bytes.toString()}\n`)
})

test('the last 50 lines are kept', async () => {
  const log = new LogFile(path.join(directory, 'many'))
  await follow(log, [Buffer.from(Array.from({ length: 80 }, (_, n) => `${n}\n`).join(''))])
  expect(log.lastLines).toHaveLength(50)
  expect(log.lastLines[0]).toBe('30')
})

test('a file that grew too large makes room for a new one', async () => {
  const file = path.join(directory, 'rotated')
  await follow(new LogFile(file, 10), [Buffer.from('0123456789\n'), Buffer.from('new\n')])
  expect(await readFile(file, 'utf8')).toBe('new\n')
  expect(await readFile(`${file}.1`, 'utf8')).toBe('0123456789\n')
})

test('a line of 200 MB in small chunks costs a moment, and of it the beginning is kept', async () => {
  const log = new LogFile(path.join(directory, 'long'))
  const chunk = Buffer.alloc(64 * 1024, 'x')
  const began = process.cpuUsage()
  for (let written = 0; written < 200e6; written += chunk.length) log.write(chunk)
  log.write(Buffer.from('\nnext\n'))
  const { user, system } = process.cpuUsage(began)
  // Read again from its start for each chunk, it would be minutes.
  expect((user + system) / 1000).toBeLessThan(20_000)
  const [long = '', next] = log.lastLines
  expect(long).toMatch(/^x{16384} \[…\d+ more bytes of this line were dropped\]$/)
  expect(next).toBe('next')
})
