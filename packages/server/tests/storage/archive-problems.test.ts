// An archive that cannot be written to: Postgres keeps its log and goes on, it is said why, and all is archived once it can be.
import { rm, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { localDriver } from '../../src/computes/drivers/local.ts'
import { connectAdmin } from '../../src/postgres/index.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import {
  type TestInstallation,
  installForTest,
  TEST_MAJOR,
  testLog,
  waitUntil,
} from '../postgres/installed.ts'

expectInLog(/the write-ahead log is not archived/)

let postgres: TestInstallation
let storage: Storage

beforeAll(async () => {
  postgres = await installForTest()
  storage = await startStorage({ postgres: postgres.postgres, log: testLog })
})
afterAll(() => postgres[Symbol.asyncDispose]())

test('log that cannot be archived is kept, said why, and archived later; nothing of the past is lost', async () => {
  await storage.create('br-shut', undefined, TEST_MAJOR)
  const paths = storage.paths('br-shut')
  const driver = localDriver({ postgres: postgres.postgres, archives: storage.archives, log: testLog })
  const spec = {
    endpointUid: 'ep-shut',
    dataDirectory: paths.data,
    major: TEST_MAJOR,
    settings: { maxCu: 1 },
  }
  const server = await driver.start(spec, new AbortController().signal)
  await using stack = new AsyncDisposableStack()
  stack.defer(async () => void (await server.stop()))
  const moments: { time: string; n: number }[] = []
  const write = async (n: number) => {
    await using admin = await server.admin({ database: 'databricks_postgres' })
    await admin.query('INSERT INTO public.t VALUES ($1)', [n])
    const [row] = await admin.query<{ time: string }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time`,
    )
    moments.push({ time: row?.time ?? '', n })
    await admin.execute('SELECT pg_switch_wal()')
  }
  {
    await using admin = await server.admin({ database: 'databricks_postgres' })
    await admin.execute('CREATE TABLE public.t (n int)')
  }
  // In the way of the directory is a file: not even root may write there.
  await writeFile(paths.archive, '')
  await write(1)
  await write(2)
  await waitUntil(() => storage.archives.problemOf(paths.data) !== undefined)
  expect(storage.archives.problemOf(paths.data)?.message).toMatch(/EEXIST|ENOTDIR/)
  // What goes back needs the log in the archive, and says why it is not there.
  const connect = () => server.admin()
  await expect(
    storage.cloneAt('br-no', 'br-shut', { moment: { time: moments[0]?.time ?? '' }, connect }),
  ).rejects.toThrow(/EEXIST|ENOTDIR/)
  expect(await storage.exists('br-no')).toBe(false)
  await rm(paths.archive)
  await waitUntil(() => storage.archives.problemOf(paths.data) === undefined)
  await write(3)
  for (const [index, { time, n }] of moments.entries()) {
    await storage.cloneAt(`br-${n}`, 'br-shut', { moment: { time }, connect })
    await using cluster = await postgres.start(storage.dataDirectory(`br-${n}`))
    await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
    expect(await admin.query('SELECT count(*)::int AS n FROM public.t')).toEqual([{ n: index + 1 }])
  }
}, 300_000)
