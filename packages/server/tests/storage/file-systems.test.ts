// Branches and restores under write load on the file systems that a data directory may be on: every index and heap is whole, sums are
// equal, siblings do not see each other. Takes npm run soak, and root for the loop devices.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { isSoak } from '../../../../tests/hostile/duration.ts'
import { mountSmallDisk, noLoopDisk } from '../../../../tests/hostile/small-disk.ts'
import { type AdminConnection, connectAdmin } from '../../src/postgres/index.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import {
  installForTest,
  TEST_MAJOR,
  temporaryDirectory,
  type TestInstallation,
  testLog,
} from '../postgres/installed.ts'

const ACCOUNTS = 20_000
const TOTAL = ACCOUNTS * 100

const TABLES = `
  CREATE EXTENSION amcheck SCHEMA public;
  CREATE TABLE public.accounts (id int PRIMARY KEY, balance int NOT NULL, note text);
  INSERT INTO public.accounts SELECT n, 100, repeat(md5(n::text), 2) FROM generate_series(1, ${ACCOUNTS}) n;
  CREATE INDEX ON public.accounts (balance, note);
  CREATE TABLE public.letters (id bigserial PRIMARY KEY, at timestamptz DEFAULT clock_timestamp(), body text);
  ALTER TABLE public.letters ALTER body SET STORAGE EXTERNAL;
  CREATE INDEX ON public.letters (at);
  CREATE TABLE public.marks (name text PRIMARY KEY)`

/** Every index and heap of the database, catalogs and TOAST too: what is wrong with one is an error or a row. */
const DAMAGES = `
  SELECT c.oid::regclass::text AS name, damage.msg FROM pg_class c
    CROSS JOIN LATERAL public.verify_heapam(c.oid, check_toast => true) damage
    WHERE c.relkind IN ('r', 't', 'm') AND c.relpersistence = 'p'`
const INDEXES = `
  SELECT count(public.bt_index_check(c.oid, true))::int AS n FROM pg_class c
    JOIN pg_index i ON i.indexrelid = c.oid AND i.indisvalid AND i.indisready
    WHERE c.relkind = 'i' AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')`

interface System {
  readonly storage: Storage
  readonly postgres: TestInstallation
}

async function awake<T>(
  { storage, postgres }: System,
  branchUid: string,
  work: (admin: AdminConnection, connect: () => Promise<AdminConnection>) => Promise<T>,
): Promise<T> {
  await using cluster = await postgres.start(storage.dataDirectory(branchUid))
  const connect = () => connectAdmin(cluster.address, { database: 'databricks_postgres' })
  await using admin = await connect()
  return await work(admin, connect)
}

/** Writes until it is stopped: money that moves, letters that come and go, and the vacuum behind them. */
async function write(connect: () => Promise<AdminConnection>, done: AbortSignal): Promise<number> {
  await using admin = await connect()
  let writes = 0
  for (; !done.aborted; writes += 1) {
    const [one, other] = [writes * 7919, writes * 104_729 + 1].map((n) => 1 + (n % ACCOUNTS))
    await admin.execute(`BEGIN;
      UPDATE public.accounts SET balance = balance - 1 WHERE id = ${one};
      UPDATE public.accounts SET balance = balance + 1, note = md5(note) WHERE id = ${other};
      INSERT INTO public.letters (body) SELECT repeat(md5(random()::text), 100) FROM generate_series(1, 5);
      COMMIT`)
    if (writes % 20 === 0)
      await admin.execute('DELETE FROM public.letters WHERE id < (SELECT max(id) - 2000 FROM public.letters)')
    if (writes % 100 === 99) await admin.execute('VACUUM public.letters')
  }
  return writes
}

/** Its marks, after everything in it was found whole. */
async function marksOfWhole(system: System, branchUid: string): Promise<string[]> {
  return awake(system, branchUid, async (admin) => {
    expect(await admin.query(DAMAGES)).toEqual([])
    const [checked] = await admin.query<{ n: number }>(INDEXES)
    expect(checked?.n).toBeGreaterThan(100)
    const sums = await admin.query(
      'SELECT sum(balance)::int AS total, count(*)::int AS n FROM public.accounts',
    )
    expect(sums).toEqual([{ total: TOTAL, n: ACCOUNTS }])
    // Not what an index says.
    await admin.execute(
      'SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off',
    )
    expect(await admin.query('SELECT sum(balance)::int AS total FROM public.accounts')).toEqual([
      { total: TOTAL },
    ])
    const marks = await admin.query<{ name: string }>('SELECT name FROM public.marks ORDER BY name')
    await admin.execute(`INSERT INTO public.marks VALUES ('only in ${branchUid}'); CHECKPOINT`)
    return marks.map(({ name }) => name)
  })
}

/** Gives the branches that were found whole. */
async function branchAndRestore(system: System, method: string): Promise<string[]> {
  const { storage } = system
  await storage.create('br-parent', undefined, TEST_MAJOR)
  await awake(system, 'br-parent', async (admin, connect) => {
    await admin.execute(TABLES)
    const done = new AbortController()
    const writers = Array.from({ length: 3 }, () => write(connect, done.signal))
    const mark = async (name: string) => {
      await admin.execute(`INSERT INTO public.marks VALUES ('${name}')`)
      const [row] = await admin.query<{ time: string; lsn: string }>(
        `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time, pg_current_wal_insert_lsn()::text AS lsn`,
      )
      if (!row) throw new Error('no row')
      return row
    }
    try {
      await sleep(500)
      const one = await mark('1')
      const live = await storage.clone('br-live', 'br-parent', { connect })
      expect(live.method).toBe(method)
      const two = await mark('2')
      await admin.execute('CHECKPOINT')
      await storage.clone('br-later', 'br-parent', { connect })
      await mark('3')
      await storage.cloneAt('br-at-one', 'br-parent', { moment: { time: one.time }, connect })
      await storage.cloneAt('br-at-two', 'br-parent', { moment: { lsn: two.lsn }, connect })
    } finally {
      done.abort()
      expect(Math.min(...(await Promise.all(writers)))).toBeGreaterThan(0)
    }
  })
  await storage.clone('br-asleep', 'br-parent')
  const marks = {
    'br-live': ['1'],
    'br-later': ['1', '2'],
    'br-at-one': ['1'],
    'br-at-two': ['1', '2'],
    'br-asleep': ['1', '2', '3'],
    'br-parent': ['1', '2', '3'],
  }
  for (const [branchUid, expected] of Object.entries(marks))
    expect([branchUid, await marksOfWhole(system, branchUid)]).toEqual([branchUid, expected])
  await storage.clone('br-grandchild', 'br-live')
  await storage.remove('br-parent')
  // Once more: none has the mark of another one, and the parent's files were nobody else's.
  for (const [branchUid, expected] of Object.entries(marks).filter(([uid]) => uid !== 'br-parent'))
    expect((await marksOfAll(system, branchUid)).toSorted()).toEqual([...expected, `only in ${branchUid}`])
  expect(await marksOfWhole(system, 'br-grandchild')).toEqual(['1', 'only in br-live'])
  return storage.list()
}

async function marksOfAll(system: System, branchUid: string): Promise<string[]> {
  return awake(system, branchUid, async (admin) => {
    expect(await admin.query(DAMAGES)).toEqual([])
    return (await admin.query<{ name: string }>('SELECT name FROM public.marks')).map(({ name }) => name)
  })
}

describe.each([
  ['ext4', 'copy'],
  ['xfs', 'reflink'],
  ['btrfs', 'reflink'],
] as const)('on %s, where a clone is a %s', (fileSystem, method) => {
  const missing = noLoopDisk(`mkfs.${fileSystem}`)
  it.skipIf(missing !== undefined || !isSoak)(
    `branches and restores are whole and apart${missing ? ` (${missing})` : ', which takes npm run soak'}`,
    { timeout: 900_000 },
    async () => {
      await using folder = await temporaryDirectory()
      using disk = mountSmallDisk(folder.path, 4096, fileSystem)
      const postgres = await installForTest(undefined, disk.path)
      const storage = await startStorage({ postgres: postgres.postgres, log: testLog })
      expect(await branchAndRestore({ storage, postgres }, method)).toHaveLength(6)
    },
  )
})
