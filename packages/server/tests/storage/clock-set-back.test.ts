// A clock that was set: what decides about the past is positions in the log, and times only where nothing else can. Files of the archive may
// have any time.
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminConnection, connectAdmin } from '../../src/postgres/index.ts'
import { isBaseDue, oldestKept, type Storage, startStorage } from '../../src/storage/index.ts'
import { type TestInstallation, installForTest, TEST_MAJOR, testLog } from '../postgres/installed.ts'

const DAY_MS = 86_400_000
const LIMITS = { windowMs: 7 * DAY_MS, maxBytes: 1e12 }

let postgres: TestInstallation
let storage: Storage

beforeAll(async () => {
  postgres = await installForTest()
  storage = await startStorage({ postgres: postgres.postgres, log: testLog })
})
afterAll(() => postgres[Symbol.asyncDispose]())

async function awake<T>(branch: string, work: (admin: AdminConnection) => Promise<T>): Promise<T> {
  await using cluster = await postgres.start(storage.dataDirectory(branch))
  await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
  return await work(admin)
}

async function write(branch: string, n: number): Promise<{ time: string; lsn: string }> {
  return awake(branch, async (admin) => {
    await admin.execute('CREATE TABLE IF NOT EXISTS public.t (n int)')
    await admin.query('INSERT INTO public.t VALUES ($1)', [n])
    const [row] = await admin.query<{ time: string; lsn: string }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time, pg_current_wal_insert_lsn()::text AS lsn`,
    )
    await admin.execute('SELECT pg_switch_wal()')
    return row ?? { time: '', lsn: '' }
  })
}

async function countAt(branch: string, moment: { time: string } | { lsn: string }): Promise<number> {
  const past = `${branch}-past`
  await storage.cloneAt(past, branch, { moment })
  const rows = await awake(past, (admin) =>
    admin.query<{ n: number }>('SELECT count(*)::int AS n FROM public.t'),
  )
  await storage.remove(past)
  return rows[0]?.n ?? -1
}

test('files of the archive from another century lead to the same past, and none is forgotten for its time', async () => {
  await storage.create('br-files', undefined, TEST_MAJOR)
  const one = await write('br-files', 1)
  await write('br-files', 2)
  const paths = storage.paths('br-files')
  await storage.archives.upToDate(paths.data, async () => undefined)
  for (const [index, name] of (await readdir(paths.archive)).entries()) {
    const time = new Date(index % 2 === 0 ? '1999-12-31T00:00:00Z' : '2077-01-01T00:00:00Z')
    await utimes(path.join(paths.archive, name), time, time)
  }
  const { bases, files } = await storage.history.of(paths)
  const oldest = oldestKept(bases, files, LIMITS, new Date())
  expect(oldest?.id).toBe(bases[0]?.id)
  if (oldest) await storage.history.forgetBefore(paths, oldest)
  expect((await storage.history.of(paths)).files).toHaveLength(files.length)
  expect(await countAt('br-files', { time: one.time })).toBe(1)
  expect(await countAt('br-files', { lsn: one.lsn })).toBe(1)
})

test('a base from the future hides no moment that comes after the clock is right again', async () => {
  await storage.create('br-future', undefined, TEST_MAJOR)
  await write('br-future', 1)
  const paths = storage.paths('br-future')
  const early = await storage.history.takeBase(paths)
  // As if the clock had been ten years ahead when the branch and this base were made.
  const ahead = new Date(Date.now() + 3650 * DAY_MS).toISOString()
  for (const id of await readdir(paths.bases)) {
    const file = path.join(paths.bases, id, 'base.json')
    const note = JSON.parse(await readFile(file, 'utf8')) as { lsn: string; from: { lsn: string } }
    await writeFile(file, JSON.stringify({ ...note, time: ahead, from: { ...note.from, time: ahead } }))
  }
  await write('br-future', 2)
  await storage.archives.upToDate(paths.data, async () => undefined)
  const { bases, files, from, ...usage } = await storage.history.of(paths)
  expect(bases.map(({ id }) => id)).toContain(early?.id)
  expect(from?.time).toBe(ahead)
  // It does not count as young for ten years.
  expect(isBaseDue({ ...usage, bases }, LIMITS, new Date())).toBe(true)
  expect(oldestKept(bases, files, LIMITS, new Date())?.id).toBe(bases[0]?.id)
  await storage.history.takeBase(paths)
  const third = await write('br-future', 3)
  await write('br-future', 4)
  expect(Date.parse((await storage.history.of(paths)).from?.time ?? '')).toBeLessThan(Date.now())
  expect(await countAt('br-future', { time: third.time })).toBe(3)
  expect(await countAt('br-future', { lsn: third.lsn })).toBe(3)
})
