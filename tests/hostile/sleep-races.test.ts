// Without parking: clients connect, append to lists, read, cancel and leave while their compute is put to sleep or killed at any moment. What each saw
// is checked as a history of appends: nothing acknowledged is lost or there twice, and every list that was read is a beginning of the last.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { branchRoutes, computeControlRoutes, credentialRoutes } from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createProject, type Endpoint } from '../clients/workspace-objects.ts'
import { expectInLog } from '../guards/log-guard.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { scaled } from './duration.ts'

const ROUNDS = scaled(12, 1_000)
const CLIENTS = 6
const KEYS = 4
const params = { project: 'raced', branch: 'production', endpoint: 'primary' }
/** How sessions end whose compute sleeps, is killed or recovers, and statements that their client cancels. */
const CUT_OFF = /^(57P01|57P02|57P03|57014|08006)$/
const LOST = /Connection terminated|encountered a connection error|ECONNRESET|EPIPE|server closed/i

let workspace: TestWorkspace
let endpoint: Endpoint
let token: string
let branchUid: string

beforeAll(async () => {
  workspace = await startTestWorkspace()
  endpoint = await createProject(workspace, params.project)
  const body = { endpoint: endpoint.name }
  token = (await workspace.client.call(credentialRoutes.generate, { body })).token
  const branch = { project: params.project, branch: params.branch }
  branchUid = (await workspace.client.call(branchRoutes.getBranch, { params: branch })).uid
})
afterAll(() => workspace[Symbol.asyncDispose]())

async function connect(): Promise<Client> {
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    options: `endpoint=${endpoint.uid}`,
    ssl: { rejectUnauthorized: false },
  })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

interface History {
  /** By value: whether it was acknowledged; one whose session was cut off may be there or not. */
  readonly appends: Map<number, { readonly key: number; acknowledged: boolean }>
  /** What was read of a list, in the order of each client. */
  readonly reads: { readonly key: number; readonly items: readonly number[] }[]
  readonly faults: string[]
}

const UPSERT = `INSERT INTO lists VALUES ($1, ARRAY[$2::int])
  ON CONFLICT (key) DO UPDATE SET items = lists.items || $2::int`

async function live(history: History, next: () => number, signal: AbortSignal): Promise<void> {
  const random = (below: number) => Math.floor(Math.random() * below)
  while (!signal.aborted) {
    let client: Client | undefined
    try {
      client = await connect()
      for (let n = random(6); n >= 0 && !signal.aborted; n -= 1) {
        const key = random(KEYS)
        const { rows } = await client.query<{ items: number[] }>('SELECT items FROM lists WHERE key = $1', [
          key,
        ])
        history.reads.push({ key, items: rows[0]?.items ?? [] })
        const value = next()
        const append = { key, acknowledged: false }
        history.appends.set(value, append)
        const appending = client.query(UPSERT, [key, value]).then(() => {
          append.acknowledged = true
        })
        // One in eight goes away without waiting for the answer.
        if (random(8) === 0) {
          appending.catch(() => undefined)
          break
        }
        await appending
      }
    } catch (error) {
      const { code = '', message } = error as Error & { code?: string }
      if (!CUT_OFF.test(code) && !LOST.test(message)) history.faults.push(`${code} ${message}`)
    } finally {
      await client?.end().catch(() => undefined)
    }
  }
}

async function disturb(): Promise<void> {
  if (Math.random() < 0.7) {
    await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
    return
  }
  const file = path.join(workspace.dataDir, 'branches', branchUid, 'data/postmaster.pid')
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
  if (!(pid > 1)) return
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

it(
  'loses nothing that was acknowledged, whenever its compute sleeps or is killed',
  async () => {
    expectInLog(/the compute crashed/)
    expectInLog(/could not be read before the compute stops/)
    expectInLog(/the compute did not start/)
    await using setUp = Object.assign(await connect(), { [Symbol.asyncDispose]: () => setUp.end() })
    await setUp.query('CREATE TABLE lists (key int PRIMARY KEY, items int[] NOT NULL)')
    const history: History = { appends: new Map(), reads: [], faults: [] }
    let value = 0
    const stopping = new AbortController()
    const clients = Array.from({ length: CLIENTS }, () => live(history, () => (value += 1), stopping.signal))
    for (let round = 0; round < ROUNDS; round += 1) {
      await sleep(Math.random() * 150)
      await disturb()
    }
    stopping.abort()
    await Promise.all(clients)

    const last = await connect()
    const { rows } = await last.query<{ key: number; items: number[] }>('SELECT key, items FROM lists')
    await last.end()
    const lists = new Map(rows.map(({ key, items }) => [key, items]))
    const all = rows.flatMap(({ items }) => items)
    const acknowledged = [...history.appends].filter(([, append]) => append.acknowledged)
    console.log(`${ROUNDS} races: ${acknowledged.length} appends acknowledged, ${history.reads.length} reads`)
    expect(history.faults).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(ROUNDS)
    expect(new Set(all).size, 'appended twice').toBe(all.length)
    expect(
      acknowledged.filter(([item, { key }]) => !lists.get(key)?.includes(item)),
      'lost',
    ).toEqual([])
    expect(
      all.filter((item) => !history.appends.has(item)),
      'appended by nobody',
    ).toEqual([])
    const torn = history.reads.filter(({ key, items }) => {
      const end = lists.get(key) ?? []
      return items.some((item, at) => end[at] !== item)
    })
    expect(torn, 'read and then gone').toEqual([])
  },
  scaled(300_000, 3_600_000),
)
