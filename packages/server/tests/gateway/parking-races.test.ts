// Clients that ask, cancel, leave and come back while their compute goes to sleep and is killed at random moments: nothing that was acknowledged is
// lost, and only what ran or was open when the compute was killed fails, as it does with Postgres alone.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import type { AdminConnection, LoginRole } from '../../src/postgres/index.ts'
import type { GatewayControl, RoleFacts, SessionEvent } from '../../src/gateway/control.ts'
import { type Gateway, startGateway } from '../../src/gateway/gateway.ts'
import { loadCertificates } from '../../src/main/certificates.ts'
import { GatewaySessions } from '../../src/main/gateway-sessions.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { scaled } from '../../../../tests/hostile/duration.ts'
import { startTestComputes, type TestComputes } from '../computes/workspace.ts'
import { testLog } from '../postgres/installed.ts'
import { type Append, faultsOf, type Read } from './list-append.ts'

const CLIENTS = 6
const KEYS = 4
const ROUNDS = scaled(20, 1000)
/** Of so many rounds one has the compute killed. */
const KILL_EVERY = 8

let workspace: TestComputes
let gateway: Gateway
let home: string
let uid: string
let ca: string
const kills: number[] = []

beforeAll(async () => {
  const sessions = new GatewaySessions()
  workspace = await startTestComputes({ checkEveryMs: 5, sessions })
  home = await mkdtemp(path.join(tmpdir(), 'lakelet-races-'))
  uid = await workspace.newEndpoint('races', { suspendAfterMs: 30, parking: { keepAwakeMs: 60_000 } })
  await inDatabase(async (admin) => {
    await admin.execute(`CREATE ROLE anna LOGIN PASSWORD 'secret'`)
    await admin.execute(`CREATE TABLE public.lists (key int PRIMARY KEY, value text[] NOT NULL DEFAULT '{}')`)
    await admin.execute(
      `INSERT INTO public.lists SELECT generate_series(1, ${KEYS}); GRANT ALL ON public.lists TO anna`,
    )
  })
  const tls = await loadCertificates(path.join(home, 'tls'), ['localhost'], systemClock)
  ca = tls.certificate
  const shared = { host: '127.0.0.1', port: 0, tls, clock: systemClock, logger: testLog, workers: 0 }
  gateway = await startGateway({ ...shared, control: controlOf(workspace), limits: { drainMs: 200 } })
  sessions.plug(gateway)
})
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]()
  await workspace?.[Symbol.asyncDispose]()
  if (home) await rm(home, { recursive: true, force: true })
})

async function inDatabase<T>(work: (admin: AdminConnection) => Promise<T>): Promise<T> {
  return workspace.computes.withAdmin(uid, work, { database: 'databricks_postgres' })
}

/** The rest of a workspace, over real computes: one endpoint, with passwords. */
function controlOf({ computes }: TestComputes): GatewayControl {
  const held = new Set<string>()
  const none = () => Promise.reject(new Error('there is no such thing here'))
  return {
    async locate(_, role) {
      const known = factsOf(await computes.knownLoginRole(uid, role))
      return {
        endpoint: { id: uid, name: 'projects/p/branches/b/endpoints/primary' },
        branch: { id: 'b', state: 'READY' },
        allowsPasswords: true,
        role: known ?? factsOf(await computes.readLoginRole(uid, role)),
      }
    },
    verify: none,
    travel: none,
    async wake(endpoint, connection) {
      if (!held.has(connection)) computes.sessionOpened(endpoint)
      held.add(connection)
      const address = await computes.wake(endpoint)
      if ('unix' in address) return address
      throw new Error('no socket')
    },
    async role(endpoint, role) {
      const isAwake = computes.state(endpoint) === 'active'
      const known = isAwake ? await computes.knownLoginRole(endpoint, role) : undefined
      return factsOf(known ?? (await computes.readLoginRole(endpoint, role))) ?? 'absent'
    },
    memory: (endpoint, processIds) => computes.memory(endpoint, processIds),
    release(connection) {
      if (held.delete(connection)) computes.sessionClosed(uid)
    },
    report(events: readonly SessionEvent[]) {
      for (const { kind } of events) if (kind === 'active') computes.touch(uid)
    },
  }
}

function factsOf(role: LoginRole | 'absent' | undefined): RoleFacts | 'absent' | undefined {
  if (role === undefined || role === 'absent') return role
  const { canLogin, oid, verifier } = role
  return { canLogin, ...(oid === undefined ? {} : { oid }), ...(verifier ? { password: verifier } : {}) }
}

/** What was said, and when. */
function wordsOf(error: unknown): string {
  const { code, detail } = error as { code?: string; detail?: string }
  return [
    String(error),
    code,
    detail,
    `${Math.round(now())} ms; kills at ${kills.map(Math.round).join(' ')}`,
  ].join(' | ')
}

const now = () => performance.now()
const chance = (of: number) => Math.random() < 1 / of
const among = (most: number) => Math.floor(Math.random() * most)

/** A connection that listens, and what it has heard. */
interface Listener {
  readonly heard: Set<string>
  isOpen: boolean
}

interface Notification {
  readonly value: string
  readonly startedMs: number
  /** Those that listened before it was sent. */
  readonly to: readonly Listener[]
}

const listeners = new Set<Listener>()
let notifications: Notification[] = []

/** Whoever listened when something was notified, and is still there, hears it; what a kill may have cut off aside. */
async function unheard(): Promise<string[]> {
  const due = notifications
  notifications = []
  const untilMs = now() + 10_000
  const missing = () =>
    due.flatMap(({ value, startedMs, to }) => {
      const isExplained = kills.some((atMs) => atMs >= startedMs)
      return isExplained || to.every(({ isOpen, heard }) => !isOpen || heard.has(value)) ? [] : [value]
    })
  while (missing().length > 0 && now() < untilMs) await sleep(5)
  return missing().map((value) => `${value} was notified and not heard by all`)
}

class RacingClient {
  readonly appends: Append[] = []
  readonly reads: Read[] = []
  /** What no kill explains. */
  readonly faults: string[] = []
  readonly #name: string
  #client: Client | undefined
  #listener: Listener | undefined
  /** All that came before was answered. */
  #wellMs = now()
  #count = 0

  constructor(name: string) {
    this.#name = name
  }

  /** One thing that a client does. */
  async act(): Promise<void> {
    try {
      const client = (this.#client ??= await this.#connect())
      if (chance(8)) await this.#leave()
      else if (chance(5)) await this.#cancelled(client)
      else if (chance(4)) await this.#notify(client)
      else if (chance(3)) await this.#read(client)
      else await this.#append(client)
      this.#wellMs = now()
    } catch (error) {
      const isExplained = kills.some((atMs) => atMs >= this.#wellMs)
      if (!isExplained) this.faults.push(`${this.#name}: ${wordsOf(error)}`)
      const client = this.#client
      this.#forget()
      await client?.end().catch(() => undefined)
      this.#wellMs = now()
    }
  }

  async end(): Promise<void> {
    await this.#client?.end().catch(() => undefined)
  }

  async #connect(): Promise<Client> {
    this.#wellMs = now()
    const ssl = { ca, checkServerIdentity: () => undefined }
    const { port } = gateway.address
    const login = { user: 'anna', password: 'secret', database: 'databricks_postgres' }
    const client = new Client({ host: '127.0.0.1', port, ssl, ...login })
    client.on('error', (error) => {
      if (!kills.some((atMs) => atMs >= this.#wellMs))
        this.faults.push(`${this.#name}, idle: ${wordsOf(error)}`)
    })
    const listener = { heard: new Set<string>(), isOpen: true }
    client.on('notification', ({ payload = '' }) => listener.heard.add(payload))
    client.on('end', () => (listener.isOpen = false))
    await client.connect()
    await client.query(`SET app.name = '${this.#name}'`)
    await client.query('LISTEN news')
    this.#listener = listener
    listeners.add(listener)
    return client
  }

  #forget(): void {
    this.#client = undefined
    if (!this.#listener) return
    this.#listener.isOpen = false
    listeners.delete(this.#listener)
    this.#listener = undefined
  }

  async #notify(client: Client): Promise<void> {
    const value = `${this.#name}:${(this.#count += 1)}`
    const [startedMs, to] = [now(), [...listeners]]
    await client.query(`SELECT pg_notify('news', $1)`, [value])
    notifications.push({ value, startedMs, to })
  }

  async #leave(): Promise<void> {
    const client = this.#client
    this.#forget()
    await client?.end()
  }

  async #append(client: Client): Promise<void> {
    const value = `${this.#name}.${(this.#count += 1)}`
    const key = 1 + among(KEYS)
    const append: Append = { kind: 'append', key, value, startedMs: now(), endedMs: 0, isAcknowledged: false }
    this.appends.push(append)
    const isInTransaction = chance(2)
    if (isInTransaction) await client.query('BEGIN')
    const text = `UPDATE lists SET value = value || $2::text WHERE key = $1 RETURNING current_setting('app.name') AS name`
    const { rows } = await client.query<{ name: string }>({ name: 'append', text, values: [key, value] })
    if (isInTransaction) await client.query('COMMIT')
    append.isAcknowledged = true
    append.endedMs = now()
    if (rows[0]?.name !== this.#name) this.faults.push(`${this.#name} has the setting ${rows[0]?.name}`)
  }

  async #read(client: Client): Promise<void> {
    const key = 1 + among(KEYS)
    const startedMs = now()
    const { rows } = await client.query<{ value: string[] }>('SELECT value FROM lists WHERE key = $1', [key])
    this.reads.push({ key, values: rows[0]?.value ?? [], startedMs, endedMs: now() })
  }

  async #cancelled(client: Client): Promise<void> {
    const running = client.query('SELECT pg_sleep(0.3)').catch((error: unknown) => error)
    await sleep(among(20))
    const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
    await cancel(processID, secretKey)
    const answer = await running
    if (answer instanceof Error && (answer as { code?: string }).code !== '57014') throw answer
    // One that was late may still be on its way.
    await client.query('SELECT 1').catch((error: { code?: string }) => {
      if (error.code !== '57014') throw error
    })
  }
}

async function cancel(processId: number, secretKey: number): Promise<void> {
  const { connect } = await import('node:net')
  const { encodeCancelRequest } = await import('@lakelet/wire')
  const secret = Buffer.alloc(4)
  secret.writeInt32BE(secretKey)
  const socket = connect(gateway.address.port, '127.0.0.1')
  socket.end(encodeCancelRequest(processId, secret))
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve).on('error', resolve))
}

/** As a crash of the machine would, at any time. */
async function kill(): Promise<void> {
  const file = path.join(workspace.specs.get(uid)!.dataDirectory, 'postmaster.pid')
  const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0])
  if (workspace.computes.state(uid) !== 'active' || !pid) return
  const failures = () => workspace.statesOf(uid).filter((state) => state === 'failed').length
  const before = failures()
  process.kill(pid, 'SIGKILL')
  // Its backends live on until they look for it: what is asked until a moment after it was found to be gone is explained by it.
  const at = kills.push(Number.POSITIVE_INFINITY) - 1
  const endMs = now() + 10_000
  while (failures() === before && now() < endMs) await sleep(1)
  kills[at] = now() + 200
}

/** The next round begins while it goes to sleep, or has. */
async function untilItStops(): Promise<void> {
  const endMs = now() + 1_000
  while (workspace.computes.state(uid) === 'active' && now() < endMs) await sleep(1)
  await sleep(chance(2) ? 0 : among(80))
}

test(
  'nothing is lost and nothing fails while a compute sleeps, wakes and is killed',
  async () => {
    expectInLog(/the compute crashed|the check for idleness failed/)
    expectInLog(/the sessions could not be parked|sessions were not settled|could not be read before/)
    const clients = Array.from({ length: CLIENTS }, (_, at) => new RacingClient(`c${at}`))
    const faults: string[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const killing = chance(KILL_EVERY) ? sleep(among(300)).then(kill) : undefined
      await Promise.all(
        clients.map(async (client) => {
          for (let left = among(3); left >= 0; left -= 1) {
            await client.act()
            await sleep(chance(3) ? among(60) : 0)
          }
        }),
      )
      if (chance(2)) await sleep(among(150))
      else await untilItStops()
      faults.push(...(await unheard()))
      await killing
    }
    const left = await inDatabase(async (admin) => {
      const rows = await admin.query<{ key: number; value: string[] }>('SELECT key, value FROM public.lists')
      return new Map(rows.map(({ key, value }) => [key, value]))
    })
    await Promise.all(clients.map((client) => client.end()))
    const appends = clients.flatMap((client) => client.appends)
    const reads = clients.flatMap((client) => client.reads)
    const sleeps = workspace.statesOf(uid).filter((state) => state === 'idle').length
    process.stderr.write(
      `${appends.length} appends, ${reads.length} reads, ${sleeps} sleeps, ${kills.length} kills\n`,
    )
    expect([...faults, ...clients.flatMap((client) => client.faults)]).toEqual([])
    expect(faultsOf(appends, reads, left)).toEqual([])
    expect(sleeps).toBeGreaterThan(ROUNDS / 5)
  },
  scaled(120_000, 3_600_000),
)
