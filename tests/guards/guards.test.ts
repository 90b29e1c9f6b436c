// The guards of all test files can fail: each kind of leak and an unexpected line are found.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { startLeakCheck } from './leak-check.ts'
import { expectInLog, noteLine, unexpectedLines } from './log-guard.ts'

const before = process.env['TMPDIR']
afterEach(() => {
  process.env['TMPDIR'] = before
})

it('a process, a socket, a directory and a timer that are left are named', async () => {
  const check = startLeakCheck(0)
  const directory = mkdtempSync(path.join(tmpdir(), 'left-'))
  const child = spawn('sleep', ['60'], { cwd: '/', stdio: 'ignore' })
  const server = createServer().listen(path.join(directory, 'socket'))
  await once(server, 'listening')
  const timer = setInterval(() => {}, 60_000)
  try {
    const leaks = await check.leaks()
    expect(leaks).toContain(`directory ${directory}`)
    expect(leaks).toContain('Timeout that keeps the process alive')
    if (process.platform !== 'linux') return
    expect(leaks).toContain(`process ${child.pid}: sleep 60`)
    expect(leaks).toContain(`socket ${path.join(directory, 'socket')}`)
  } finally {
    clearInterval(timer)
    server.close()
    child.kill()
    await once(child, 'exit')
  }
})

it('a warning that nobody expects is found, one that is expected is not', () => {
  const [info, warning, error] = [30, 40, 50].map((level) => JSON.stringify({ level, msg: `of ${level}` }))
  for (const line of [info, warning, error]) noteLine(line ?? '')
  expectInLog(/of 50/)
  expect(unexpectedLines()).toEqual([warning])
})
