// Going back: real servers, real logs. The archiver of the computes is not here; whoever goes back archives first.
import { readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AdminConnection, connectAdmin } from '../../src/postgres/index.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import { type TestInstallation, installForTest, TEST_MAJOR, testLog } from '../postgres/installed.ts'

let postgres: TestInstallation
let storage: Storage

beforeAll(async () => {
  postgres = await installForTest()
  storage = await startStorage({ postgres: postgres.postgres, log: testLog })
})
afterAll(() => postgres[Symbol.asyncDispose]())

const COUNT = 'SELECT count(*)::int AS n FROM public.t'

/** Runs `work` on a branch that is awake meanwhile. */
async function awake<T>(
  branchUid: string,
  work: (admin: AdminConnection, connect: () => Promise<AdminConnection>) => Promise<T>,
): Promise<T> {
  await using cluster = await postgres.start(storage.dataDirectory(branchUid))
  const connect = () => connectAdmin(cluster.address, { database: 'databricks_postgres' })
  await using admin = await connect()
  return await work(admin, connect)
}

const rowsOf = (branchUid: string) => awake(branchUid, (admin) => admin.query<{ n: number }>(COUNT))

/** Commits some rows; gives the moment between this commit and the next, to the microsecond, and where the log is. */
async function commit(admin: AdminConnection, rows: number): Promise<{ time: string; lsn: string }> {
  await admin.execute(`INSERT INTO public.t SELECT generate_series(1, ${rows})`)
  const [row] = await admin.query<{ time: string; lsn: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time, pg_current_wal_insert_lsn()::text AS lsn`,
  )
  if (!row) throw new Error('no row')
  return row
}

test('an awake branch is reached at each moment, by time and by position, and goes on undisturbed', async () => {
  await storage.create('br-awake', undefined, TEST_MAJOR)
  await awake('br-awake', async (admin, connect) => {
    await admin.execute('CREATE TABLE public.t (n int)')
    const one = await commit(admin, 1)
    const ten = await commit(admin, 10)
    // Through several segments, so that most of the log is in the archive.
    await admin.execute('SELECT pg_switch_wal()')
    const hundred = await commit(admin, 100)
    await admin.execute('DROP TABLE public.t')
    const moments = [
      { name: 'one', moment: { time: one.time }, n: 1 },
      { name: 'ten', moment: { lsn: ten.lsn }, n: 11 },
      { name: 'hundred', moment: { time: hundred.time }, n: 111 },
    ]
    for (const { name, moment, n } of moments) {
      const made = await storage.cloneAt(`br-${name}`, 'br-awake', { moment, connect })
      expect(made.timeline).toBe(2)
      expect(await rowsOf(`br-${name}`)).toEqual([{ n }])
    }
    expect(await admin.query("SELECT to_regclass('public.t') AS t")).toEqual([{ t: null }])
  })
})

test('a sleeping branch is reached up to now, though nothing was committed since', async () => {
  await storage.create('br-asleep', undefined, TEST_MAJOR)
  const { time } = await awake('br-asleep', async (admin) => {
    await admin.execute('CREATE TABLE public.t (n int)')
    const first = await commit(admin, 5)
    await commit(admin, 5)
    return first
  })
  await storage.cloneAt('br-asleep-then', 'br-asleep', { moment: { time } })
  expect(await rowsOf('br-asleep-then')).toEqual([{ n: 5 }])
  await storage.cloneAt('br-asleep-now', 'br-asleep', { moment: { time: new Date().toISOString() } })
  expect(await rowsOf('br-asleep-now')).toEqual([{ n: 10 }])
})

test('a moment outside of the history is refused with the history, and leaves nothing behind', async () => {
  await storage.create('br-bounds', undefined, TEST_MAJOR)
  const moments = [
    { time: '2020-01-01T00:00:00Z' },
    { time: new Date(Date.now() + 60_000).toISOString() },
    { lsn: '0/1' },
    { lsn: 'FFFF/0' },
  ]
  for (const moment of moments) {
    await expect(storage.cloneAt('br-never', 'br-bounds', { moment })).rejects.toMatchObject({
      code: 'history_not_reached',
    })
  }
  expect(await storage.exists('br-never')).toBe(false)
  expect((await readdir(storage.files.home)).filter((name) => name.startsWith('.'))).toEqual([])
})

test('the past of a child begins with it, and children of children have theirs, over timelines', async () => {
  await storage.create('br-root', undefined, TEST_MAJOR)
  const before = await awake('br-root', async (admin) => {
    await admin.execute('CREATE TABLE public.t (n int)')
    return commit(admin, 1)
  })
  await storage.clone('br-kid', 'br-root')
  await expect(
    storage.cloneAt('br-kid-before', 'br-kid', { moment: { time: before.time } }),
  ).rejects.toMatchObject({ code: 'history_not_reached' })
  const two = await awake('br-kid', async (admin) => {
    const moment = await commit(admin, 1)
    await commit(admin, 50)
    return moment
  })
  // The parent goes its own way through segments of the same names.
  await awake('br-root', (admin) => commit(admin, 1000))
  await storage.cloneAt('br-grandkid', 'br-kid', { moment: { time: two.time } })
  const three = await awake('br-grandkid', async (admin) => {
    const moment = await commit(admin, 1)
    await commit(admin, 500)
    return moment
  })
  const made = await storage.cloneAt('br-great', 'br-grandkid', { moment: { lsn: three.lsn } })
  expect(made.timeline).toBe(3)
  expect(await rowsOf('br-great')).toEqual([{ n: 3 }])
  await storage.remove('br-root')
  await storage.remove('br-kid')
  expect(await rowsOf('br-grandkid')).toEqual([{ n: 503 }])
  await storage.cloneAt('br-again', 'br-grandkid', { moment: { time: three.time } })
  expect(await rowsOf('br-again')).toEqual([{ n: 3 }])
})

test('a new base shortens the way, and what only led to older moments is forgotten', async () => {
  await storage.create('br-bases', undefined, TEST_MAJOR)
  const paths = storage.paths('br-bases')
  const early = await awake('br-bases', async (admin) => {
    await admin.execute('CREATE TABLE public.t (n int)')
    return commit(admin, 1)
  })
  const [first] = (await storage.history.of(paths)).bases
  const asleep = await storage.history.takeBase(paths)
  const [middle, live] = await awake('br-bases', async (admin, connect) => {
    const moment = await commit(admin, 2)
    const base = await storage.history.takeBase(paths, connect)
    await commit(admin, 4)
    return [moment, base]
  })
  expect((await storage.history.of(paths)).bases.map(({ id }) => id)).toEqual(
    [first, asleep, live].map((base) => base?.id),
  )
  if (!asleep || !live) throw new Error('no base')
  await storage.history.forgetBefore(paths, asleep)
  await expect(
    storage.cloneAt('br-early', 'br-bases', { moment: { time: early.time } }),
  ).rejects.toMatchObject({ code: 'history_not_reached' })
  await storage.cloneAt('br-middle', 'br-bases', { moment: { time: middle.time } })
  expect(await rowsOf('br-middle')).toEqual([{ n: 3 }])
  await storage.history.forgetBefore(paths, live)
  await storage.cloneAt('br-late', 'br-bases', { moment: { time: new Date().toISOString() } })
  expect(await rowsOf('br-late')).toEqual([{ n: 7 }])
})

test('a branch whose server was killed is reached up to its last commit', async () => {
  await storage.create('br-killed', undefined, TEST_MAJOR)
  const cluster = await postgres.start(storage.dataDirectory('br-killed'))
  let moment: { time: string } | undefined
  {
    await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
    await admin.execute('CREATE TABLE public.t (n int)')
    moment = await commit(admin, 3)
    await commit(admin, 4)
  }
  process.kill(cluster.pid ?? 0, 'SIGKILL')
  await cluster.exited
  expect(await storage.history.takeBase(storage.paths('br-killed'))).toBeUndefined()
  await storage.cloneAt('br-killed-then', 'br-killed', { moment: { time: moment.time } })
  expect(await rowsOf('br-killed-then')).toEqual([{ n: 3 }])
  await storage.cloneAt('br-killed-now', 'br-killed', { moment: { time: new Date().toISOString() } })
  expect(await rowsOf('br-killed-now')).toEqual([{ n: 7 }])
  await storage.clone('br-killed-child', 'br-killed')
  expect(await rowsOf('br-killed-child')).toEqual([{ n: 7 }])
})

test('a branch shares the files of its past with its source, and writes to none of them', async () => {
  await storage.create('br-shared', undefined, TEST_MAJOR)
  const paths = storage.paths('br-shared')
  const [base] = (await storage.history.of(paths)).bases
  const inBase = path.join(base?.data ?? '', 'global', 'pg_control')
  const linked = await stat(inBase)
  expect(linked.nlink).toBeGreaterThan(1)
  expect((await stat(path.join(paths.data, 'global', 'pg_control'))).ino).not.toBe(linked.ino)
})
