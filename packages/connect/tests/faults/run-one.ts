// Runs one scenario with one implementation in this process, and says on standard output how it went. Then nothing is
// left that could keep the process alive: the parent waits for its end.
import { readFileSync, writeSync } from 'node:fs'
import { Client } from 'pg'
import { openTestAuthority, startTestLakebase } from '../../src/testing/index.ts'
import type { TestLakebase } from '../../src/testing/index.ts'
import { scenarios } from './all-scenarios.ts'
import { until } from './measure.ts'
import type { Rig } from './scenario.ts'
import { subject } from './subjects.ts'

export interface Report {
  readonly ok: boolean
  /** What was measured, or why it failed. */
  readonly outcome: string
  readonly ms: number
  readonly credentialCalls: number
  /** Connections to the server, to the control plane, and backends, still there after the pool was ended. */
  readonly leakedSockets: number
  readonly leakedRequests: number
  readonly leakedBackends: number
}

const [id, name = 'ours', postgres = '', authorityFile = ''] = process.argv.slice(2)
const scenario = scenarios.find((each) => each.id === id)
if (!scenario) throw new Error(`no scenario ${id}`)

const authority = openTestAuthority(
  JSON.parse(readFileSync(authorityFile, 'utf8')) as { cert: string; key: string },
)
const lakebases: TestLakebase[] = []
const closers: (() => Promise<unknown>)[] = []
const rig: Rig = {
  subject: await subject(name),
  postgres,
  async start(options = {}) {
    const upstream = { host: postgres, port: 5432, user: 'postgres' }
    const lakebase = await startTestLakebase({ authority, ...options, upstream })
    lakebases.push(lakebase)
    return lakebase
  },
  defer: (close) => void closers.push(close),
  options: (env, more = {}) => ({ env, ...more }),
}

const startedAt = performance.now()
let ok = true
let outcome: string
try {
  outcome = await scenario.run(rig)
} catch (error) {
  ok = false
  outcome = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  if (process.env['FAULTS_STACK'])
    process.stderr.write(`${String(error instanceof Error ? error.stack : error)}\n`)
}
const ms = performance.now() - startedAt
await Promise.race([
  Promise.allSettled(closers.map((close) => close())),
  new Promise((resolve) => {
    setTimeout(resolve, 3000).unref()
  }),
])
const leakedSockets = await settled(() => lakebases.reduce((sum, { proxy }) => sum + proxy.openSockets, 0))
const leakedRequests = await settled(() =>
  lakebases.reduce((sum, { controlPlane }) => sum + controlPlane.openSockets, 0),
)
for (const lakebase of lakebases) await lakebase.stop()
const leakedBackends = await settled(backends)
const credentialCalls = lakebases.reduce((sum, { controlPlane }) => sum + controlPlane.credentialCalls, 0)
const report: Report = { ok, outcome, ms, credentialCalls, leakedSockets, leakedRequests, leakedBackends }
writeSync(1, `${JSON.stringify(report)}\n`)

/** The count once it is zero, or what it is after two seconds. */
async function settled(count: () => number | Promise<number>): Promise<number> {
  await until('nothing is left', async () => (await count()) === 0, 2000).catch(() => {})
  return count()
}

/** Backends of this process's own sessions. */
async function backends(): Promise<number> {
  const client = new Client({
    host: postgres,
    port: 5432,
    user: 'postgres',
    database: 'postgres',
    ssl: false,
  })
  await client.connect()
  const { rows } = await client.query<{ n: number }>(
    "select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() and application_name like $1",
    [`%${process.env['PGAPPNAME'] ?? 'nobody'}%`],
  )
  await client.end()
  return rows[0]?.n ?? 0
}
