// A branch, from the call to the first row that it answers: of parents of several sizes, asleep and under load. Peers in the same rounds:
// a plain copy of the parent's files, `createdb -T`, CREATE DATABASE … STRATEGY FILE_COPY with file_copy_method=clone of Postgres 18,
// and pg_basebackup where the machine has one.
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { openPostgres, type PostgresInstallation } from '../packages/server/src/postgres/index.ts'
import { BarePostgres } from './bare-postgres.ts'
import { BranchBench } from './branch-bench.ts'
import { fillSql, openPlaces, type Place } from './disks.ts'
import {
  type BenchmarkOptions,
  type BenchmarkResult,
  type Contestant,
  compare,
  type Goal,
  progress,
  type Row,
  timed,
} from './measure.ts'

const ROUNDS = 5
/** Of one comparison; a round of 1 GB takes half a minute and more where nothing shares blocks. */
const BUDGET_MS = 60_000
const run = promisify(execFile)

export async function branch({ sizes }: BenchmarkOptions): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const rows: Row[] = []
  const goals: Goal[] = []
  for (const place of await openPlaces(stack, Math.max(...sizes))) {
    for (const size of sizes) {
      const measured = await measure(place, size)
      rows.push(...measured.rows)
      goals.push(...measured.goals)
    }
  }
  return { rows, goals }
}

async function measure(place: Place, size: number): Promise<{ rows: Row[]; goals: Goal[] }> {
  await using stack = new AsyncDisposableStack()
  const directory = path.join(place.directory, `size-${size}`)
  await mkdir(directory, { mode: 0o711 })
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  const what = `${place.name}, ${size} GB`
  progress(`${what}: making the parent`)
  const bench = stack.use(await BranchBench.start(path.join(directory, 'workspace'), size))
  progress(`${what}: making the peers`)
  const copy = plainCopy(bench, directory)
  const peers = await databasePeers(directory, size, stack)
  await bench.sleep()
  const asleep = await compare(
    `${what}, asleep: create → first query`,
    'ms',
    [copy, { name: 'lakelet branch', sample: () => bench.branch() }, ...peers],
    { rounds: ROUNDS, warmups: size < 1 ? 1 : 0, budgetMs: BUDGET_MS },
  )
  const quiet: number[][] = []
  for (let round = 0; round < ROUNDS; round += 1) quiet.push(await bench.load(1_000))
  const live = await compare(
    `${what}, under load: create → first query`,
    'ms',
    [copy, { name: 'lakelet branch', sample: () => bench.loadedBranch() }],
    { rounds: ROUNDS, budgetMs: BUDGET_MS },
  )
  const waits = bench.waits(`${what}: p99 of the parent's updates`, quiet)
  return { rows: [...asleep, ...live, ...waits], goals: goalsOf(place, size, asleep, live) }
}

function goalsOf(place: Place, size: number, asleep: readonly Row[], live: readonly Row[]): Goal[] {
  const own = (rows: readonly Row[]) => rows.find(({ name }) => name === 'lakelet branch')
  const [sleeping, awake] = [own(asleep), own(live)]
  if (!sleeping || !awake) return []
  if (!place.sharesBlocks)
    return [
      {
        text: `${sleeping.measure}: at most 1.1× a plain copy, and 300 ms for the API and the start`,
        isMet: (sleeping.ratio ?? 0) <= 1.1 || sleeping.p50 <= 1.1 * copyOf(asleep) + 300,
      },
    ]
  return [
    { text: `${sleeping.measure}: at most 250 ms at p50`, isMet: sleeping.p50 <= 250 },
    ...(size === 1 ? [{ text: `${awake.measure}: at most 3 s at p50`, isMet: awake.p50 <= 3000 }] : []),
  ]
}

const copyOf = (rows: readonly Row[]) => rows.find(({ name }) => name.startsWith('cp '))?.p50 ?? 0

/** What a script would do; durable, as a branch is. */
function plainCopy(bench: BranchBench, directory: string): Contestant {
  const to = path.join(directory, 'copy')
  return {
    name: 'cp --reflink=never, sync',
    isPeer: true,
    async sample() {
      const ms = await timed(async () => {
        await run('cp', ['-a', '--reflink=never', bench.parentData, to])
        await run('sync', ['-f', to])
      })
      await rm(to, { recursive: true })
      return ms
    },
  }
}

/** Peers that have a server of their own, with the same data in it; what this machine lacks is left out and said. */
async function databasePeers(
  directory: string,
  size: number,
  stack: AsyncDisposableStack,
): Promise<Contestant[]> {
  const postgres = await openPostgres({ dataDir: path.join(directory, 'bare') })
  const start = async (name: string, installation: Pick<PostgresInstallation, 'prefix' | 'account'>) => {
    const bare = new BarePostgres(installation, path.join(directory, 'bare', name))
    await bare.initdb()
    await bare.startAndAsk('SELECT 1')
    stack.defer(() => bare.stop())
    await bare.run(['CREATE DATABASE source'])
    await bare.run([...fillSql(size), 'CHECKPOINT'], 'source')
    return bare
  }
  const peers = [createdb('createdb -T', await start('usual', await postgres.of(17)), 'TEMPLATE source')]
  try {
    const clones = await start('clones', await postgres.of(18))
    await clones.run(['ALTER SYSTEM SET file_copy_method = clone', 'SELECT pg_reload_conf()'])
    peers.push(createdb('Postgres 18, FILE_COPY by clone', clones, 'TEMPLATE source STRATEGY FILE_COPY'))
  } catch (error) {
    console.error(`Postgres 18 is left out: ${String(error)}`)
  }
  const system = systemBuild()
  if (system === undefined) console.error('pg_basebackup is left out: no build of the machine has one')
  else {
    const { account } = await postgres.of(17)
    peers.push(basebackup(await start('system', { prefix: system, account }), system, directory))
  }
  return peers
}

function createdb(name: string, bare: BarePostgres, options: string): Contestant {
  return {
    name,
    async sample() {
      const ms = await timed(async () => {
        await bare.run([`CREATE DATABASE copied ${options}`])
        await bare.run(['SELECT count(*) FROM pg_class'], 'copied')
      }).catch((error: unknown) => {
        // A file system without reflinks refuses the clone.
        console.error(`${name}: ${String(error)}`)
        return Number.NaN
      })
      await bare.run(['DROP DATABASE IF EXISTS copied'])
      return ms
    },
  }
}

/** The prefix of a Postgres of this machine that has a server and pg_basebackup. */
function systemBuild(): string | undefined {
  const home = '/usr/lib/postgresql'
  const majors = existsSync(home) ? readdirSync(home).toSorted((a, b) => Number(b) - Number(a)) : []
  return majors
    .map((major) => path.join(home, major))
    .find((prefix) =>
      ['initdb', 'postgres', 'pg_basebackup'].every((name) => existsSync(path.join(prefix, 'bin', name))),
    )
}

function basebackup(bare: BarePostgres, prefix: string, directory: string): Contestant {
  const to = path.join(directory, 'basebackup')
  return {
    name: `pg_basebackup of ${path.basename(prefix)}, asleep after it`,
    async sample() {
      const ms = await timed(() =>
        run(path.join(prefix, 'bin', 'pg_basebackup'), [
          '-h',
          bare.directory,
          '-U',
          'cloud_admin',
          '-D',
          to,
          '--checkpoint=fast',
          '--wal-method=stream',
        ]),
      )
      await rm(to, { recursive: true })
      return ms
    },
  }
}
