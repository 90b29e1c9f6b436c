// What every driver promises, tried on each of them: real Postgres processes, and servers in memory.
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { RunningServer, ServerDriver, ServerSpec } from '../../src/computes/drivers/driver.ts'
import { localDriver } from '../../src/computes/drivers/local.ts'
import { SimulatedDriver, type SimulatedServer } from '../../src/computes/drivers/simulated.ts'
import {
  DEFAULT_MAJOR,
  isConnectionLost,
  ownerOf,
  standbySettings,
  writeStandbySignal,
} from '../../src/postgres/index.ts'
import { cloneAsleep } from '../../src/storage/clone-stopped.ts'
import { besideData } from '../../src/storage/index.ts'
import { connectAs, installForTest, TEST_MAJOR, testLog } from '../postgres/installed.ts'

interface Harness extends AsyncDisposable {
  readonly driver: ServerDriver
  /** Settings that no server starts with. */
  readonly refused: Readonly<Record<string, string>>
  newSpec(name: string): Promise<ServerSpec>
  /** Of a standby of a server that has ended. */
  newStandby(of: ServerSpec): Promise<ServerSpec>
  /** Ends it as the kernel would. */
  crash(server: RunningServer): Promise<void>
  createRole(server: RunningServer, name: string): Promise<void>
  /** A session of `role`, which was created; resolves when the server has ended it. */
  openSession(server: RunningServer, role: string): Promise<{ readonly ended: Promise<unknown> }>
  /** Has such a session hold a transaction open. */
  keepBusy(server: RunningServer, role: string): Promise<void>
}

async function local(): Promise<Harness> {
  const installed = await installForTest()
  const directories = new Map<RunningServer['address'], string>()
  const driver = localDriver({ postgres: installed.postgres, log: testLog })
  const session = (server: RunningServer, role: string) => connectAs(server.address, role)
  return {
    driver: {
      ...driver,
      async start(spec, signal) {
        const server = await driver.start(spec, signal)
        directories.set(server.address, spec.dataDirectory)
        return server
      },
    },
    refused: { work_mem: 'plenty' },
    newSpec: async (name) => ({
      endpointUid: `ep-${name}`,
      // Beside the data of a branch is its log, so each has a directory of its own around it.
      dataDirectory: await installed.newDataDirectory(`br-${name}/data`),
      major: TEST_MAJOR,
      settings: { maxCu: 1 },
    }),
    async newStandby(of) {
      const dataDirectory = `${path.dirname(of.dataDirectory)}-standby/data`
      await mkdir(path.dirname(dataDirectory), { mode: 0o711 })
      await cloneAsleep({ from: of.dataDirectory, to: dataDirectory, owner: ownerOf(installed.installation) })
      await writeStandbySignal(dataDirectory, installed.postgres.host)
      const archive = path.relative(dataDirectory, besideData(of.dataDirectory).archive)
      const standby = { primary: of.endpointUid, archive, name: 'standby' }
      const own = await standbySettings(installed.postgres.host, standby)
      const endpointUid = `${of.endpointUid}-standby`
      const settings = { ...of.settings, own }
      return { ...of, endpointUid, dataDirectory, settings, follows: of.endpointUid }
    },
    async crash(server) {
      const pidFile = path.join(directories.get(server.address)!, 'postmaster.pid')
      process.kill(Number((await readFile(pidFile, 'utf8')).split('\n')[0]), 'SIGKILL')
    },
    async createRole(server, name) {
      await using admin = await server.admin()
      await admin.execute(`CREATE ROLE ${name} LOGIN`)
    },
    openSession: session,
    async keepBusy(server, role) {
      await (await session(server, role)).query('BEGIN')
    },
    [Symbol.asyncDispose]: () => installed[Symbol.asyncDispose](),
  }
}

async function simulated(): Promise<Harness> {
  const driver = new SimulatedDriver(systemClock, { startMs: 5, stopMs: 2 })
  const of = (server: RunningServer) => server as SimulatedServer
  return {
    driver,
    refused: { work_mem: 'refused' },
    newSpec: async (name) => ({
      endpointUid: `ep-${name}`,
      dataDirectory: `br-${name}`,
      major: DEFAULT_MAJOR,
      settings: { maxCu: 1 },
    }),
    newStandby: async (spec) => ({
      ...spec,
      endpointUid: `${spec.endpointUid}-standby`,
      dataDirectory: `${spec.dataDirectory}-standby`,
      follows: spec.endpointUid,
    }),
    crash: async (server) => of(server).crash(),
    async createRole(server, name) {
      driver.rolesIn(of(server).spec.dataDirectory).set(name, { name, canLogin: true })
    },
    async openSession(server) {
      const ended = Promise.withResolvers<void>()
      of(server).sessions.add({ end: ended.resolve })
      return { ended: ended.promise }
    },
    async keepBusy(server, role) {
      of(server).busy = {
        pid: 1,
        kind: 'client backend',
        role,
        database: null,
        application: null,
        state: 'idle in transaction',
        since: null,
      }
    },
    [Symbol.asyncDispose]: async () => undefined,
  }
}

const never = new AbortController().signal

describe.each([
  ['local', local],
  ['simulated', simulated],
])('the driver %s', (_name, create) => {
  let harness: Harness

  beforeAll(async () => {
    harness = await create()
  })
  afterAll(() => harness[Symbol.asyncDispose]())

  const started = async (name: string) => {
    const spec = await harness.newSpec(name)
    const server = await harness.driver.start(spec, never)
    return { spec, server, [Symbol.asyncDispose]: async () => void (await server.stop()) }
  }

  test('starts a server that accepts connections, and stops it in order', async () => {
    const { server } = await started('life')
    expect(server.isOver).toBe(false)
    expect(await server.ready()).toBe(true)
    expect(server.address).toEqual({ unix: expect.any(String) as string })
    await (await server.admin())[Symbol.asyncDispose]()

    const stopping = server.stop()
    expect(server.isOver).toBe(true)
    expect(await stopping).toMatchObject({ code: 0, expected: true })
    expect(await server.stop()).toEqual(await server.exited)
    expect(await server.ready()).toBe(false)
    const refusal: unknown = await server.admin().then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(isConnectionLost(refusal)).toBe(true)
  })

  test('tells that a server ended by itself, and starts another on the same data', async () => {
    const { spec, server } = await started('crash')
    await harness.createRole(server, 'anna')
    await harness.crash(server)
    expect(await server.exited).toMatchObject({ code: null, signal: 'SIGKILL', expected: false })
    expect(server.isOver).toBe(true)
    expect(await server.ready()).toBe(false)
    const again = await harness.driver.start(spec, never)
    expect(await again.catalog.findLoginRole('anna')).toMatchObject({ name: 'anna' })
    expect(await again.stop()).toMatchObject({ code: 0 })
  })

  test('says why a server does not start, before and while it tries', async () => {
    const spec = await harness.newSpec('refused')
    const settings = { maxCu: 1, extra: harness.refused }
    expect(await harness.driver.startProblem(spec.major, settings)).toMatch(/work_mem/)
    expect(await harness.driver.startProblem(spec.major, spec.settings)).toBeUndefined()
    await expect(harness.driver.start({ ...spec, settings }, never)).rejects.toMatchObject({
      code: 'compute_start_failed',
      message: expect.stringContaining('work_mem') as string,
    })
    const server = await harness.driver.start(spec, never)
    await server.stop()
  })

  test('gives a start up when that is wanted, and leaves nothing of it', async () => {
    const spec = await harness.newSpec('given-up')
    await expect(harness.driver.start(spec, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    const during = new AbortController()
    const starting = harness.driver.start(spec, during.signal)
    during.abort(new Error('during'))
    await expect(starting).rejects.toThrow('during')
    expect(await harness.driver.stopLeftover(spec.dataDirectory)).toBe(false)
    const server = await harness.driver.start(spec, never)
    await server.stop()
  })

  test('goes on with what an earlier run left, as long as it is what a start would make', async () => {
    const { spec, server } = await started('adopted')
    await harness.createRole(server, 'anna')
    const adopted = await harness.driver.adopt(spec)
    expect(await adopted?.catalog.findLoginRole('anna')).toMatchObject({ name: 'anna' })
    expect(adopted?.isOver).toBe(false)
    expect(await adopted?.stop()).toMatchObject({ code: 0, expected: true })
    await server.exited
    expect(await harness.driver.adopt(spec)).toBeUndefined()
    expect(await harness.driver.stopLeftover(spec.dataDirectory)).toBe(false)
  })

  test('ends what an earlier run left on a data directory', async () => {
    const { spec, server } = await started('left')
    expect(await harness.driver.stopLeftover(spec.dataDirectory)).toBe(true)
    await server.exited
    expect(await harness.driver.stopLeftover(spec.dataDirectory)).toBe(false)
  })

  test('answers from the catalogs who may log in and what keeps the server busy, and ends sessions', async () => {
    await using running = await started('catalog')
    const { server } = running
    expect(await server.catalog.findLoginRole('anna')).toBeUndefined()
    expect(await server.catalog.activity()).toEqual({ newestChange: null, newestChangeAgeMs: null })
    await harness.createRole(server, 'anna')
    expect(await server.catalog.findLoginRole('anna')).toMatchObject({
      name: 'anna',
      canLogin: true,
    })
    expect((await server.catalog.listLoginRoles()).map(({ name }) => name)).toContain('anna')

    await harness.keepBusy(server, 'anna')
    const { awakeBecause } = await server.catalog.activity()
    expect(awakeBecause).toMatchObject({ role: 'anna', state: 'idle in transaction' })
    const session = await harness.openSession(server, 'anna')
    await server.catalog.endSessions(1000)
    await session.ended
    expect(server.isOver).toBe(false)
    expect(await server.catalog.read(async () => 'read')).toBe('read')
  })

  test('takes settings while it runs, and names those that wait for a restart', async () => {
    await using running = await started('settings')
    const { server } = running
    expect(await server.applySettings({ maxCu: 1 })).toBeUndefined()
    expect(await server.applySettings({ maxCu: 1, extra: { work_mem: '12MB' } })).toEqual([])
    await expect(server.applySettings({ maxCu: 1, extra: harness.refused })).rejects.toMatchObject({
      code: 'compute_start_failed',
    })
    expect(await server.ready()).toBe(true)
    expect(
      await server.applySettings({ maxCu: 2, extra: { work_mem: '12MB', max_wal_senders: '7' } }),
    ).toEqual(['max_connections', 'max_wal_senders'])
  })

  test('follows another server, asleep and awake, and says how far it is', async () => {
    const first = await started('followed')
    expect(await first.server.catalog.replay()).toBeUndefined()
    await first.server.stop()
    const spec = await harness.newStandby(first.spec)
    const standby = await harness.driver.start(spec, never)
    expect(await standby.catalog.replay()).toMatchObject({ isStreaming: false })
    const primary = await harness.driver.start(first.spec, never)
    await harness.createRole(primary, 'anna')
    await expect
      .poll(async () => (await standby.catalog.replay())?.isStreaming, { timeout: 10_000 })
      .toBe(true)
    const end = await primary.catalog.endOfLog()
    await expect.poll(async () => ((await standby.catalog.replay())?.replayedLsn ?? 0n) >= end).toBe(true)
    // It keeps nobody awake, and is sent all before its primary stops.
    expect(await primary.catalog.activity()).toEqual({ newestChange: null, newestChangeAgeMs: null })
    expect(await primary.stop()).toMatchObject({ code: 0 })
    await expect.poll(async () => (await standby.catalog.replay())?.isStreaming).toBe(false)
    expect(await standby.stop()).toMatchObject({ code: 0, expected: true })
  })

  test('says what it takes of its host while it runs', async () => {
    const { server } = await started('usage')
    expect(await server.usage()).toMatchObject({
      runnable: expect.any(Number) as number,
      memoryBytes: expect.any(Number) as number,
    })
    await server.stop()
    expect(await server.usage()).toBeUndefined()
  })
})
