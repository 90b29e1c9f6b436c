import { expect, test } from 'vitest'
import { isExcluded, isWal } from './excluded-files.ts'

test('a clone takes the data along and leaves what belongs to the running source', () => {
  const excluded = [
    'postmaster.pid',
    'backup_label',
    'pg_replslot/slot',
    'pg_stat_tmp/x',
    'base/5/pg_internal.init',
    'global/pg_internal.init.123',
    'base/pgsql_tmp',
    'pg_wal/archive_status/000000010000000000000001.ready',
  ]
  expect(excluded.filter((name) => !isExcluded(name))).toEqual([])
  const taken = [
    'PG_VERSION',
    'base/5/1259',
    'pg_replslot',
    'pg_xact/0000',
    'pg_stat/pgstat.stat',
    'base/postmaster.pid',
    'pg_wal',
  ]
  expect(taken.filter((name) => isExcluded(name))).toEqual([])
})

test('WAL is every file in pg_wal, not its directories', () => {
  expect(isWal('pg_wal/000000010000000000000001')).toBe(true)
  expect(isWal('pg_wal/archive_status')).toBe(false)
  expect(isWal('pg_wal')).toBe(false)
})
