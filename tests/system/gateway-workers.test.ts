// A whole workspace whose gateway has threads of its own: logins, queries, cancelling, waking, and a clean end.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import path from 'node:path'
import { credentialRoutes, restoreRoutes } from '@lakelet/api'
import { encodeCancelRequest } from '@lakelet/wire'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const ENDPOINT = 'projects/busy/branches/production/endpoints/primary'
const CLIENTS = 20

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace({
    env: { LAKELET_GATEWAY_WORKERS: '2', LAKELET_TIME_TRAVEL_IDLE_SECONDS: '1' },
  })
  await workspace.cli(['postgres', 'create-project', 'busy'])
})

afterAll(async () => {
  await workspace[Symbol.asyncDispose]()
})

async function connect(options?: string): Promise<Client> {
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint: ENDPOINT } })
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    ...(options === undefined ? {} : { options }),
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  await client.connect()
  return client
}

it('serves many clients at once, from both threads', async () => {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect()))
  const answers = await Promise.all(clients.map((client, n) => client.query('SELECT $1::int AS n', [n])))
  expect(answers.map(({ rows }) => (rows[0] as { n: number }).n)).toEqual(clients.map((_, n) => n))
  await Promise.all(clients.map((client) => client.end()))
  const log = await readFile(path.join(workspace.dataDir, 'lakelet.log'), 'utf8')
  const threads = log
    .split('\n')
    .flatMap((line) => /"thread":"(gateway-\d)".*session opened/.exec(line)?.[1] ?? [])
  expect(new Set(threads)).toEqual(new Set(['gateway-1', 'gateway-2']))
})

it('cancels a query from whichever thread the request reaches', async () => {
  const clients = await Promise.all(Array.from({ length: 6 }, () => connect()))
  const failures = clients.map((client) =>
    client.query('SELECT pg_sleep(60)').catch((error: unknown) => error),
  )
  const watcher = await connect()
  const running = `SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)' AND state = 'active'`
  await expect.poll(async () => (await watcher.query(running)).rowCount).toBe(6)
  for (const client of clients) await cancel(client)
  for (const failure of failures) expect(await failure).toMatchObject({ code: '57014' })
  await Promise.all([...clients, watcher].map((client) => client.end()))
})

it('reads one moment of the past from both threads, and closes it when nobody does', async () => {
  const now = await connect()
  await now.query("CREATE TABLE goods AS SELECT 'tea' AS name")
  const { rows } = await now.query<{ at: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
  )
  await now.query("UPDATE goods SET name = 'coffee'")
  const options = `endpoint=${ENDPOINT} timestamp=${rows[0]?.at}`
  const past = await Promise.all(Array.from({ length: 8 }, () => connect(options)))
  for (const client of past)
    expect((await client.query('SELECT name FROM goods')).rows).toEqual([{ name: 'tea' }])
  const params = { project: 'busy', branch: 'production' }
  const moments = async () => (await workspace.client.call(restoreRoutes.getHistory, { params })).open_moments
  expect(await moments()).toHaveLength(1)
  await expect(past[0]?.query('DELETE FROM goods')).rejects.toMatchObject({ code: '25006' })
  expect((await now.query('SELECT name FROM goods')).rows).toEqual([{ name: 'coffee' }])
  await Promise.all([...past, now].map((client) => client.end()))
  await expect.poll(moments, { timeout: 60_000 }).toEqual([])
})

it('ends in order, telling its clients, and has met no error', async () => {
  const client = await connect()
  const told: Error[] = []
  client.on('error', (error) => told.push(error))
  expect(await workspace.stop()).toBe(0)
  expect(told[0]).toMatchObject({ code: '57P01' })
  expect((await workspace.problems()).split('\n').filter((line) => /"level":[56]0/.test(line))).toEqual([])
})

/** As libpq does: on a connection of its own, which the server closes. */
async function cancel(client: Client): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
  const secret = Buffer.alloc(4)
  secret.writeInt32BE(secretKey)
  const socket = createConnection(workspace.postgres)
  socket.end(encodeCancelRequest(processID, secret))
  socket.resume()
  await once(socket, 'close')
}
