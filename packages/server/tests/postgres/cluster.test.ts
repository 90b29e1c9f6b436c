import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LakeletError } from '../../src/base/errors.ts'
import {
  type Cluster,
  connectAdmin,
  isConnectionLost,
  socketDirectoryFor,
  startCluster,
  stopLeftover,
} from '../../src/postgres/index.ts'
import {
  SESSION_ENDED,
  type TestInstallation,
  connectAs,
  installForTest,
  TEST_MAJOR,
  testLog,
  waitUntil,
} from './installed.ts'

/** Whether the version is this one or a later one. */
const has = (major: number) => TEST_MAJOR >= major

let postgres: TestInstallation

beforeAll(async () => {
  postgres = await installForTest()
})
afterAll(() => postgres[Symbol.asyncDispose]())

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Whether a new connection is let in now. */
async function answers(cluster: Cluster): Promise<boolean> {
  return connectAdmin(cluster.address).then(
    async (admin) => admin[Symbol.asyncDispose]().then(() => true),
    (error: unknown) => {
      expect(isConnectionLost(error)).toBe(true)
      return false
    },
  )
}

test('a cluster runs unprivileged, durable, private and with the locale it brings along', async () => {
  const dataDirectory = await postgres.newDataDirectory('settings')
  await using cluster = await postgres.start(dataDirectory, { maxCu: 4 })
  await using admin = await connectAdmin(cluster.address)
  const shown = await admin.query<{ name: string; setting: string }>('SELECT name, setting FROM pg_settings')
  const settings = Object.fromEntries(shown.map(({ name, setting }) => [name, setting]))
  expect(settings).toMatchObject({
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    data_checksums: 'on',
    listen_addresses: '',
    max_connections: '839',
    jit: 'off',
    wal_level: 'replica',
    server_encoding: 'UTF8',
    TimeZone: 'UTC',
    ...(has(17) ? { allow_alter_system: 'off' } : {}),
  })
  expect(settings['server_version']).toMatch(new RegExp(`^${TEST_MAJOR}\\.`))
  const [locale] = await admin.query(
    `SELECT datlocprovider, to_jsonb(d) ->> 'datlocale' AS datlocale, datcollate FROM pg_database d
      WHERE datname = current_database()`,
  )
  const provider = has(17)
    ? { datlocprovider: 'b', datlocale: 'C.UTF-8' }
    : { datlocprovider: 'c', datlocale: null }
  expect(locale).toEqual({ ...provider, datcollate: 'C' })
  const directory = await stat(cluster.socketDirectory)
  expect(directory.mode & 0o777).toBe(0o700)
  expect(directory.uid).toBe(postgres.installation.account?.uid ?? process.getuid?.())
  expect((await stat(dataDirectory)).uid).toBe(directory.uid)
  expect((await stat(cluster.socketPath)).isSocket()).toBe(true)
})

test('a template holds the roles of the system, and no role of a user', async () => {
  await using cluster = await postgres.start(await postgres.newDataDirectory('template-roles'))
  await using admin = await connectAdmin(cluster.address)
  const roles = await admin.query<{ rolname: string; rolsuper: boolean }>(
    "SELECT rolname, rolsuper FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname",
  )
  expect(roles).toEqual([
    { rolname: 'cloud_admin', rolsuper: true },
    { rolname: 'databricks_control_plane', rolsuper: true },
    { rolname: 'databricks_gateway', rolsuper: false },
    { rolname: 'databricks_monitor', rolsuper: false },
    { rolname: 'databricks_replicator', rolsuper: false },
    { rolname: 'databricks_superuser', rolsuper: false },
  ])
  await using monitor = await connectAs(cluster.address, 'databricks_monitor')
  expect(await monitor.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '1min' }])
})

test('stopping is clean, ends sessions and can be repeated', async () => {
  const cluster = await postgres.start(await postgres.newDataDirectory('stop'))
  await using session = await connectAs(cluster.address, 'cloud_admin')
  const [first, second] = await Promise.all([cluster.stop(), cluster.stop()])
  expect(first).toMatchObject({ code: 0, expected: true })
  expect(second).toBe(first)
  await expect(session.query('SELECT 1')).rejects.toThrow(SESSION_ENDED)
  expect(isAlive(cluster.pid)).toBe(false)
  expect(await readFile(`${cluster.dataDirectory}.log`, 'utf8')).toContain('database system is shut down')
})

test('the exit of a killed server is seen, and the next start has every committed row', async () => {
  const dataDirectory = await postgres.newDataDirectory('killed')
  const cluster = await postgres.start(dataDirectory)
  {
    await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
    await admin.execute('CREATE TABLE public.kept AS SELECT generate_series(1, 5000) AS n')
  }
  process.kill(cluster.pid ?? 0, 'SIGKILL')
  expect(await cluster.exited).toMatchObject({ signal: 'SIGKILL', expected: false })
  expect(cluster.isOver).toBe(true)
  await using again = await postgres.start(dataDirectory)
  await using admin = await connectAdmin(again.address, { database: 'databricks_postgres' })
  expect(await admin.query('SELECT count(*)::int AS n FROM public.kept')).toEqual([{ n: 5000 }])
})

test('after the crash of a backend the server is not over, and accepts connections again', async () => {
  await using cluster = await postgres.start(await postgres.newDataDirectory('backend-crash'))
  await using session = await connectAs(cluster.address, 'cloud_admin')
  await using neighbour = await connectAs(cluster.address, 'cloud_admin')
  const [backend] = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
  process.kill(backend?.pid ?? 0, 'SIGKILL')
  // The killed one's end is seen by its client first; its neighbours go when the server has seen it, which lets nobody in before it has recovered.
  await Promise.all([session.ended, neighbour.ended])
  await waitUntil(() => answers(cluster))
  expect(cluster.isOver).toBe(false)
  await using admin = await connectAdmin(cluster.address)
  expect(await admin.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('a server left behind by a killed workspace is stopped, and a stale pid file does not disturb', async () => {
  const dataDirectory = await postgres.newDataDirectory('leftover')
  const leftover = await postgres.start(dataDirectory)
  expect(await stopLeftover(dataDirectory)).toBe(true)
  // Gone is whom the system takes down; this process hears of its child's end a moment later.
  await expect.poll(() => isAlive(leftover.pid)).toBe(false)
  expect(await stopLeftover(dataDirectory)).toBe(false)
  // The pid of a process that lives and is not a Postgres of this directory.
  await writeFile(path.join(dataDirectory, 'postmaster.pid'), `${process.pid}\n${dataDirectory}\n`)
  const second = await postgres.start(dataDirectory)
  // Starting again over a running one takes its place.
  await using third = await postgres.start(dataDirectory)
  await expect.poll(() => isAlive(second.pid)).toBe(false)
  expect(third.isOver).toBe(false)
})

test('a start that fails says why', async () => {
  const dataDirectory = await postgres.newDataDirectory('broken')
  const failed = postgres.start(dataDirectory, { extra: { work_mem: 'plenty' } })
  await expect(failed).rejects.toThrow(LakeletError)
  await expect(failed).rejects.toMatchObject({ code: 'compute_start_failed' })
  await expect(failed).rejects.toThrow(/work_mem.*plenty/)
  await using fixed = await postgres.start(dataDirectory, { extra: { work_mem: '8MB', fsync: 'off' } })
  await using admin = await connectAdmin(fixed.address)
  expect(await admin.query('SHOW work_mem')).toEqual([{ work_mem: '8MB' }])
  expect(await admin.query('SHOW fsync')).toEqual([{ fsync: 'on' }])
})

test('a data directory with a long path keeps its sockets elsewhere, and nobody else there is trusted', async () => {
  const dataDirectory = await postgres.newDataDirectory('long')
  const installation = {
    ...postgres.installation,
    dataDir: path.join(postgres.installation.dataDir, 'x'.repeat(120)),
  }
  const socketDirectory = socketDirectoryFor(installation, 'ep-long')
  expect(socketDirectory.startsWith(tmpdir())).toBe(true)
  const options = { installation: postgres.installation, dataDirectory, settings: { maxCu: 1 }, log: testLog }
  const logFile = `${dataDirectory}.log`
  {
    await using cluster = await startCluster({ ...options, socketDirectory, logFile })
    await using admin = await connectAdmin(cluster.address)
    expect(await admin.query('SELECT 1 AS one')).toEqual([{ one: 1 }])
  }
  expect(existsSync(path.dirname(socketDirectory))).toBe(false)
  await mkdir(path.dirname(socketDirectory), { mode: 0o777 })
  await chmod(path.dirname(socketDirectory), 0o777)
  await expect(startCluster({ ...options, socketDirectory, logFile })).rejects.toMatchObject({
    code: 'postgres_socket_directory_taken',
  })
  await rm(path.dirname(socketDirectory), { recursive: true })
})

test('a start that nobody waits for any more is stopped', async () => {
  const dataDirectory = await postgres.newDataDirectory('aborted')
  const socketDirectory = socketDirectoryFor(postgres.installation, dataDirectory)
  const aborting = new AbortController()
  const options = {
    installation: postgres.installation,
    dataDirectory,
    socketDirectory,
    settings: { maxCu: 1 },
  }
  const starting = startCluster(
    { ...options, logFile: `${dataDirectory}.log`, log: testLog },
    aborting.signal,
  )
  await waitUntil(() => existsSync(path.join(dataDirectory, 'postmaster.pid')))
  aborting.abort(new Error('no longer needed'))
  await expect(starting).rejects.toThrow('no longer needed')
  expect(existsSync(path.join(dataDirectory, 'postmaster.pid'))).toBe(false)
})
