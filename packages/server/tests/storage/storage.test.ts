import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAdmin } from '../../src/postgres/index.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import { type TestInstallation, installForTest, TEST_MAJOR, testLog } from '../postgres/installed.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

let postgres: TestInstallation
let storage: Storage

beforeAll(async () => {
  postgres = await installForTest()
  storage = await startStorage({ postgres: postgres.postgres, log: testLog })
})
afterAll(() => postgres[Symbol.asyncDispose]())

/** Starts a branch, runs statements in its first database and stops it; returns the rows of the last query. */
async function inBranch(branchUid: string, statements: string, query = 'SELECT 1'): Promise<object[]> {
  await using cluster = await postgres.start(storage.dataDirectory(branchUid))
  await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
  if (statements) await admin.execute(statements)
  return await admin.query(query)
}

test('a new branch is whole, says how it was made, and exists once', async () => {
  const made = await storage.create('br-new', undefined, TEST_MAJOR)
  expect(made.method).toMatch(/^(reflink|copy)$/)
  expect(made.files).toBeGreaterThan(500)
  expect(await storage.files.manifest('br-new')).toMatchObject({ kind: 'read', manifest: { clone: made } })
  await expect(storage.create('br-new', undefined, TEST_MAJOR)).rejects.toMatchObject({
    code: 'branch_storage_exists',
  })
  expect(await inBranch('br-new', '', 'SHOW data_checksums')).toEqual([{ data_checksums: 'on' }])
  expect(await storage.sizeBytes('br-new')).toBeGreaterThan(20_000_000)
  expect(await storage.list()).toContain('br-new')
  expect((await stat(storage.dataDirectory('br-new'))).mode & 0o777).toBe(0o700)
})

test('a branch of a sleeping branch has its data and goes its own way', async () => {
  await storage.create('br-parent', undefined, TEST_MAJOR)
  await inBranch(
    'br-parent',
    'CREATE TABLE public.t AS SELECT generate_series(1, 1000) AS n; CREATE ROLE copied',
  )
  await storage.clone('br-child', 'br-parent')
  const wal = (await readdir(path.join(storage.dataDirectory('br-child'), 'pg_wal'))).filter((name) =>
    /^[0-9A-F]{24}$/.test(name),
  )
  expect(wal).toHaveLength(1)
  expect(
    await inBranch(
      'br-child',
      'DELETE FROM public.t WHERE n > 10',
      'SELECT count(*)::int AS n FROM public.t',
    ),
  ).toEqual([{ n: 10 }])
  expect(
    await inBranch('br-child', '', "SELECT count(*)::int AS n FROM pg_roles WHERE rolname = 'copied'"),
  ).toEqual([{ n: 1 }])
  await storage.remove('br-child')
  expect(await inBranch('br-parent', '', 'SELECT count(*)::int AS n FROM public.t')).toEqual([{ n: 1000 }])
})

test('a branch of a branch whose server was killed has every committed row', async () => {
  await storage.create('br-crashed', undefined, TEST_MAJOR)
  const cluster = await postgres.start(storage.dataDirectory('br-crashed'))
  {
    await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
    await admin.execute('CREATE TABLE public.t AS SELECT generate_series(1, 3000) AS n')
  }
  process.kill(cluster.pid ?? 0, 'SIGKILL')
  await cluster.exited
  await storage.clone('br-of-crashed', 'br-crashed')
  expect(await inBranch('br-of-crashed', '', 'SELECT count(*)::int AS n FROM public.t')).toEqual([
    { n: 3000 },
  ])
})

test('a branch of a running branch is consistent while others write, and the source is left as it was', async () => {
  await storage.create('br-live', undefined, TEST_MAJOR)
  await using cluster = await postgres.start(storage.dataDirectory('br-live'))
  await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
  await admin.execute(`
    CREATE TABLE public.accounts (id int PRIMARY KEY, balance int NOT NULL);
    INSERT INTO public.accounts SELECT n, 100 FROM generate_series(1, 2000) n;
    CREATE INDEX ON public.accounts (balance)`)
  const done = new AbortController()
  let moved = 0
  const writers = Array.from({ length: 3 }, async () => {
    await using writer = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
    while (!done.signal.aborted) {
      // Money moves between two accounts; the sum stays.
      const [one, two] = [1 + Math.floor(Math.random() * 1000), 1001 + Math.floor(Math.random() * 1000)]
      await writer.execute(
        `UPDATE public.accounts SET balance = balance + CASE id WHEN ${one} THEN 1 ELSE -1 END WHERE id IN (${one}, ${two})`,
      )
      moved += 1
    }
  })
  try {
    const made = await storage.clone('br-of-live', 'br-live', {
      connect: () => connectAdmin(cluster.address),
    })
    expect(made.files).toBeGreaterThan(500)
  } finally {
    done.abort()
    await Promise.all(writers)
  }
  expect(moved).toBeGreaterThan(0)
  const label = path.join(storage.dataDirectory('br-of-live'), 'backup_label')
  expect(await readFile(label, 'utf8')).toContain('START WAL LOCATION')
  await expect(stat(path.join(storage.dataDirectory('br-live'), 'backup_label'))).rejects.toThrow(/ENOENT/)
  expect(await admin.query('SELECT slot_name FROM pg_replication_slots')).toEqual([])
  const sums = await inBranch(
    'br-of-live',
    'CREATE EXTENSION amcheck SCHEMA public',
    `SELECT (SELECT sum(balance) FROM public.accounts)::int AS total,
       (SELECT count(*) FROM (SELECT public.bt_index_check(c.oid::regclass, true) FROM pg_class c WHERE c.relkind = 'i'
          AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'btree')) checked)::int > 100 AS checked`,
  )
  expect(sums).toEqual([{ total: 200_000, checked: true }])
})

test('a clone that fails leaves nothing behind, and its source untouched', async () => {
  await storage.create('br-source', undefined, TEST_MAJOR)
  const broken = storage.clone('br-never', 'br-source', {
    connect: () => Promise.reject(new Error('the compute is gone')),
  })
  await expect(broken).rejects.toMatchObject({ code: 'branch_clone_failed' })
  await expect(broken).rejects.toThrow(/the compute is gone/)
  expect(await storage.exists('br-never')).toBe(false)
  await expect(storage.clone('br-x', 'br-nowhere')).rejects.toMatchObject({ code: 'branch_storage_missing' })
  expect(await inBranch('br-source', '', 'SELECT 1 AS one')).toEqual([{ one: 1 }])
})

test('removing is idempotent; what a killed workspace left unfinished is swept', async () => {
  await storage.create('br-gone', undefined, TEST_MAJOR)
  await storage.remove('br-gone')
  await storage.remove('br-gone')
  expect(await storage.exists('br-gone')).toBe(false)
  const home = path.join(postgres.installation.dataDir, 'branches')
  await mkdir(path.join(home, '.br-half.0123abcd', 'data'), { recursive: true })
  await mkdir(path.join(home, '.somebody-elses'), { recursive: true })
  await startStorage({ postgres: postgres.postgres, log: testLog })
  expect((await readdir(home)).filter((name) => name.startsWith('.'))).toEqual(['.somebody-elses'])
  expect(() => storage.dataDirectory('../elsewhere')).toThrow(/not the uid of a branch/)
})

test('only what its manifest names is removed; anything else is set aside', async () => {
  expectInLog(/set the files of a branch aside/)
  const owner = { workspaceId: 'w', projectUid: 'p' }
  const branch = { ...owner, record: {} }
  const trash = async () => (await storage.files.trash.list()).map(({ name }) => name)
  await storage.create('br-mine', branch, TEST_MAJOR)
  await storage.remove('br-mine', owner)
  expect([await storage.exists('br-mine'), await trash()]).toEqual([false, []])
  for (const [uid, other] of [
    ['br-other-project', { ...owner, projectUid: 'q' }],
    ['br-other-workspace', { ...owner, workspaceId: 'x' }],
  ] as const) {
    await storage.create(uid, { ...other, record: {} }, TEST_MAJOR)
    await storage.remove(uid, owner)
  }
  await storage.create('br-damaged', branch, TEST_MAJOR)
  await writeFile(storage.paths('br-damaged').manifest, '{')
  await storage.remove('br-damaged', owner)
  await mkdir(storage.paths('br-without').directory)
  await storage.remove('br-without', owner)
  expect((await trash()).sort()).toEqual([
    'br-damaged',
    'br-other-project',
    'br-other-workspace',
    'br-without',
  ])
  // An operation that is undone or done again takes nothing that was in use.
  await storage.create('br-used', branch, TEST_MAJOR)
  expect(await storage.unfinished('br-used', owner)).toMatchObject({ method: expect.any(String) })
  await storage.files.writeManifest({ ...branch, branchUid: 'br-used', sequence: 7, writtenAt: '' })
  await storage.discard('br-used', owner)
  expect(await trash()).toContain('br-used')
  const [first] = await storage.files.trash.list()
  const later = (days: number) => new Date((first?.setAsideAt.getTime() ?? 0) + days * 86_400_000)
  const failed = (_: unknown, error: unknown) => expect(error).toBeUndefined()
  expect(await storage.files.trash.removeOld(later(29), failed)).toEqual([])
  expect(await storage.files.trash.removeOld(later(31), failed)).toHaveLength(5)
})

test('directories that may not be entered do not stop a sweep', async () => {
  const half = path.join(storage.files.home, '.br-closed.0123abcd')
  await mkdir(path.join(half, 'data', 'base'), { recursive: true })
  await writeFile(path.join(half, 'data', 'base', '1'), '')
  for (const each of [path.join(half, 'data', 'base'), path.join(half, 'data')]) await chmod(each, 0)
  await startStorage({ postgres: postgres.postgres, log: testLog })
  expect(await readdir(storage.files.home)).not.toContain('.br-closed.0123abcd')
})
