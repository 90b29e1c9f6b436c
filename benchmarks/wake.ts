// From asleep to the first row: psql, pg and a session that was parked; after a clean stop and after kill -9; and how long falling asleep takes. Peer:
// `postgres` started bare on its own data directory, asked by the same client on its socket.
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { createLogger } from '../packages/server/src/base/log.ts'
import { localDriver, startComputes } from '../packages/server/src/computes/index.ts'
import { DEFAULT_MAJOR, openPostgres } from '../packages/server/src/postgres/index.ts'
import { startStorage } from '../packages/server/src/storage/index.ts'
import { BarePostgres, killServer } from './bare-postgres.ts'
import {
  type BenchmarkResult,
  type Contestant,
  compare,
  progress,
  type Row,
  summarise,
  timed,
} from './measure.ts'
import { type BenchWorkspace, startBenchWorkspace } from './workspace.ts'

const ROUNDS = 60
const ROUNDS_AFTER_KILL = 50
const BUDGET_MS = 90_000
const QUERY = 'SELECT count(*) FROM pg_class'
const PARKED_MS = 100
const SUSPEND_MS = 60

const run = promisify(execFile)

// oxlint-disable-next-line max-lines-per-function -- the contestants of each comparison, in the order in which they are measured
export async function wake(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o711)
  const bare = await barePostgres(directory, stack)
  const lakelet = await sleepingWorkspace(directory, stack)
  const stops = { bare: [] as number[] }
  const stop = async () => {
    stops.bare.push(await timed(() => bare.stop()))
  }
  const token = () => lakelet.token()

  progress('psql, pg and a parked session, after a clean stop')
  const clean = { rounds: ROUNDS, warmups: 2, budgetMs: BUDGET_MS }
  const psqlRows = await compare(
    'asleep → first row, psql',
    'ms',
    [
      contestant('postgres, bare', stop, () => bareThenPsql(bare), true),
      contestant(
        'lakelet: TLS, token',
        () => lakelet.suspend('alone'),
        async () => psql(lakelet.running, await token()),
      ),
    ],
    clean,
  )
  const parked = await lakelet.parkedSession(stack)
  const pgRows = await compare(
    'asleep → first row, pg',
    'ms',
    [
      contestant('postgres, bare', stop, () => bare.startAndAsk(QUERY), true),
      await compute(directory, stack),
      contestant(
        'lakelet: a parked session',
        () => lakelet.suspend('one parked session'),
        () => parked.query(QUERY),
      ),
      contestant(
        'lakelet: TLS, token',
        () => lakelet.suspend('one parked session'),
        async () => lakelet.running.ask(await token(), QUERY),
      ),
    ],
    clean,
  )
  await parked.end()

  progress('psql, after kill -9')
  const killedRows = await compare(
    'killed → first row, psql',
    'ms',
    [
      contestant(
        'postgres, bare',
        () => bare.kill(),
        () => bareThenPsql(bare),
        true,
      ),
      contestant(
        'lakelet: TLS, token',
        () => lakelet.kill(),
        async () => psql(lakelet.running, await token()),
      ),
    ],
    { rounds: ROUNDS_AFTER_KILL, warmups: 1, budgetMs: BUDGET_MS },
  )

  const suspends = [
    summarise('suspend', 'postgres, bare: fast shutdown', 'ms', stops.bare),
    ...[...lakelet.suspends].map(([who, samples]) => summarise('suspend', `lakelet: ${who}`, 'ms', samples)),
  ]
  const rows = [...psqlRows, ...pgRows, ...killedRows, ...suspends]
  return { rows, goals: goalsFor(rows) }
}

function goalsFor(rows: readonly Row[]): BenchmarkResult['goals'] {
  const of = (measure: string, name: string) =>
    rows.find((row) => row.measure === measure && row.name === name)
  const psqlMeasure = 'asleep → first row, psql'
  const [base, cold] = [of(psqlMeasure, 'postgres, bare'), of(psqlMeasure, 'lakelet: TLS, token')]
  const parked = of('asleep → first row, pg', 'lakelet: a parked session')
  if (!base || !cold || !parked) throw new Error('a row is missing')
  const suspends = rows.filter(({ measure, name }) => measure === 'suspend' && name.startsWith('lakelet'))
  return [
    { text: 'psql: at most 1.15× the bare start at p50', isMet: (cold.ratio ?? Infinity) <= 1.15 },
    { text: 'psql: at most 1.5× the bare start at p95', isMet: cold.p95 <= 1.5 * base.p95 },
    { text: `a parked session: at most ${PARKED_MS} ms at p95`, isMet: parked.p95 <= PARKED_MS },
    ...suspends.map(({ name, p50 }) => ({
      text: `suspend, ${name}: at most ${SUSPEND_MS} ms at p50`,
      isMet: p50 <= SUSPEND_MS,
    })),
  ]
}

/** `before` is not measured. The token is there already when `work` begins, as in a pool. */
function contestant(
  name: string,
  before: () => Promise<unknown>,
  work: () => Promise<unknown>,
  isPeer = false,
): Contestant {
  return {
    name,
    isPeer,
    async sample() {
      await before()
      return timed(work)
    },
  }
}

async function barePostgres(directory: string, stack: AsyncDisposableStack): Promise<BarePostgres> {
  const postgres = await openPostgres({ dataDir: path.join(directory, 'bare') })
  const installation = await postgres.of(DEFAULT_MAJOR)
  const bare = new BarePostgres(installation, path.join(directory, 'bare', 'cluster'))
  await bare.initdb()
  stack.defer(() => bare.stop())
  return bare
}

async function bareThenPsql(bare: BarePostgres): Promise<void> {
  await bare.start()
  await askByPsql({ PGHOST: bare.directory, PGUSER: 'cloud_admin', PGDATABASE: 'postgres' })
}

async function psql({ file: { postgres, user, caFile } }: BenchWorkspace, token: string): Promise<void> {
  await askByPsql({
    PGHOST: postgres.host,
    PGPORT: String(postgres.port),
    PGUSER: user,
    PGDATABASE: 'databricks_postgres',
    PGPASSWORD: token,
    PGSSLMODE: 'verify-full',
    PGSSLROOTCERT: caFile,
  })
}

async function askByPsql(env: Readonly<Record<string, string>>): Promise<void> {
  await run('psql', ['-X', '-A', '-t', '-c', QUERY], { env: { PATH: process.env['PATH'] ?? '', ...env } })
}

async function compute(directory: string, stack: AsyncDisposableStack): Promise<Contestant> {
  const log = createLogger({ level: 'silent' })
  const postgres = await openPostgres({ dataDir: path.join(directory, 'compute') })
  const storage = await startStorage({ postgres, log })
  await storage.create('br-bench')
  const dataDirectory = storage.dataDirectory('br-bench')
  const endpoint = {
    uid: 'ep-bench',
    branchUid: 'br-bench',
    dataDirectory,
    major: DEFAULT_MAJOR,
    minCu: 1,
    maxCu: 1,
    suspendAfterMs: null,
  }
  const spec = { ...endpoint, disabled: false, settings: {} }
  const computes = stack.use(
    await startComputes({
      driver: localDriver({ postgres, log }),
      storage,
      endpoints: { load: () => spec },
      log,
    }),
  )
  return contestant(
    'compute, without gateway',
    () => computes.suspend('ep-bench'),
    async () => {
      const address = await computes.wake('ep-bench')
      if (!('unix' in address)) throw new Error('the compute has no socket on this machine')
      const client = new Client({
        host: path.dirname(address.unix),
        port: 5432,
        user: 'cloud_admin',
        database: 'databricks_postgres',
        password: '',
        ssl: false,
      })
      await client.connect()
      await client.query(QUERY)
      await client.end()
    },
  )
}

interface SleepingWorkspace {
  readonly running: BenchWorkspace
  /** How long each suspend took, from the call to its answer, by who was connected. */
  readonly suspends: ReadonlyMap<string, readonly number[]>
  token(): Promise<string>
  suspend(who: string): Promise<void>
  /** Wakes the compute and kills its postmaster; resolves when its processes are gone. */
  kill(): Promise<void>
  parkedSession(stack: AsyncDisposableStack): Promise<Client>
}

async function sleepingWorkspace(directory: string, stack: AsyncDisposableStack): Promise<SleepingWorkspace> {
  const dataDir = path.join(directory, 'workspace')
  const running = stack.use(await startBenchWorkspace(dataDir))
  const endpoint = 'projects/bench/branches/production/endpoints/primary'
  await running.operate('POST', '/api/2.0/postgres/projects?project_id=bench', {})
  const suspends = new Map<string, number[]>()
  const credential = () =>
    running.call<{ token: string }>('POST', '/api/2.0/postgres/credentials', { endpoint })
  const { token } = await credential()
  return {
    running,
    suspends,
    token: () => Promise.resolve(token),
    async suspend(who) {
      await running.ask(token, QUERY)
      const samples = suspends.get(who) ?? []
      suspends.set(who, samples)
      samples.push(
        await timed(() => running.call('POST', `/api/2.0/lakelet/postgres/${endpoint}/suspend`, {})),
      )
    },
    async kill() {
      let directory = ''
      await running.session(token, async (ask) => {
        const answer = await ask(`SELECT current_setting('data_directory') AS directory`)
        directory = (answer as { rows: { directory: string }[] }).rows[0]?.directory ?? ''
      })
      const file = await readFile(path.join(directory, 'postmaster.pid'), 'utf8')
      await killServer(Number(file.split('\n')[0]))
    },
    async parkedSession(closing) {
      const { postgres, user, caFile } = running.file
      const client = new Client({
        ...postgres,
        user,
        database: 'databricks_postgres',
        password: token,
        ssl: { ca: await readFile(caFile, 'utf8') },
      })
      closing.defer(() => client.end().catch(() => undefined))
      await client.connect()
      await client.query(`SET app.tenant = 'bench'`)
      return client
    },
  }
}
