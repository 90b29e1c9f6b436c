import { Pool } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPool } from '../src/pg/index.ts'
import { startTestLakebase } from '../src/testing/index.ts'
import { startTestPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

let postgres: TestPostgres

beforeAll(async () => {
  postgres = await startTestPostgres()
})

afterAll(() => postgres?.stop())

test('the environment alone is enough', async () => {
  await using lakebase = await startTestLakebase({ upstream: postgres })
  await using pool = createPool({ env: lakebase.env })
  expect(pool).toBeInstanceOf(Pool)
  const { rows } = await pool.query<{ n: number }>('select $1::int + 1 as n', [41])
  expect(rows).toEqual([{ n: 42 }])
  expect(lakebase.controlPlane.credentialCalls).toBe(1)
  await pool.end()
  expect(lakebase.proxy.plaintextPasswords).toBe(0)
})
