import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LogFile } from './log-file.ts'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-log-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

test('lines are put together from pieces, characters that are cut in two included', async () => {
  const file = path.join(directory, 'pieces')
  const log = new LogFile(file)
  const lines: string[] = []
  const bytes = Buffer.from('first\nzweite Zeile: größer\nlast')
  for (const byte of bytes) log.write(Buffer.from([byte]), (line) => lines.push(line))
  expect(lines).toEqual(['first', 'zweite Zeile: größer'])
  expect(log.lastLines).toEqual(['first', 'zweite Zeile: größer', 'last'])
  log[Symbol.dispose]()
  expect(await readFile(file, 'utf8')).toBe(bytes.toString())
})

test('the last 50 lines are kept', async () => {
  const log = new LogFile(path.join(directory, 'many'))
  log.write(Buffer.from(Array.from({ length: 80 }, (_, n) => `${n}\n`).join('')), () => undefined)
  expect(log.lastLines).toHaveLength(50)
  expect(log.lastLines[0]).toBe('30')
  log[Symbol.dispose]()
})

test('a file that grew too large makes room for a new one', async () => {
  const file = path.join(directory, 'rotated')
  const log = new LogFile(file, 10)
  log.write(Buffer.from('0123456789\n'), () => undefined)
  log.write(Buffer.from('new\n'), () => undefined)
  log[Symbol.dispose]()
  expect(await readFile(file, 'utf8')).toBe('new\n')
  expect(await readFile(`${file}.1`, 'utf8')).toBe('0123456789\n')
})
