import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ManualClock } from '../../tests/manual-clock.ts'
import { openAppLog } from './app-logs.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-log-'))
})
afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

it('gives the lines back after a restart, a broken last one aside', async () => {
  {
    await using log = await openAppLog(directory, new ManualClock())
    log.add('SYSTEM', 'started')
    log.add('APP', 'one\ttwo')
  }
  await writeFile(path.join(directory, 'app.log'), '{"source":"APP","mess', { flag: 'a' })
  await using again = await openAppLog(directory, new ManualClock())
  expect(again.tail(10)).toEqual([
    { source: 'SYSTEM', timestamp: 1_767_225_600, message: 'started' },
    { source: 'APP', timestamp: 1_767_225_600, message: 'one\ttwo' },
  ])
})

it('hands new lines to subscribers until they leave', async () => {
  await using log = await openAppLog(directory, new ManualClock())
  const seen: string[] = []
  const leave = log.subscribe((line) => seen.push(line.message))
  log.add('APP', 'a')
  leave()
  log.add('APP', 'b')
  expect(seen).toEqual(['a'])
})

it('keeps disk and memory bounded for an app that never stops writing', async () => {
  {
    await using log = await openAppLog(directory, new ManualClock())
    for (let index = 0; index < 4000; index += 1) {
      log.add('APP', `${index} ${'x'.repeat(20_000)}`)
      if (index % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(log.tail(100_000).length).toBeLessThanOrEqual(3000)
    expect(log.tail(1)[0]?.message).toMatch(/^3999 x+ \[…\d+ more characters were dropped\]$/)
    expect(log.tail(1)[0]?.message.length).toBeLessThanOrEqual(16 * 1024)
  }
  expect((await readdir(directory)).sort()).toEqual(['app.log', 'app.log.1'])
  expect((await stat(path.join(directory, 'app.log'))).size).toBeLessThan(6 * 1024 * 1024)
})
