// The size of a compute while it is awake: decided over simulated servers with a clock that moves by hand, and held by the kernel of this host.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { openCgroups } from '../../src/base/cgroups/cgroups.ts'
import { Computes } from '../../src/computes/computes.ts'
import { localDriver } from '../../src/computes/drivers/local.ts'
import { SimulatedDriver } from '../../src/computes/drivers/simulated.ts'
import type { EndpointSpec } from '../../src/computes/index.ts'
import { decideSize } from '../../src/computes/scaling/goal.ts'
import { ManualClock } from '../manual-clock.ts'
import { connectAs, installForTest, TEST_MAJOR, testLog } from '../postgres/installed.ts'

const UID = 'ep-scaled'
const GB = 1_000_000_000

describe('over simulated servers', () => {
  function start(range: { minCu: number; maxCu: number }) {
    const clock = new ManualClock()
    const driver = new SimulatedDriver(clock)
    const spec: EndpointSpec = {
      uid: UID,
      branchUid: 'br-scaled',
      dataDirectory: 'br-scaled',
      major: TEST_MAJOR,
      ...range,
      suspendAfterMs: null,
      disabled: false,
      settings: {},
    }
    const stored = { spec }
    const computes = new Computes({
      driver,
      storage: { list: async () => [], dataDirectory: (uid) => uid },
      endpoints: { load: () => stored.spec },
      notes: { write: async () => undefined, read: async () => undefined },
      log: testLog,
      clock,
    })
    const pass = async (seconds: number) => {
      for (let half = 0; half < seconds * 2; half += 1) await clock.advance(500)
    }
    return {
      computes,
      stored,
      pass,
      size: () => computes.activity(UID).sizeCu,
      records: () => computes.scaling(UID).records,
      server: () => driver.serverOn('br-scaled')!,
      async wake() {
        const waking = computes.wake(UID)
        await pass(1)
        await waking
      },
      async [Symbol.asyncDispose]() {
        const ending = computes[Symbol.asyncDispose]()
        await pass(2)
        await ending
      },
    }
  }

  test('it begins at the smallest, follows a load that stays within seconds, and sinks with it', async () => {
    await using scaled = start({ minCu: 0.5, maxCu: 8 })
    await scaled.wake()
    expect(scaled.size()).toBe(0.5)
    scaled.server().taken = { runnable: 4, memoryBytes: 0.3 * GB }
    await scaled.pass(15)
    expect(scaled.size()).toBe(5)
    expect(scaled.server().cu).toBe(5)
    await scaled.pass(300)
    expect(scaled.size()).toBe(5)
    scaled.server().taken = { runnable: 0, memoryBytes: 0.3 * GB }
    await scaled.pass(600)
    expect(scaled.size()).toBe(0.5)
    const sizes = scaled.records().map(({ targetCu }) => targetCu)
    expect(Math.max(...sizes)).toBe(5)
    // Once up, then only down.
    const steps = scaled.records().filter(({ targetCu, inputs }) => targetCu !== inputs.currentCu)
    const ups = steps.filter(({ targetCu, inputs }) => targetCu > inputs.currentCu)
    expect(ups.every((each) => steps.indexOf(each) < ups.length)).toBe(true)
  })

  test('every decision can be made again from what is kept of it, and what is kept is bounded', async () => {
    await using scaled = start({ minCu: 1, maxCu: 4 })
    await scaled.wake()
    for (let round = 0; round < 40; round += 1) {
      scaled.server().taken =
        round % 5 === 4 ? undefined : { runnable: (round * 7) % 9, memoryBytes: (round % 4) * 2 * GB }
      await scaled.pass(10)
    }
    const records = scaled.records()
    expect(records.length).toBeGreaterThan(60)
    expect(records.length).toBeLessThanOrEqual(260)
    for (const { inputs, targetCu, reason, goal } of records)
      expect(decideSize(inputs)).toEqual({ targetCu, reason, ...(goal ? { goal } : {}) })
    expect(new Set(records.map(({ reason }) => reason))).toEqual(new Set(['goal', 'limit', 'no_signals']))
  })

  test('memory that runs short is not left waiting for the next decision', async () => {
    await using scaled = start({ minCu: 0.5, maxCu: 16 })
    await scaled.wake()
    await scaled.pass(10)
    const before = scaled.records().length
    scaled.server().taken = { runnable: 0, memoryBytes: 3 * GB }
    await scaled.pass(2)
    expect(scaled.size()).toBe(3)
    expect(scaled.records().length).toBe(before + 1)
  })

  test('a server of which nothing is known keeps its size; one that wakes again begins anew', async () => {
    await using scaled = start({ minCu: 1, maxCu: 8 })
    await scaled.wake()
    scaled.server().taken = { runnable: 6, memoryBytes: 0 }
    await scaled.pass(15)
    expect(scaled.size()).toBe(7)
    scaled.server().taken = undefined
    await scaled.pass(60)
    expect(scaled.size()).toBe(7)
    const suspending = scaled.computes.suspend(UID)
    await scaled.pass(1)
    await suspending
    expect(scaled.size()).toBeUndefined()
    await scaled.wake()
    expect(scaled.size()).toBe(1)
  })

  test('new limits count at once, without a restart where the largest size stays', async () => {
    await using scaled = start({ minCu: 1, maxCu: 8 })
    await scaled.wake()
    scaled.stored.spec = { ...scaled.stored.spec, minCu: 3 }
    const applied = scaled.computes.applySettings(UID)
    await scaled.pass(1)
    expect(await applied).toEqual({ applied: 'RELOADED' })
    expect(scaled.size()).toBe(3)
  })
})

const isRoot = process.getuid?.() === 0

describe('over Postgres', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'lakelet-scaling-'))
  })
  afterAll(() => rm(directory, { recursive: true, force: true }))

  test.runIf(isRoot)(
    'a size is what the kernel gives, and leaves its sessions connected (needs root)',
    async (context) => {
      await using cgroups = await openCgroups({ dataDir: directory, log: testLog })
      if (cgroups.enforcement.cpu === 'advisory') context.skip(`no limits here: ${cgroups.enforcement.why}`)
      await using installed = await installForTest()
      const dataDirectory = await installed.newDataDirectory('br-share/data')
      const driver = localDriver({ postgres: installed.postgres, cgroups, log: testLog })
      const settings = { maxCu: 2, cu: 0.5 }
      const spec = { endpointUid: UID, dataDirectory, major: TEST_MAJOR, settings }
      const server = await driver.start(spec, new AbortController().signal)
      await using _stopped = { [Symbol.asyncDispose]: async () => void (await server.stop()) }
      await using session = await connectAs(server.address, 'cloud_admin')
      await session.query(BURN_FUNCTION)

      const idle = await server.usage()
      expect(idle?.memoryBytes).toBeGreaterThan(1_000_000)
      expect(idle?.cache !== undefined).toBe(cgroups.enforcement.memory !== 'advisory')

      // A share of a CPU, not a speed: time of the CPU in time of the clock.
      expect(await cpuShare(session, 1_000)).toBeLessThan(0.7)
      const [before] = await session.query<{ size: string }>('SHOW effective_cache_size')
      expect(await server.applySettings({ maxCu: 2, cu: 2 })).toEqual([])
      const [after] = await session.query<{ size: string }>('SHOW effective_cache_size')
      expect([before, after]).toEqual([{ effective_cache_size: '750MB' }, { effective_cache_size: '3000MB' }])
      await server.applySettings({ maxCu: 2, cu: 0.5 })
      const burning = session.query('SELECT burn(500)')
      await expect.poll(async () => (await server.usage())?.runnable, { interval: 20 }).toBeGreaterThan(0)
      await burning
    },
  )
})

/** Computes for `ms` of the clock and returns how many rounds it made. */
const BURN_FUNCTION = `
  CREATE OR REPLACE FUNCTION burn(ms int) RETURNS bigint LANGUAGE plpgsql AS $$
  DECLARE
    until timestamptz := clock_timestamp() + ms * interval '1 ms';
    rounds bigint := 0;
  BEGIN
    WHILE clock_timestamp() < until LOOP rounds := rounds + 1; END LOOP;
    RETURN rounds;
  END $$`

async function cpuShare(
  session: { query<Row extends object>(text: string): Promise<Row[]> },
  ms: number,
): Promise<number> {
  const [{ pid }] = (await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')) as [
    { pid: number },
  ]
  const before = await cpuSeconds(pid)
  await session.query(`SELECT burn(${ms})`)
  return ((await cpuSeconds(pid)) - before) / (ms / 1000)
}

/** Time on a CPU, in user and system mode; clock ticks are 10 ms (proc_pid_stat(5)). */
async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
