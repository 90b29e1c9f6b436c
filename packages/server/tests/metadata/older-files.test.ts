// Metadata files that an earlier version wrote: brought up to date with all that is in them, after a backup of how they were.
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { backupsOf, listBackups } from '../../src/metadata/backups.ts'
import { openMetadata } from '../../src/metadata/database.ts'
import { listLiveEndpoints } from '../../src/metadata/endpoints.ts'

const migrations = path.join(import.meta.dirname, '../../src/metadata/migrations')
let directory: string
let file: string
beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'lakelet-metadata-'))
  file = path.join(directory, 'metadata.sqlite')
})
afterEach(() => rm(directory, { recursive: true }))

const names = async () => (await readdir(migrations)).filter((name) => name.endsWith('.sql')).sort()

/** A file as the version wrote it that knew the first `count` migrations. */
async function writeOlder(count: number): Promise<void> {
  using sqlite = new DatabaseSync(file)
  sqlite.exec('CREATE TABLE migrations (name TEXT PRIMARY KEY, applied_at TEXT NOT NULL) STRICT')
  for (const name of (await names()).slice(0, count)) {
    sqlite.exec(await readFile(path.join(migrations, name), 'utf8'))
    sqlite.prepare("INSERT INTO migrations VALUES (?, '2026-01-01')").run(name)
  }
  sqlite.exec("INSERT INTO settings VALUES ('workspace_id', '1')")
  if (count < 3) return
  sqlite.exec(`
    INSERT INTO projects (uid, project_id, owner, owner_id, display_name, pg_version, history_retention_seconds,
      default_endpoint_settings, default_branch_uid, enable_pg_native_login, create_time, update_time)
      VALUES ('p', 'shop', 'jane', 1, 'Shop', 17, 1, '{}', 'b', 0, 't', 't');
    INSERT INTO branches (uid, branch_id, project_uid, state, state_change_time, is_protected, logical_size_bytes, create_time, update_time)
      VALUES ('b', 'production', 'p', 'READY', 't', 0, 1, 't', 't');
    INSERT INTO endpoints (uid, endpoint_id, branch_uid, type, min_cu, max_cu, disabled, pg_settings, create_time, update_time)
      VALUES ('e', 'primary', 'b', 'ENDPOINT_TYPE_READ_WRITE', 1, 1, 0, '{"work_mem":"4MB"}', 't', 't')`)
}

test('every version so far', async () => {
  const all = await names()
  for (let count = 1; count < all.length; count += 1) {
    await rm(directory, { recursive: true, force: true })
    await cp(migrations, directory, { recursive: true })
    await writeOlder(count)
    await using metadata = await openMetadata(file)
    const live = await listLiveEndpoints(metadata.db)
    const wanted =
      count < 3
        ? []
        : [{ uid: 'e', branchId: 'production', projectId: 'shop', pgSettings: { work_mem: '4MB' } }]
    expect(live).toMatchObject(wanted)
    const [backup = '', ...more] = listBackups(backupsOf(file))
    expect(more).toEqual([])
    using before = new DatabaseSync(backup, { readOnly: true })
    expect(before.prepare('SELECT count(*) AS n FROM migrations').get()).toEqual({ n: count })
  }
})

test('one of a newer version is refused and left as it is', async () => {
  await writeOlder((await names()).length)
  {
    using sqlite = new DatabaseSync(file)
    sqlite.exec("INSERT INTO migrations VALUES ('9999-future.sql', '2027-01-01')")
  }
  const before = await readFile(file)
  await expect(openMetadata(file)).rejects.toMatchObject({ code: 'data_dir_newer' })
  expect((await readFile(file)).subarray(100)).toEqual(before.subarray(100))
})

test('only the newest backups stay', async () => {
  await using metadata = await openMetadata(file)
  const made: string[] = []
  for (let n = 0; n < 7; n += 1) made.push(await metadata.backUp())
  expect(listBackups(backupsOf(file))).toEqual(made.slice(-4).reverse())
  expect((await readdir(backupsOf(file))).filter((name) => !name.endsWith('.sqlite'))).toEqual([])
})
