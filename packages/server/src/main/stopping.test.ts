import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../tests/manual-clock.ts'
import { isGroupAlive } from '../base/terminate.ts'
import { Stopping } from './stopping.ts'

/** A logger whose lines are kept. */
function logInto(lines: { msg: string; part?: string }[]) {
  return pino({ level: 'warn' }, { write: (line) => void lines.push(JSON.parse(line) as { msg: string }) })
}

describe('stopping', () => {
  it('waits for a part that stops in time', async () => {
    const stopping = new Stopping({ log: logInto([]) })
    let isStopped = false
    const part = stopping.limit('quick', {
      async [Symbol.asyncDispose]() {
        await Promise.resolve()
        isStopped = true
      },
    })
    await part[Symbol.asyncDispose]()
    expect(isStopped).toBe(true)
    expect(stopping.overdue).toEqual([])
  })

  it('leaves one behind that does not, and gives those after it little time', async () => {
    const clock = new ManualClock()
    const lines: { msg: string; part?: string }[] = []
    const stopping = new Stopping({ log: logInto(lines), clock, stopMs: 10_000 })
    const never = { [Symbol.asyncDispose]: () => new Promise<void>(() => {}) }
    const first = stopping.limit('first', never)[Symbol.asyncDispose]()
    await clock.advance(10_000)
    await first
    const second = stopping.limit('second', never)[Symbol.asyncDispose]()
    await clock.advance(500)
    await second
    expect(stopping.overdue).toEqual(['first', 'second'])
    expect(lines.map(({ part }) => part)).toEqual(['first', 'second'])
  })

  it('passes on what a part fails with', async () => {
    const stopping = new Stopping({ log: logInto([]) })
    const part = stopping.limit('broken', {
      [Symbol.asyncDispose]: () => Promise.reject(new Error('broken')),
    })
    await expect(part[Symbol.asyncDispose]()).rejects.toThrow('broken')
  })
})

/** A process that is a workspace and nothing else, doing what `body` says. */
async function runOwned(
  body: string,
): Promise<{ code: number | null; lines: { msg: string }[]; stdout: string }> {
  const at = (name: string) => JSON.stringify(fileURLToPath(new URL(name, import.meta.url)))
  const script = `
    import { ownProcess, Stopping } from ${at('./stopping.ts')}
    import { createLogger } from ${at('../base/log.ts')}
    const log = createLogger({ level: 'info', destination: { write: (line) => process.stderr.write(line) } })
    const stopping = new Stopping({ log, stopMs: 50 })
    const owned = ownProcess(log, stopping)
    ${body}`
  const child = spawn(
    process.execPath,
    [
      '--conditions=lakelet:source',
      '--disable-warning=ExperimentalWarning',
      '--input-type=module',
      '-e',
      script,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  const lines = said.stderr.split('\n').filter(Boolean)
  return { code, lines: lines.map((line) => JSON.parse(line) as { msg: string }), stdout: said.stdout }
}

describe('a process that is a workspace', () => {
  it('survives what nobody handles, and logs it', async () => {
    const { code, lines } = await runOwned(`
      import { EventEmitter } from 'node:events'
      setTimeout(() => { throw new TypeError('thrown in a callback') }, 1)
      setTimeout(() => new EventEmitter().emit('error', new Error('emitted')), 2)
      Promise.reject(new Error('rejected'))
      setTimeout(() => { Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })) }, 3)
      setTimeout(() => { log.info('still here'); owned[Symbol.dispose]() }, 50)`)
    expect(code).toBe(0)
    expect(lines.map((line) => line.msg)).toEqual([
      'an error that nobody handled',
      'an error that nobody handled',
      'an error that nobody handled',
      'work that nobody waited for failed: the disk is full',
      'still here',
    ])
  })

  it('ends although a part hangs, and takes its children with it', async () => {
    const { code, stdout } = await runOwned(`
      import { spawn } from 'node:child_process'
      const child = spawn('sh', ['-c', "trap '' TERM; sleep 61 & echo $$ $!; wait"], { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
      setInterval(() => {}, 1000)
      await stopping.limit('hanging', { [Symbol.asyncDispose]: () => new Promise(() => {}) })[Symbol.asyncDispose]()
      owned[Symbol.dispose]()`)
    expect(code).toBe(1)
    const pids = stdout.trim().split(' ').map(Number)
    expect(pids).toHaveLength(2)
    await expect.poll(() => isGroupAlive(pids[0] ?? 0)).toBe(false)
  })
})
