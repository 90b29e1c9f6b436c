// From asleep to the first row. Peer: `postgres` started bare on its own data directory, the same query on its socket.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client } from 'pg'
import { createLogger } from '../packages/server/src/base/log.ts'
import { localDriver, startComputes } from '../packages/server/src/computes/index.ts'
import { DEFAULT_MAJOR, openPostgres } from '../packages/server/src/postgres/index.ts'
import { startStorage } from '../packages/server/src/storage/index.ts'
import { BarePostgres } from './bare-postgres.ts'
import { type BenchmarkResult, type Contestant, compare, timed } from './measure.ts'
import { startBenchWorkspace } from './workspace.ts'

const ROUNDS = 40
const QUERY = 'SELECT count(*) FROM pg_class'
const MOST = 2

export async function wake(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o711)
  const contestants = [
    await barePostgres(directory, stack),
    await compute(directory, stack),
    await workspace(directory, stack),
  ]
  const rows = await compare('asleep → first row', 'ms', contestants, { rounds: ROUNDS, warmups: 3 })
  const goals = rows.flatMap(({ name, ratio }) =>
    ratio === undefined
      ? []
      : [{ text: `${name}: at most ${MOST}× the bare start at p50`, isMet: ratio <= MOST }],
  )
  return { rows, goals }
}

async function barePostgres(directory: string, stack: AsyncDisposableStack): Promise<Contestant> {
  const postgres = await openPostgres({ dataDir: path.join(directory, 'bare') })
  const installation = await postgres.of(DEFAULT_MAJOR)
  const bare = new BarePostgres(installation, path.join(directory, 'bare', 'cluster'))
  await bare.initdb()
  stack.defer(() => bare.stop())
  return {
    name: 'postgres, bare',
    isPeer: true,
    async sample() {
      await bare.stop()
      return timed(() => bare.startAndAsk(QUERY))
    },
  }
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
  return {
    name: 'compute, without gateway',
    async sample() {
      await computes.suspend('ep-bench')
      return timed(async () => {
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
      })
    },
  }
}

/** Through the front door: TLS, a token as the password, the wake, the query. The token is there already, as in a pool. */
async function workspace(directory: string, stack: AsyncDisposableStack): Promise<Contestant> {
  const running = stack.use(await startBenchWorkspace(path.join(directory, 'workspace')))
  const projects = '/api/2.0/postgres/projects'
  const endpoint = 'projects/bench/branches/production/endpoints/primary'
  await running.operate('POST', `${projects}?project_id=bench`, {})
  const disable = (disabled: boolean) =>
    running.operate('PATCH', `/api/2.0/postgres/${endpoint}?update_mask=spec.disabled`, {
      spec: { disabled },
    })
  const state = async () => {
    const { status } = await running.call<{ status: { current_state: string } }>(
      'GET',
      `/api/2.0/postgres/${endpoint}`,
    )
    return status.current_state
  }
  return {
    name: 'lakelet: TLS, token, gateway',
    async sample() {
      // Disabling suspends; enabling leaves it asleep.
      await disable(true)
      while ((await state()) !== 'IDLE') await new Promise((resolve) => setTimeout(resolve, 10))
      await disable(false)
      const { token } = await running.call<{ token: string }>('POST', '/api/2.0/postgres/credentials', {
        endpoint,
      })
      return timed(() => running.ask(token, QUERY))
    },
  }
}
