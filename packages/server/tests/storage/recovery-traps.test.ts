// Where recovery goes wrong elsewhere: what upstream tests in src/test/recovery/t (003 targets, 004 and 028 timelines, 020 archive status,
// 023 prepared transactions, 026 records over the end of a segment, 039 the end of the log, 042 the label of a backup), tried on
// branches.
import { open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type AdminConnection,
  type ClusterSettings,
  connectAdmin,
  parseLsn,
  SEGMENT_BYTES,
} from '../../src/postgres/index.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import { type TestInstallation, installForTest, TEST_MAJOR, testLog } from '../postgres/installed.ts'

const isSoak = process.env['SOAK'] === '1'

let postgres: TestInstallation
let storage: Storage

beforeAll(async () => {
  postgres = await installForTest()
  storage = await startStorage({ postgres: postgres.postgres, log: testLog })
})
afterAll(() => postgres[Symbol.asyncDispose]())

type Connect = (database?: string) => Promise<AdminConnection>

async function awake<T>(
  branch: string,
  work: (admin: AdminConnection, connect: Connect, pid: number) => Promise<T>,
  extra: ClusterSettings['extra'] = {},
): Promise<T> {
  await using cluster = await postgres.start(storage.dataDirectory(branch), { extra })
  const connect = (database = 'databricks_postgres') => connectAdmin(cluster.address, { database })
  await using admin = await connect()
  return await work(admin, connect, cluster.pid ?? 0)
}

/** Kills the server in the middle of its work. */
async function killed(branch: string, work: (admin: AdminConnection) => Promise<void>): Promise<void> {
  const cluster = await postgres.start(storage.dataDirectory(branch))
  {
    await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
    await work(admin)
  }
  process.kill(cluster.pid ?? 0, 'SIGKILL')
  await cluster.exited
}

async function begin(branch: string): Promise<void> {
  await storage.create(branch, undefined, TEST_MAJOR)
  await awake(branch, (admin) => admin.execute('CREATE TABLE public.t (n int)'))
}

async function add(admin: AdminConnection, n: number): Promise<void> {
  await admin.query('INSERT INTO public.t VALUES ($1)', [n])
}

async function here(admin: AdminConnection): Promise<{ time: string; lsn: string }> {
  const [row] = await admin.query<{ time: string; lsn: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS time, pg_current_wal_insert_lsn()::text AS lsn`,
  )
  if (!row) throw new Error('no row')
  return row
}

const rowsIn = async (admin: AdminConnection) =>
  (await admin.query<{ n: number }>('SELECT n FROM public.t ORDER BY n')).map(({ n }) => n)
const rowsOf = (branch: string) => awake(branch, rowsIn)
const now = () => ({ time: new Date().toISOString() })

/** Goes back to a moment, looks at it and forgets it. */
async function at(
  branch: string,
  moment: { time: string } | { lsn: string },
  connect?: Connect,
): Promise<number[]> {
  const past = `${branch}-past`
  await storage.cloneAt(past, branch, { moment, connect })
  const rows = await rowsOf(past)
  await storage.remove(past)
  return rows
}

test('a commit that begins at the position is not there yet for who read the position', async () => {
  await begin('br-lsn')
  await awake('br-lsn', async (admin, connect) => {
    await using other = await connect()
    await other.execute('BEGIN')
    await add(other, 2)
    await add(admin, 1)
    const { lsn } = await here(admin)
    await other.execute('COMMIT')
    await add(admin, 3)
    expect(await at('br-lsn', { lsn }, connect)).toEqual([1])
  })
})

test('after a crash each position is reached up to the end of the log, and none beyond it', async () => {
  await begin('br-crash')
  const lsns: string[] = []
  await killed('br-crash', async (admin) => {
    for (const n of [1, 2, 3]) {
      await add(admin, n)
      lsns.push((await here(admin)).lsn)
    }
  })
  expect(await at('br-crash', { lsn: lsns[0] ?? '' })).toEqual([1])
  expect(await at('br-crash', { lsn: lsns[2] ?? '' })).toEqual([1, 2, 3])
  const beyond = `0/${(parseLsn(lsns[2] ?? '') + 0x100000n).toString(16)}`
  await expect(
    storage.cloneAt('br-crash-past', 'br-crash', { moment: { lsn: beyond } }),
  ).rejects.toMatchObject({
    code: 'history_not_reached',
  })
  await expect(storage.exists('br-crash-past')).resolves.toBe(false)
})

test('prepared transactions are there in a branch and in the past, and can be ended', async () => {
  const extra = { max_prepared_transactions: '5' }
  await begin('br-prepared')
  const moment = await awake(
    'br-prepared',
    async (admin, connect) => {
      await admin.execute('BEGIN')
      await add(admin, 7)
      await admin.execute("PREPARE TRANSACTION 'half'")
      const prepared = await here(admin)
      await storage.clone('br-prepared-live', 'br-prepared', { connect })
      await admin.execute("COMMIT PREPARED 'half'")
      return prepared
    },
    extra,
  )
  await storage.cloneAt('br-prepared-then', 'br-prepared', { moment: { time: moment.time } })
  for (const branch of ['br-prepared-live', 'br-prepared-then']) {
    // The endpoint of a new branch has none of the settings of its source's.
    await awake(branch, async (admin) => {
      expect(await admin.query('SELECT gid FROM pg_prepared_xacts'), branch).toEqual([{ gid: 'half' }])
      expect(await rowsIn(admin)).toEqual([])
    })
    await awake(branch, async (admin) => {
      await admin.execute("COMMIT PREPARED 'half'")
      expect(await rowsIn(admin)).toEqual([7])
    })
    await awake(branch, async (admin) => {
      expect(await admin.query('SHOW max_prepared_transactions')).toEqual([
        { max_prepared_transactions: '0' },
      ])
    })
  }
})

describe.runIf(isSoak)('more of them, which takes npm run soak', () => {
  test('the time of a commit is part of it, a microsecond before is not', async () => {
    await begin('br-times')
    const extra = { track_commit_timestamp: 'on' }
    const times = await awake(
      'br-times',
      async (admin) => {
        for (const n of [1, 2, 3]) await add(admin, n)
        return admin.query<{ at: string; before: string }>(
          `SELECT to_char(c, f) AS at, to_char(c - interval '1 microsecond', f) AS before
           FROM (SELECT n, pg_xact_commit_timestamp(xmin) AT TIME ZONE 'UTC' AS c, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"' AS f FROM public.t) AS each
           ORDER BY n`,
        )
      },
      extra,
    )
    expect(await at('br-times', { time: times[1]?.at ?? '' })).toEqual([1, 2])
    expect(await at('br-times', { time: times[1]?.before ?? '' })).toEqual([1])
    expect(await at('br-times', { time: times[2]?.at ?? '' })).toEqual([1, 2, 3])
    const [year] = await awake('br-times', (admin) =>
      admin.query<{ zone: string }>(
        `SELECT to_char($1::timestamptz AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD"T"HH24:MI:SS.US"+05:30"') AS zone`,
        [times[0]?.at],
      ),
    )
    expect(await at('br-times', { time: year?.zone ?? '' })).toEqual([1])
  })

  test('a branch of a branch of a branch of the past reaches all timelines of its own past, and no other', async () => {
    await begin('br-one')
    const first = await awake('br-one', async (admin) => {
      await add(admin, 1)
      return here(admin)
    })
    let source = 'br-one'
    let moment: { time: string } | { lsn: string } = { lsn: first.lsn }
    const moments: { branch: string; time: string; lsn: string; rows: number[] }[] = []
    for (const n of [2, 3, 4, 5]) {
      // The source goes on, through positions that the new timeline uses too.
      await awake(source, async (admin) => {
        for (let row = 0; row < 50; row += 1) await add(admin, 1000 * n + row)
        await admin.execute('SELECT pg_switch_wal()')
        await add(admin, 1000 * n + 50)
      })
      const branch = `br-of-${n}`
      const made = await storage.cloneAt(branch, source, { moment, keepsPast: true })
      expect(made.timeline).toBe(n)
      await awake(branch, async (admin) => {
        await add(admin, n)
        const there = await here(admin)
        moments.push({ branch, ...there, rows: Array.from({ length: n }, (_, each) => each + 1) })
        moment = n % 2 === 0 ? { lsn: there.lsn } : { time: there.time }
      })
      source = branch
    }
    const histories = (await readdir(storage.paths(source).archive)).filter((name) =>
      name.endsWith('.history'),
    )
    expect(histories).toHaveLength(4)
    // The last one has the past of all before it.
    for (const { time, lsn, rows } of moments) {
      expect(await at(source, { time })).toEqual(rows)
      expect(await at(source, { lsn })).toEqual(rows)
    }
  }, 300_000)

  test('checkpoints, many segments and another full-page policy in between change nothing', async () => {
    await begin('br-long')
    const moments: { time: string; lsn: string }[] = []
    await awake(
      'br-long',
      async (admin) => {
        for (let n = 0; n < 6; n += 1) {
          await add(admin, n)
          moments.push(await here(admin))
          await admin.execute(n % 2 === 0 ? 'CHECKPOINT' : 'SELECT pg_switch_wal()')
          await admin.execute("SELECT pg_logical_emit_message(false, 'x', repeat('y', 9000000))")
        }
      },
      { wal_compression: 'on', checkpoint_timeout: '30s' },
    )
    for (const [n, { time, lsn }] of moments.entries()) {
      const rows = Array.from({ length: n + 1 }, (_, each) => each)
      expect(await at('br-long', { time })).toEqual(rows)
      expect(await at('br-long', { lsn })).toEqual(rows)
    }
  }, 300_000)

  test('a record that goes over the end of a segment whose rest was lost ends the log there, and what comes after is reached', async () => {
    await begin('br-contrecord')
    let last = ''
    await killed('br-contrecord', async (admin) => {
      await add(admin, 1)
      const { lsn } = await here(admin)
      const room = SEGMENT_BYTES - (parseLsn(lsn) % SEGMENT_BYTES)
      await admin.query(`SELECT pg_logical_emit_message(false, 'x', repeat('y', $1::int))`, [
        Number(room) + 100_000,
      ])
      last = (await here(admin)).lsn
      await admin.execute("SELECT pg_logical_emit_message(true, 'x', 'flushed')")
    })
    // As when the system had not written the next segment when the power went.
    const wal = path.join(storage.dataDirectory('br-contrecord'), 'pg_wal')
    const names = (await readdir(wal)).filter((name) => /^[0-9A-F]{24}$/.test(name)).toSorted()
    expect(names.length).toBeGreaterThan(1)
    await rm(path.join(wal, names.at(-1) ?? ''))
    const moment = await awake('br-contrecord', async (admin) => {
      expect(await rowsIn(admin)).toEqual([1])
      await add(admin, 2)
      const there = await here(admin)
      await add(admin, 3)
      return there
    })
    expect(parseLsn(moment.lsn)).toBeGreaterThan(0n)
    expect(last).not.toBe('')
    expect(await at('br-contrecord', { time: moment.time })).toEqual([1, 2])
    expect(await at('br-contrecord', { lsn: moment.lsn })).toEqual([1, 2])
    expect(await at('br-contrecord', now())).toEqual([1, 2, 3])
  })

  test('garbage after the end of the log is its end', async () => {
    await begin('br-garbage')
    let lsn = ''
    await killed('br-garbage', async (admin) => {
      await add(admin, 1)
      lsn = (await here(admin)).lsn
    })
    const wal = path.join(storage.dataDirectory('br-garbage'), 'pg_wal')
    const names = (await readdir(wal)).filter((name) => /^[0-9A-F]{24}$/.test(name)).toSorted()
    {
      await using file = await open(path.join(wal, names.at(-1) ?? ''), 'r+')
      const garbage = Buffer.from(Array.from({ length: 20_000 }, (_, index) => (index * 37) % 251))
      await file.write(garbage, 0, garbage.length, Number(parseLsn(lsn) % SEGMENT_BYTES))
    }
    expect(await at('br-garbage', now())).toEqual([1])
    expect(await at('br-garbage', { lsn })).toEqual([1])
    await storage.clone('br-garbage-kid', 'br-garbage')
    expect(await rowsOf('br-garbage-kid')).toEqual([1])
    expect(await rowsOf('br-garbage')).toEqual([1])
  })

  test('a base of a running server that has lost its label is not recovered from', async () => {
    await begin('br-label')
    await awake('br-label', async (admin, connect) => {
      const base = await storage.history.takeBase(storage.paths('br-label'), connect)
      if (!base) throw new Error('no base')
      await add(admin, 1)
      const label = path.join(base.data, 'backup_label')
      await rename(label, `${label}.away`)
      await expect(at('br-label', now(), connect)).rejects.toMatchObject({
        code: 'branch_clone_failed',
        message: expect.stringContaining('backup_label'),
      })
      await rename(`${label}.away`, label)
      expect(await at('br-label', now(), connect)).toEqual([1])
    })
  })

  test('a clone archives for itself: what its source has archived says nothing about it', async () => {
    await begin('br-status')
    await awake('br-status', async (admin, connect) => {
      await admin.execute('SELECT pg_switch_wal()')
      await add(admin, 1)
      await storage.clone('br-status-kid', 'br-status', { connect })
    })
    const status = path.join(storage.dataDirectory('br-status-kid'), 'pg_wal', 'archive_status')
    expect(await readdir(status)).toEqual([])
    const moment = await awake('br-status-kid', async (admin) => {
      await add(admin, 2)
      const there = await here(admin)
      await admin.execute('SELECT pg_switch_wal()')
      await add(admin, 3)
      return there
    })
    // A mark without its file, one that is done twice, and files that nobody marks.
    await writeFile(path.join(status, '0000000100000000000000AA.ready'), '')
    await writeFile(path.join(status, 'strange.ready'), '')
    expect(await at('br-status-kid', { time: moment.time })).toEqual([1, 2])
    expect((await readdir(status)).filter((name) => name.endsWith('.ready'))).toEqual(['strange.ready'])
  })

  test('databases made and dropped in the log, by either way of copying, are there as they were', async () => {
    await begin('br-databases')
    const moments = await awake('br-databases', async (admin, connect) => {
      await admin.execute('CREATE DATABASE by_log STRATEGY WAL_LOG')
      await admin.execute('CREATE DATABASE by_files STRATEGY FILE_COPY')
      for (const name of ['by_log', 'by_files']) {
        await using other = await connect(name)
        await other.execute('CREATE TABLE public.inside AS SELECT generate_series(1, 1000) AS n')
      }
      const both = await here(admin)
      await admin.execute('DROP DATABASE by_files')
      const one = await here(admin)
      await admin.execute('ALTER DATABASE by_log RENAME TO renamed')
      return { both, one }
    })
    const seen = async (moment: { time: string } | { lsn: string }) => {
      await storage.cloneAt('br-databases-past', 'br-databases', { moment })
      const names = await awake('br-databases-past', async (admin, connect) => {
        const rows = await admin.query<{ name: string }>(
          "SELECT datname AS name FROM pg_database WHERE datname ~ '^(by_|renamed)' ORDER BY 1",
        )
        for (const { name } of rows) {
          await using other = await connect(name)
          expect(await other.query('SELECT count(*)::int AS n FROM public.inside')).toEqual([{ n: 1000 }])
        }
        return rows.map(({ name }) => name)
      })
      await storage.remove('br-databases-past')
      return names
    }
    expect(await seen({ time: moments.both.time })).toEqual(['by_files', 'by_log'])
    expect(await seen({ lsn: moments.one.lsn })).toEqual(['by_log'])
    expect(await seen(now())).toEqual(['renamed'])
  })

  test('unlogged tables are empty in the past; temporary ones leave nothing', async () => {
    await begin('br-unlogged')
    await awake('br-unlogged', async (admin) => {
      await admin.execute('CREATE UNLOGGED TABLE public.quick AS SELECT 1 AS n')
      await admin.execute('CREATE TEMPORARY TABLE brief AS SELECT 1 AS n')
    })
    await storage.cloneAt('br-unlogged-past', 'br-unlogged', { moment: now() })
    await awake('br-unlogged-past', async (admin) => {
      expect(await admin.query('SELECT * FROM public.quick')).toEqual([])
      await admin.execute('INSERT INTO public.quick VALUES (2)')
      expect(await admin.query("SELECT count(*)::int AS n FROM pg_class WHERE relname = 'brief'")).toEqual([
        { n: 0 },
      ])
    })
  })

  test('users make no tablespaces, which a branch would share with its source', async () => {
    await begin('br-spaces')
    await awake('br-spaces', async (admin, connect) => {
      await admin.execute('CREATE ROLE maker LOGIN IN ROLE databricks_superuser')
      await using cluster = await connect()
      await cluster.execute('SET ROLE maker')
      for (const place of ['/tmp/elsewhere', '']) {
        await expect(cluster.execute(`CREATE TABLESPACE elsewhere LOCATION '${place}'`)).rejects.toThrow(
          /permission denied/,
        )
      }
    })
    expect(await readdir(path.join(storage.dataDirectory('br-spaces'), 'pg_tblspc'))).toEqual([])
  })

  test('a segment that the archive has lost ends the way with words, and leaves nothing behind', async () => {
    await begin('br-lost')
    const moment = await awake('br-lost', async (admin, connect) => {
      for (const n of [1, 2, 3]) {
        await add(admin, n)
        await admin.execute('SELECT pg_switch_wal()')
        await admin.execute('CHECKPOINT')
      }
      await storage.archives.upToDate(storage.dataDirectory('br-lost'), async () => undefined)
      await admin.execute('CHECKPOINT')
      await connect().then((other) => other[Symbol.asyncDispose]())
      return here(admin)
    })
    const { archive, data } = storage.paths('br-lost')
    const [, second = ''] = (await readdir(archive)).filter((name) => /^[0-9A-F]{24}$/.test(name)).toSorted()
    await rm(path.join(archive, second))
    await expect(stat(path.join(data, 'pg_wal', second))).rejects.toMatchObject({ code: 'ENOENT' })
    await expect(at('br-lost', { time: moment.time })).rejects.toThrow(/log|history/i)
    expect(await storage.exists('br-lost-past')).toBe(false)
  })
})
