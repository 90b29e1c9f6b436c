// What is believed of Postgres' settings, against Postgres.
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as fc from 'fast-check'
import { type AdminConnection, type Cluster, connectAdmin, startProblem } from '../../src/postgres/index.ts'
import { valueProblem } from '../../src/postgres/setting-values.ts'
import { settingsCatalog } from '../../src/postgres/settings-catalog/index.ts'
import { isUserSetting } from '../../src/postgres/user-settings.ts'
import { type TestInstallation, installForTest, TEST_MAJOR } from './installed.ts'
import { serverCatalog } from './server-catalog.ts'

const MAJOR = TEST_MAJOR

let postgres: TestInstallation
let cluster: Cluster
let admin: AdminConnection

beforeAll(async () => {
  postgres = await installForTest()
  cluster = await postgres.start(await postgres.newDataDirectory('settings'))
  admin = await connectAdmin(cluster.address)
})
afterAll(async () => {
  await admin[Symbol.asyncDispose]()
  await cluster[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

test('the catalog of settings is that of the server', async () => {
  expect(Object.fromEntries(settingsCatalog(MAJOR))).toEqual(await serverCatalog(admin))
})

/** Postgres has more to say of these than a range; the trial hears it. */
const CHECKED_FURTHER = new Set(['max_stack_depth', 'temp_buffers', 'vacuum_buffer_usage_limit'])

test('values are right or wrong as Postgres has it', async () => {
  const named = [...settingsCatalog(MAJOR)].filter(
    ([name, { type, context }]) =>
      isUserSetting(name, MAJOR) &&
      !CHECKED_FURTHER.has(name) &&
      type !== 'string' &&
      (context === 'user' || context === 'superuser'),
  )
  const numbers = fc
    .tuple(
      fc.oneof(
        fc.integer({ min: -10, max: 3_000_000 }).map(String),
        fc.constantFrom(
          '0',
          '1',
          '-1',
          '0.5',
          '1e3',
          '0x1F',
          '017',
          '08',
          '2147483647',
          '2147483648',
          '',
          '.',
          '1.',
        ),
        fc.double({ min: -2, max: 1e6, noNaN: true }).map((number) => number.toFixed(3)),
      ),
      fc.constantFrom(
        '',
        ' ',
        'kB',
        'MB',
        'B',
        'GB',
        'TB',
        'mb',
        'KB',
        'us',
        'ms',
        's',
        'min',
        'h',
        'd',
        'D',
        'x',
      ),
    )
    .map(([number, unit]) => `${number}${unit}`)
  const words = fc.constantFrom(
    'on',
    'off',
    'o',
    'of',
    'tr',
    'TRUE',
    'y',
    'n',
    '1',
    '0',
    ' on',
    'none',
    'all',
    'auto',
    'ERROR',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...named),
      fc.oneof({ weight: 3, arbitrary: numbers }, words),
      async ([name, setting], value) => {
        const accepted = await admin.query('SELECT set_config($1, $2, true)', [name, value]).then(
          () => true,
          () => false,
        )
        const problem = valueProblem(value, setting)
        expect({ name, value, accepted: problem === undefined }).toEqual({ name, value, accepted })
      },
    ),
    { numRuns: 1500 },
  )
})

test('settings are tried together, without a server', async () => {
  const tried = (extra: Record<string, string>, maxCu = 1) =>
    startProblem(postgres.installation, { maxCu, extra })
  expect(await tried({})).toBeUndefined()
  expect(await tried({ work_mem: '8MB', max_wal_senders: '10', 'myapp.tenant': 'a' })).toBeUndefined()
  expect(await tried({ timezone: 'Middle/Earth' })).toMatch(/TimeZone.*Middle\/Earth/)
  expect(await tried({ max_stack_depth: '1GB' })).toMatch(/max_stack_depth.*exceed/)
  expect(await tried({ shared_buffers: '4TB' }, 2)).toMatch(/MB of shared memory; a compute of this size has/)
  expect(await tried({ autovacuum_max_workers: '262143', max_worker_processes: '200000' })).toBeDefined()
  expect(await tried({ min_wal_size: '10MB', work_mem: 'plenty' })).toMatch(/work_mem/)
})
