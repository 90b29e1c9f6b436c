import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import {
  childTarget,
  exitOf,
  groupTarget,
  isGroupAlive,
  sendSignal,
  type Stage,
  terminate,
  termThenKill,
} from './terminate.ts'

/** A shell that runs `script`, once it has said that it is ready. */
async function shell(script: string, detached = false): Promise<ChildProcess> {
  const child = spawn('sh', ['-c', script], { detached, stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  return child
}

const STUBBORN = "trap '' TERM INT; echo ready; while :; do sleep 0.05; done"

describe('terminate', () => {
  it('is over at the first signal that is obeyed', async () => {
    const child = await shell('echo ready; exec sleep 60')
    const done = await terminate(childTarget(child), { stages: termThenKill(10_000) })
    expect(done).toEqual({ ended: true, signal: 'SIGTERM' })
    expect(await exitOf(child)).toEqual({ code: null, signal: 'SIGTERM' })
  })

  it('goes through all stages and tells of each that was not enough', async () => {
    const child = await shell(STUBBORN)
    const overdue: Stage[] = []
    const stages: Stage[] = [
      { signal: 'SIGINT', waitMs: 50 },
      { signal: 'SIGTERM', waitMs: 60 },
      { signal: 'SIGKILL', waitMs: 10_000 },
    ]
    const done = await terminate(childTarget(child), { stages, onOverdue: (stage) => overdue.push(stage) })
    expect(done).toEqual({ ended: true, signal: 'SIGKILL' })
    expect(overdue).toEqual(stages.slice(0, 2))
  })

  it('sees the end of a process whose pipes somebody else holds', async () => {
    const child = await shell('sleep 90 & echo ready; wait', true)
    const started = performance.now()
    const done = await terminate(childTarget(child), { stages: termThenKill(60_000) })
    expect(done.ended).toBe(true)
    expect(performance.now() - started).toBeLessThan(30_000)
    expect(isGroupAlive(child.pid ?? 0)).toBe(true)
    await terminate(groupTarget(child), { stages: termThenKill(4_000) })
    expect(isGroupAlive(child.pid ?? 0)).toBe(false)
  })

  it('ends what is left of a group after its leader', async () => {
    const child = await shell(`(${STUBBORN}) & exit 0`, true)
    await exitOf(child)
    const done = await terminate(groupTarget(child), { stages: termThenKill(50, 10_000) })
    expect(done).toEqual({ ended: true, signal: 'SIGKILL' })
  })

  it('kills a stopped process', async () => {
    const child = await shell(STUBBORN)
    child.kill('SIGSTOP')
    const done = await terminate(childTarget(child), { stages: termThenKill(50, 10_000) })
    expect(done).toEqual({ ended: true, signal: 'SIGKILL' })
  })

  it('has nothing to do for what has ended or never ran', async () => {
    const child = spawn('true')
    await exitOf(child)
    expect(await terminate(childTarget(child), { stages: termThenKill(10) })).toEqual({
      ended: true,
      signal: undefined,
    })
    const never = spawn('/no/such/program')
    expect((await exitOf(never)).error).toMatchObject({ code: 'ENOENT' })
    expect(await exitOf(never)).toMatchObject({ signal: null })
    expect((await terminate(groupTarget(never), { stages: termThenKill(10) })).ended).toBe(true)
    expect(sendSignal(2 ** 22 + 1, 'SIGTERM')).toBe(false)
  })
})
