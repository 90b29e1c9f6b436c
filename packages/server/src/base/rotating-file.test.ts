import { execFileSync } from 'node:child_process'
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogFile } from './log-file.ts'
import { RotatingFile } from './rotating-file.ts'

let directory: string
let file: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'lakelet-log-'))
  file = path.join(directory, 'a.log')
})
afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

describe('a rotating file', () => {
  it('turns over at its size and keeps as many as it is told', () => {
    using log = new RotatingFile(file, { maxBytes: 100, kept: 2 })
    for (let line = 0; line < 40; line += 1) log.write(`line ${String(line).padStart(4, '0')}\n`)
    const texts = [file, `${file}.1`, `${file}.2`].map((each) => readFileSync(each, 'utf8'))
    expect(texts.map((text) => text.length)).toEqual([100, 100, 100])
    expect(texts[0]?.endsWith('line 0039\n')).toBe(true)
    expect(existsSync(`${file}.3`)).toBe(false)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('goes on with the file of an earlier run', () => {
    writeFileSync(file, 'x'.repeat(100))
    using log = new RotatingFile(file, { maxBytes: 100 })
    log.write('new\n')
    expect(readFileSync(file, 'utf8')).toBe('new\n')
    expect(statSync(`${file}.1`).size).toBe(100)
  })

  it('drops what it cannot write, and says so when it can again', () => {
    mkdirSync(file)
    using log = new RotatingFile(file)
    log.write('one\n')
    log.write('two\n')
    expect(log.dropped).toEqual({ writes: 2, code: 'EISDIR' })
    rmSync(file, { recursive: true })
    log.write('three\n')
    expect(readFileSync(file, 'utf8')).toBe(
      '[2 entries of this log could not be written and were dropped: EISDIR]\nthree\n',
    )
    expect(log.dropped).toBeUndefined()
  })

  it.skipIf(!canMount())('keeps whole lines on a disk that fills up', () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', directory])
    try {
      const ballast = path.join(directory, 'ballast')
      writeFileSync(ballast, Buffer.alloc(32 * 1024))
      using log = new RotatingFile(file)
      const line = `${'x'.repeat(999)}\n`
      for (let count = 0; count < 100; count += 1) log.write(line)
      const full = readFileSync(file, 'utf8')
      expect(log.dropped?.code).toBe('ENOSPC')
      expect(full.length % 1000).toBe(0)
      expect(full.length).toBeGreaterThan(0)
      rmSync(ballast)
      log.write(line)
      const [notice, last] = readFileSync(file, 'utf8').slice(full.length).split('\n')
      expect(notice).toMatch(/^\[\d+ entries of this log could not be written and were dropped: ENOSPC\]$/)
      expect(`${last}\n`).toBe(line)
    } finally {
      execFileSync('umount', [directory])
    }
  })
})

describe('a log file', () => {
  it('is written later, turned over, and whole at its end', async () => {
    await using log = new LogFile(file, { maxBytes: 20_000, kept: 3 })
    for (let first = 0; first < 10_000; first += 1000) {
      for (let line = first; line < first + 1000; line += 1) log.write(`${line}\n`)
      // What waits is one write, so each thousand is let in before the next.
      while (!existsSync(file) || !readFileSync(file, 'utf8').includes(`${first + 999}\n`)) await sleep(1)
    }
    await log[Symbol.asyncDispose]()
    const texts = [`${file}.1`, file].map((each) => readFileSync(each, 'utf8'))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(texts.join('').trim().split('\n').at(-1)).toBe('9999')
    const numbers = texts.join('').trim().split('\n').map(Number)
    expect(numbers).toEqual(numbers.map((_, index) => index + (numbers[0] ?? 0)))
    log.write('after its end: nothing happens\n')
  })

  it('can be waited for without the event loop, in the midst of a write, too', async () => {
    await using log = new LogFile(file)
    log.write('first words\n')
    log.flushSync()
    expect(readFileSync(file, 'utf8')).toBe('first words\n')
    const large = `${'x'.repeat(4_000_000)}\n`
    log.write(large)
    // The write begins, and this thread does not come back to the event loop.
    await new Promise((resolve) => setImmediate(resolve))
    log.write('last words\n')
    log.flushSync()
    expect(readFileSync(file, 'utf8') === `first words\n${large}last words\n`).toBe(true)
  })

  it('holds nobody up and keeps little when the disk hangs', async () => {
    // A pipe that nobody reads hangs its writer as a dead disk does.
    execFileSync('mkfifo', [file])
    const log = new LogFile(file)
    const line = `${'x'.repeat(1023)}\n`
    const started = performance.now()
    log.write(line)
    await new Promise((resolve) => setImmediate(resolve))
    const before = process.memoryUsage().rss
    for (let count = 0; count < 100_000; count += 1) log.write(line)
    log.flushSync(100)
    expect(performance.now() - started).toBeLessThan(5_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024)
    // The disk is back: what hangs goes on.
    const reader = openSync(file, constants.O_RDWR | constants.O_NONBLOCK)
    await log[Symbol.asyncDispose]()
    closeSync(reader)
  })

  it('says in JSON what was lost of a JSON log', async () => {
    mkdirSync(file)
    await using log = new LogFile(file, { isJson: true })
    log.write('{"msg":"one"}\n')
    log.flushSync()
    rmSync(file, { recursive: true })
    log.write('{"msg":"two"}\n')
    log.flushSync()
    const lines = readFileSync(file, 'utf8').trim().split('\n')
    expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
      { level: 40, writes: 1, code: 'EISDIR' },
      { msg: 'two' },
    ])
  })
})

/** Whether this user may mount; the test of a full disk is skipped otherwise. */
function canMount(): boolean {
  const probe = mkdtempSync(path.join(tmpdir(), 'lakelet-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', probe], { stdio: 'ignore' })
    execFileSync('umount', [probe])
    return true
  } catch {
    console.log('skipped: keeping whole lines on a disk that fills up, because this user may not mount one')
    return false
  } finally {
    rmSync(probe, { recursive: true, force: true })
  }
}
