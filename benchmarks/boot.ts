// Starting a workspace: the first time, when everything is made, and again. Peer: `initdb`, `postgres` and a first query,
// bare, with a new data directory each time; for the second start only `postgres` and the query.
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import {
  DEFAULT_MAJOR,
  openPostgres,
  type PostgresInstallation,
} from '../packages/server/src/postgres/index.ts'
import { BarePostgres } from './bare-postgres.ts'
import { type BenchmarkResult, compare, summarise, timed } from './measure.ts'
import { startBenchWorkspace } from './workspace.ts'

const ROUNDS = 5
const QUERY = 'SELECT 1'

export async function boot(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o711)
  const installation = await (await openPostgres({ dataDir: path.join(directory, 'bare') })).of(DEFAULT_MAJOR)
  let made = 0
  const fresh = (below = '') => path.join(directory, below, `fresh-${(made += 1)}`)

  const first = await compare(
    'first start → ready',
    'ms',
    [
      {
        name: 'initdb + postgres + query',
        isPeer: true,
        sample: () => firstBareStart(installation, fresh('bare')),
      },
      { name: 'lakelet up', sample: async () => (await timedStart(fresh())).ms },
    ],
    { rounds: ROUNDS },
  )

  const bare = new BarePostgres(installation, path.join(directory, 'bare', 'again'))
  await bare.initdb()
  const dataDir = fresh()
  await timedStart(dataDir)
  const resident: number[] = []
  const second = await compare(
    'second start → ready',
    'ms',
    [
      { name: 'postgres + query', isPeer: true, sample: () => bareStart(bare) },
      {
        name: 'lakelet up',
        async sample() {
          const { ms, residentMb } = await timedStart(dataDir)
          resident.push(residentMb)
          return ms
        },
      },
    ],
    { rounds: ROUNDS, warmups: 1 },
  )
  return { rows: [...first, ...second, summarise('memory at rest', 'lakelet up', 'MB', resident)], goals: [] }
}

async function timedStart(dataDir: string): Promise<{ ms: number; residentMb: number }> {
  const began = performance.now()
  await using workspace = await startBenchWorkspace(dataDir)
  const ms = performance.now() - began
  // At rest: what the start needed has been given back.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  return { ms, residentMb: await workspace.residentMb() }
}

async function firstBareStart(installation: PostgresInstallation, directory: string): Promise<number> {
  const bare = new BarePostgres(installation, directory)
  try {
    return await timed(async () => {
      await bare.initdb()
      await bare.startAndAsk(QUERY)
    })
  } finally {
    await bare.stop()
  }
}

async function bareStart(bare: BarePostgres): Promise<number> {
  try {
    return await timed(() => bare.startAndAsk(QUERY))
  } finally {
    await bare.stop()
  }
}
