// The end of a workspace, whatever is under way: it comes in seconds, and nothing is left running.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runsIn } from '../hostile/footprint.ts'
import { seedPostgres } from '../system/postgres-cache.ts'
import { cliCommand, environment } from '../system/workspace.ts'

let directory: string
let data: string
let said = ''

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-stop-'))
  await chmod(directory, 0o755)
  data = path.join(directory, 'data')
  said = ''
  await seedPostgres(data)
})

afterEach(async () => {
  await expect.poll(() => runsIn(data)).toEqual([])
  await rm(directory, { recursive: true, force: true })
})

/** `lakelet up --tutorial`, in the first moments of its life. */
function up(template = 'notes-flask'): ChildProcess {
  const [command, ...args] = cliCommand
  const ports = ['--http-port', '0', '--postgres-port', '0']
  const child = spawn(
    command,
    [...args, 'up', '--tutorial', '--template', template, '--data-dir', data, ...ports],
    { cwd: directory, env: environment(directory), stdio: ['ignore', 'pipe', 'pipe'] },
  )
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  }
  return child
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come; it said: ${said}`)
    await sleep(10)
  }
}

/** Milliseconds from the signal to the end. */
async function stop(child: ChildProcess): Promise<number> {
  const ended = once(child, 'exit')
  const started = performance.now()
  child.kill('SIGTERM')
  await ended
  return performance.now() - started
}

describe('SIGTERM right after a first start', () => {
  it.each([
    ['the workspace has just started', () => existsSync(path.join(data, 'workspace.json'))],
    ['a project is being created', () => said.includes('1. App')],
    ['an app is being deployed', () => said.includes('4. Files of the app')],
  ])('ends it in seconds when %s', async (_moment, hasCome) => {
    const child = up('notes-node')
    await until(hasCome, 'the moment')
    expect(await stop(child)).toBeLessThan(20_000)
    expect(said).not.toMatch(/Error/)
    expect(problemsIn(data)).toEqual([])
  })
})

describe('a second SIGTERM', () => {
  it.skipIf(process.platform !== 'linux')('ends it at once, also when Postgres is frozen', async () => {
    const child = up()
    await until(() => said.includes('2. '), 'a running project')
    const [postmaster] = runsIn(path.join(data, 'branches')).filter(({ parent }) => parent === child.pid)
    process.kill(postmaster?.pid ?? 0, 'SIGSTOP')
    const ended = once(child, 'exit')
    const started = performance.now()
    // One that comes within a second of the first is the same Ctrl-C, which came twice.
    while (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM')
      await Promise.race([ended, sleep(200)])
    }
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})

/** Errors in the log of the workspace. */
function problemsIn(dataDir: string): string[] {
  return readFileSync(path.join(dataDir, 'lakelet.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"level":50'))
}
