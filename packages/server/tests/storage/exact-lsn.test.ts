// The LSN that a clone gives is exactly where its content ends: every row whose commit lies before it is there, none after it.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  connectAdmin,
  parseLsn,
  SEGMENT_BYTES,
  walSegmentName,
  type Cluster,
} from '../../src/postgres/index.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import { type TestInstallation, installForTest, testLog } from '../postgres/installed.ts'

let postgres: TestInstallation
let storage: Storage
beforeAll(async () => {
  postgres = await installForTest()
  storage = await startStorage({ installation: postgres.installation, log: testLog })
})
afterAll(() => postgres[Symbol.asyncDispose]())

const database = 'databricks_postgres'

/** A row with the positions that its commit lies between. */
interface Written {
  readonly id: number
  readonly before: bigint
  readonly after: bigint
}

/** Several sessions insert rows, one a transaction, until `isDone`. */
async function writeRows(cluster: Cluster, isDone: () => boolean): Promise<Written[]> {
  const written: Written[] = []
  let next = 0
  const sessions = Array.from({ length: 4 }, async () => {
    await using admin = await connectAdmin(cluster, { database })
    const position = async () => {
      const [row] = await admin.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn')
      return parseLsn(row?.lsn ?? '')
    }
    while (!isDone()) {
      const id = (next += 1)
      const before = await position()
      await admin.query("INSERT INTO public.t VALUES ($1, repeat('x', 500))", [id])
      written.push({ id, before, after: await position() })
    }
  })
  await Promise.all(sessions)
  return written
}

async function idsIn(branchUid: string): Promise<Set<number>> {
  await using cluster = await postgres.start(storage.dataDirectory(branchUid))
  await using admin = await connectAdmin(cluster, { database })
  return new Set((await admin.query<{ id: number }>('SELECT id FROM public.t')).map(({ id }) => id))
}

/** How many bytes of WAL there are after a position. */
async function walAfter(dataDirectory: string, lsn: string): Promise<number> {
  const wal = path.join(dataDirectory, 'pg_wal')
  const last = walSegmentName(1, parseLsn(lsn) - 1n)
  const later = (await readdir(wal)).filter((name) => /^[0-9A-F]{24}$/.test(name) && name > last)
  const segment = await readFile(path.join(wal, last))
  const rest = segment.subarray(Number((parseLsn(lsn) - 1n) % SEGMENT_BYTES) + 1)
  return later.length * Number(SEGMENT_BYTES) + rest.filter((byte) => byte !== 0).length
}

/** What is wrong: rows before the position that are missing, rows after it that are there. */
function wrong(written: readonly Written[], ids: ReadonlySet<number>, lsn: string): object {
  const at = parseLsn(lsn)
  return {
    missing: written.filter((row) => row.after <= at && !ids.has(row.id)).length,
    surplus: written.filter((row) => row.before >= at && ids.has(row.id)).length,
  }
}

test('of a parent that is being written to', async () => {
  await storage.create('br-busy')
  await using cluster = await postgres.start(storage.dataDirectory('br-busy'))
  await using admin = await connectAdmin(cluster, { database })
  await admin.execute('CREATE TABLE public.t (id int, filler text)')
  let isDone = false
  const writing = writeRows(cluster, () => isDone)
  const clones: { lsn: string; timeline: number; time: string }[] = []
  for (const name of ['br-one', 'br-two', 'br-three'])
    clones.push(await storage.clone(name, 'br-busy', { connect: () => connectAdmin(cluster) }))
  isDone = true
  const written = await writing
  for (const [index, name] of ['br-one', 'br-two', 'br-three'].entries()) {
    const { lsn = '', timeline } = clones[index] ?? {}
    expect(await walAfter(storage.dataDirectory(name), lsn)).toBe(0)
    const ids = await idsIn(name)
    expect(ids.size).toBeGreaterThan(0)
    expect({ timeline, ...wrong(written, ids, lsn) }).toEqual({ timeline: 1, missing: 0, surplus: 0 })
  }
  // The writers went on while the last segment was copied; those rows are what an inexact clone would have too many.
  const last = parseLsn(clones[2]?.lsn ?? '')
  expect(written.filter((row) => row.before >= last).length).toBeGreaterThan(0)
}, 120_000)

test('of a parent that was shut down, and of one that was killed', async () => {
  await storage.create('br-ended')
  let written: Written[]
  {
    await using cluster = await postgres.start(storage.dataDirectory('br-ended'))
    await using admin = await connectAdmin(cluster, { database })
    await admin.execute('CREATE TABLE public.t (id int, filler text)')
    const until = performance.now() + 300
    written = await writeRows(cluster, () => performance.now() > until)
  }
  const asleep = await storage.clone('br-of-ended', 'br-ended')
  expect(wrong(written, await idsIn('br-of-ended'), asleep.lsn)).toEqual({ missing: 0, surplus: 0 })

  const killed = await postgres.start(storage.dataDirectory('br-ended'))
  let isDone = false
  const dying = writeRows(killed, () => isDone).catch(() => [])
  await using admin = await connectAdmin(killed, { database })
  const { written: acknowledged } = await writeAndKill(killed, admin)
  isDone = true
  await dying
  const crashed = await storage.clone('br-of-killed', 'br-ended')
  const ids = await idsIn('br-of-killed')
  expect(wrong([...written, ...acknowledged], ids, crashed.lsn)).toEqual({ missing: 0, surplus: 0 })
  // The parent's own next record begins where the clone's content ends.
  await using again = await postgres.start(storage.dataDirectory('br-ended'))
  await using later = await connectAdmin(again, { database })
  const rows = await later.query<{ id: number }>('SELECT id FROM public.t')
  expect(new Set(rows.map(({ id }) => id))).toEqual(ids)
}, 120_000)

/** Rows that were acknowledged before the server was killed. */
async function writeAndKill(
  cluster: Cluster,
  admin: Awaited<ReturnType<typeof connectAdmin>>,
): Promise<{ written: Written[] }> {
  const [row] = await admin.query<{ lsn: string; pid: number }>(
    `WITH added AS (INSERT INTO public.t SELECT n, 'last' FROM generate_series(1000001, 1000100) n)
     SELECT pg_current_wal_insert_lsn()::text AS lsn, pg_backend_pid() AS pid`,
  )
  const after = await admin.query<{ lsn: string }>('SELECT pg_current_wal_insert_lsn()::text AS lsn')
  const position = { before: parseLsn(row?.lsn ?? ''), after: parseLsn(after[0]?.lsn ?? '') }
  process.kill(cluster.pid ?? 0, 'SIGKILL')
  await cluster.exited
  return { written: Array.from({ length: 100 }, (_, n) => ({ id: 1_000_001 + n, ...position })) }
}
