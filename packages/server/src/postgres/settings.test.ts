import { expect, test } from 'vitest'
import { isUserSetting, maxConnections, settingsFile } from './settings.ts'

test('max_connections follows the published table', () => {
  const table = { 0.5: 104, 1: 209, 2: 419, 3: 629, 4: 839, 8: 1678, 16: 3357, 32: 4000, 112: 4000 }
  for (const [cu, connections] of Object.entries(table)) expect(maxConnections(Number(cu))).toBe(connections)
})

test('users may set what tunes queries, not what holds the cluster together', () => {
  for (const name of ['work_mem', 'statement_timeout', 'pg_stat_statements.max', 'Work_Mem'])
    expect(isUserSetting(name)).toBe(true)
  for (const name of [
    'fsync',
    'Listen_Addresses',
    'shared_preload_libraries',
    'a b',
    "x'",
    '',
    'x\ny',
    'a.b.c',
  ]) {
    expect(isUserSetting(name)).toBe(false)
  }
})

test('a value cannot end its setting and begin another one', () => {
  const text = settingsFile({ maxCu: 1, extra: { search_path: "a'\nfsync = off", fsync: 'off' } })
  expect(text).toContain("search_path = 'a'' fsync = off'\n")
  expect(text).not.toMatch(/^fsync/m)
})

test('only an ephemeral cluster gives up durability', () => {
  expect(settingsFile({ maxCu: 1, ephemeral: true })).toMatch(/^fsync = 'off'$/m)
})
