// Queries and checkouts, run by `connector.ts` in a process of its own (the official package can only be told of a
// private CA when its process starts). Straight at a Postgres with TLS: no proxy shares this process's time.
import { writeSync } from 'node:fs'
import { subject } from '../packages/connect/tests/faults/subjects.ts'

/** Many short rounds in turns: on a machine that others use too, only what ran side by side can be compared. */
const QUERIES = 400
const ROUNDS = 45

/** Samples of each implementation, in its order. */
export interface SpeedReport {
  readonly names: readonly string[]
  /** Queries per second on one connection, one after another. */
  readonly sequential: readonly (readonly number[])[]
  /** Queries per second, 10 at a time. */
  readonly parallel: readonly (readonly number[])[]
  /** Microseconds from `connect()` to a client that is ready, and its release. */
  readonly checkout: readonly (readonly number[])[]
}

const names = process.argv.slice(2)
const env = process.env as Record<string, string>
const subjects = await Promise.all(names.map((name) => subject(name)))
const pools = subjects.map((each) => each.createPool(env, { max: 10 }))
const sequential: number[][] = names.map(() => [])
const parallel: number[][] = names.map(() => [])
const checkout: number[][] = names.map(() => [])

for (let round = -2; round < ROUNDS; round++) {
  // Each round begins with another one, so that none is always the one after the garbage of the same other.
  for (let turn = 0; turn < pools.length; turn++) {
    const index = (turn + round + 2) % pools.length
    const pool = pools[index]
    if (!pool) continue
    const one = await perSecond(async () => {
      for (let i = 0; i < QUERIES; i++) await pool.query('select 1')
    }, QUERIES)
    const ten = await perSecond(async () => {
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          for (let i = 0; i < QUERIES / 10; i++) await pool.query('select 1')
        }),
      )
    }, QUERIES)
    const checkouts = await perSecond(async () => {
      for (let i = 0; i < QUERIES; i++) (await pool.connect()).release()
    }, QUERIES)
    if (round < 0) continue
    sequential[index]?.push(one)
    parallel[index]?.push(ten)
    checkout[index]?.push(1e6 / checkouts)
  }
}
const report: SpeedReport = { names, sequential, parallel, checkout }
writeSync(1, `${JSON.stringify(report)}\n`)
// The official package's pool may keep the process for a while; what was asked is answered.
process.exit(0)

async function perSecond(work: () => Promise<void>, count: number): Promise<number> {
  const startedAt = performance.now()
  await work()
  return (count / (performance.now() - startedAt)) * 1000
}
