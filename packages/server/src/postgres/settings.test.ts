import { expect, test } from 'vitest'
import { maxConnections, settingsFile } from './settings.ts'
import { isUserSetting, userSettingProblem } from './user-settings.ts'

const MAJOR = 17

test('max_connections follows the published table', () => {
  const table = { 0.5: 104, 1: 209, 2: 419, 3: 629, 4: 839, 8: 1678, 16: 3357, 32: 4000, 112: 4000 }
  for (const [cu, connections] of Object.entries(table)) expect(maxConnections(Number(cu))).toBe(connections)
})

test('users may set what tunes queries, not what holds the cluster together', () => {
  const open = [
    'work_mem',
    'statement_timeout',
    'pg_stat_statements.max',
    'Work_Mem',
    'myapp.tenant',
    'wal_keep_size',
  ]
  for (const name of open) expect(isUserSetting(name, MAJOR), name).toBe(true)
  const closed = [
    'fsync',
    'full_page_writes',
    'Listen_Addresses',
    'shared_preload_libraries',
    'session_preload_libraries',
    'local_preload_libraries',
    'dynamic_library_path',
    'archive_command',
    'restore_command',
    'synchronous_standby_names',
    'unix_socket_directories',
    'unix_socket_permissions',
    'password_encryption',
    'hba_file',
    'log_line_prefix',
    'log_min_messages',
    'track_activities',
    'track_counts',
    'max_connections',
    'superuser_reserved_connections',
    'zero_damaged_pages',
    'restart_after_crash',
    'server_version',
    'nonsense',
    'include',
    'a b',
    "x'",
    '',
    'x\ny',
  ]
  for (const name of closed) expect(isUserSetting(name, MAJOR), name).toBe(false)
})

test('a wrong value is told with the type, the range and the units', () => {
  const problems: [name: string, value: string, words: RegExp | undefined][] = [
    [
      'work_mem',
      'banana',
      /"banana".*an integer from 64 to 2147483647 \(in kB; units are B, kB, MB, GB, TB\)/,
    ],
    ['work_mem', '32kB', /from 64 to/],
    ['work_mem', '64kB', undefined],
    ['work_mem', '64', undefined],
    ['work_mem', '1.5MB', undefined],
    ['work_mem', '0x100', undefined],
    ['work_mem', ' 8 MB ', undefined],
    ['work_mem', '8mb', /units are/],
    ['work_mem', '8 parsecs', /units are/],
    ['work_mem', '', /an integer/],
    ['shared_buffers', '1GB', undefined],
    ['statement_timeout', '1min', undefined],
    ['statement_timeout', '-1', /from 0/],
    ['statement_timeout', '90000d', /to 2147483647/],
    ['random_page_cost', '1.1', undefined],
    ['random_page_cost', 'x', /a number/],
    ['vacuum_cost_delay', '500us', undefined],
    ['jit', 'of', undefined],
    ['jit', 'o', /on or off/],
    ['jit', 'maybe', /on or off/],
    ['jit', 'T', undefined],
    ['wal_compression', 'gzip', /one of/],
    ['bytea_output', 'HEX', undefined],
    ['max_replication_slots', '0', /from 8 to 64/],
    ['max_wal_senders', '1', /from 10 to 64/],
    ['max_slot_wal_keep_size', '-1', /from 64/],
    ['scram_iterations', '2147483647', /to 100000/],
    ['track_activities', 'off', /managed by the workspace/],
    ['max_connections', '1', /size of the compute/],
    ['myapp.tenant', 'anything goes', undefined],
    ['myapp.tenant', 'x'.repeat(10_000), /longer than/],
    ['search_path', 'a\nfsync=off', /one line/],
    ['no_such_thing', '1', /Postgres 17 has no setting of that name/],
  ]
  for (const [name, value, words] of problems) {
    const problem = userSettingProblem(name, value, MAJOR) ?? 'none'
    expect(problem, `${name} = ${value}`).toMatch(words ?? /^none$/)
  }
})

test('a value cannot end its setting and begin another one', () => {
  const text = settingsFile({ maxCu: 1, extra: { search_path: "a'\nfsync = off", fsync: 'off' } }, MAJOR)
  expect(text).toContain("search_path = 'a'' fsync = off'\n")
  expect(text).not.toMatch(/^fsync/m)
})

test('no cluster gives up durability', () => {
  expect(settingsFile({ maxCu: 1 }, MAJOR)).not.toMatch(/^(fsync|full_page_writes)/m)
})
