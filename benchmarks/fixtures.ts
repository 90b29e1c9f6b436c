// A database of its own for each test, from the call that makes it to the end of the one that deletes it, with one query between: a branch by
// `withBranch` of lakelet-connect, of a parent that is awake, as one is that was just seeded. Peers in the same rounds: a database by `createdb -T`
// on a server that runs, and a cluster by a fresh initdb.
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { openPostgres } from '../packages/server/src/postgres/index.ts'
import { BarePostgres } from './bare-postgres.ts'
import { BranchBench } from './branch-bench.ts'
import { fillSql, openPlaces, type Place } from './disks.ts'
import {
  type BenchmarkResult,
  type Contestant,
  compare,
  type Goal,
  progress,
  type Row,
  timed,
} from './measure.ts'

const ROUNDS = 10
/** What a test may wait for its branch where files share blocks, in ms. */
const LONGEST_MS = 200
/** Of a small seeded database, in GB. */
const SIZE = 0.04

export async function fixtures(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const rows: Row[] = []
  const goals: Goal[] = []
  for (const place of await openPlaces(stack, SIZE)) {
    const measured = await measure(place)
    rows.push(...measured)
    const ours = measured.find(({ name }) => name === OURS)
    if (place.sharesBlocks && ours)
      goals.push({
        text: `${place.name}: a branch for a test in ${LONGEST_MS} ms (${ours.p50.toFixed(0)} ms)`,
        isMet: ours.p50 <= LONGEST_MS,
      })
  }
  return { rows, goals }
}

const OURS = 'lakelet withBranch'

async function measure(place: Place): Promise<Row[]> {
  await using stack = new AsyncDisposableStack()
  const directory = path.join(place.directory, 'fixtures')
  await mkdir(directory, { mode: 0o711 })
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  progress(`${place.name}: making the parent and the peers`)
  const bench = stack.use(await BranchBench.start(path.join(directory, 'workspace'), SIZE))
  const postgres = await openPostgres({ dataDir: path.join(directory, 'bare') })
  const installation = await postgres.of(17)
  const running = new BarePostgres(installation, path.join(directory, 'bare', 'running'))
  await running.initdb()
  await running.startAndAsk('SELECT 1')
  stack.defer(() => running.stop())
  await running.run(['CREATE DATABASE source'])
  await running.run([...fillSql(SIZE), 'CHECKPOINT'], 'source')
  return await compare(
    `${place.name}: made → first query → deleted`,
    'ms',
    [
      createdb(running),
      { name: OURS, sample: () => bench.fixture() },
      freshCluster(() => new BarePostgres(installation, path.join(directory, 'bare', 'fresh'))),
    ],
    { rounds: ROUNDS, warmups: 2 },
  )
}

function createdb(bare: BarePostgres): Contestant {
  return {
    name: 'createdb -T',
    isPeer: true,
    sample: () =>
      timed(async () => {
        await bare.run(['CREATE DATABASE copied TEMPLATE source'])
        await bare.run(['SELECT count(*) FROM pg_class'], 'copied')
        await bare.run(['DROP DATABASE copied'])
      }),
  }
}

function freshCluster(open: () => BarePostgres): Contestant {
  return {
    name: 'a fresh initdb, without the seed',
    sample: () =>
      timed(async () => {
        const bare = open()
        await bare.initdb()
        await bare.startAndAsk('SELECT count(*) FROM pg_class')
        await bare.stop()
        await rm(bare.directory, { recursive: true })
      }),
  }
}
