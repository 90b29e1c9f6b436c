// Rotation at 1/600 of its real speed: credentials live 6 s, connections are recycled, nothing may fail. Ten seconds here; a minute
// in `npm run soak`, and longer with SOAK_SECONDS=600.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPool } from '../src/pg/index.ts'
import { startTestLakebase } from '../src/testing/index.ts'
import { wait } from './faults/measure.ts'
import { startTestPostgres } from './postgres.ts'
import type { TestPostgres } from './postgres.ts'

const seconds = Number(process.env['SOAK_SECONDS'] ?? 10)
const TTL_MS = 6000
let postgres: TestPostgres

beforeAll(async () => {
  postgres = await startTestPostgres()
})

afterAll(() => postgres?.stop())

test(`${seconds} s of rotation without a failed query`, { timeout: (seconds + 30) * 1000 }, async () => {
  await using lakebase = await startTestLakebase({ upstream: postgres, ttlMs: TTL_MS, tokenPadding: 1200 })
  await using pool = createPool({ env: lakebase.env, max: 4, maxUses: 20 })
  const lives: number[] = []
  let lastAt = performance.now()
  pool.connector.on('refresh', () => {
    const now = performance.now()
    lives.push(now - lastAt)
    lastAt = now
  })
  const failures: unknown[] = []
  let queries = 0
  const end = performance.now() + seconds * 1000
  const worker = async () => {
    while (performance.now() < end) {
      await pool.query('select 1').catch((error: unknown) => failures.push(error))
      queries++
      await wait(20)
    }
  }
  await Promise.all(Array.from({ length: 4 }, worker))
  expect(failures).toEqual([])
  expect(queries).toBeGreaterThan(seconds * 10)
  // One request per life that a credential had here, from its first use to its replacement at half of its term.
  const { credentialCalls } = lakebase.controlPlane
  expect(Math.abs(credentialCalls - lives.length)).toBeLessThanOrEqual(1)
  const expected = (seconds * 1000) / (TTL_MS / 2)
  expect(credentialCalls).toBeLessThanOrEqual(Math.ceil(expected / 0.9) + 1)
  expect(lakebase.proxy.rejected).toBe(0)
})
