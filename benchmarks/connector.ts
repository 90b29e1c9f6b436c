// lakelet-connect against plain pg with a password function and the official package: the faults that ask nothing but a
// pool, speed, import time, memory and weight. Same rig, same run.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bundledBytes, packConnector } from '../packages/connect/build.ts'
import { createTestAuthority, startTestLakebase } from '../packages/connect/src/testing/index.ts'
import { scenarios } from '../packages/connect/tests/faults/all-scenarios.ts'
import { startRunner } from '../packages/connect/tests/faults/runner.ts'
import type { Run } from '../packages/connect/tests/faults/runner.ts'
import { startTestPostgres } from '../packages/connect/tests/postgres.ts'
import type { SpeedReport } from './connector-speed.ts'
import { compare, percentile, summarise } from './measure.ts'
import type { BenchmarkResult, Contestant, Goal, Row } from './measure.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const titles: Readonly<Record<string, string>> = {
  ours: 'lakelet-connect',
  plain: 'plain pg',
  official: '@databricks/lakebase 0.6.0',
}
const names = Object.keys(titles)
/** An implementation that is not through by then did not recover. */
const PATIENCE_MS = 30_000
const flags = ['--conditions=lakelet:source', '--disable-warning=ExperimentalWarning']

export async function connector(): Promise<BenchmarkResult> {
  const faults = await runFaults()
  const speed = await measureSpeed()
  const weight = await measureWeight()
  return {
    rows: [...faults.rows, ...speed.rows, ...weight.rows],
    goals: [...faults.goals, ...speed.goals, ...weight.goals],
  }
}

/** A row per fault and implementation; the value is how long the whole scenario took. */
async function runFaults(): Promise<{ rows: Row[]; goals: Goal[] }> {
  await using postgres = await startTestPostgres({ max_connections: '400' })
  await using runner = await startRunner(postgres.host)
  const rows: Row[] = []
  const recovered = new Map(names.map((name) => [name, 0]))
  const comparable = scenarios.filter(({ isComparable }) => isComparable)
  for (const { id, fault } of comparable) {
    for (const name of names) {
      const outcome = await runner.run(id, name, PATIENCE_MS)
      if (outcome.ok) recovered.set(name, (recovered.get(name) ?? 0) + 1)
      rows.push(
        summarise(`${id} ${shortened(fault)}`, `${titles[name]}: ${verdict(outcome)}`, 'ms', [
          Math.round(outcome.ms),
        ]),
      )
    }
  }
  const goals = [
    {
      text: `lakelet-connect does what it should in ${recovered.get('ours')} of ${comparable.length} faults`,
      isMet: recovered.get('ours') === comparable.length,
    },
  ]
  for (const name of names) {
    rows.push({
      ...summarise('faults where it does what it should', titles[name] ?? name, `of ${comparable.length}`, [
        recovered.get(name) ?? 0,
      ]),
    })
  }
  return { rows, goals }
}

function shortened(text: string): string {
  return text.length > 50 ? `${text.slice(0, 49)}…` : text
}

function verdict({ ok, outcome, credentialCalls, leakedSockets, leakedBackends, exitMs }: Run): string {
  const notes = [`${credentialCalls} requests`]
  if (leakedSockets > 0) notes.push(`${leakedSockets} sockets left`)
  if (leakedBackends > 0) notes.push(`${leakedBackends} backends left`)
  if (exitMs > 2000) notes.push(`exits ${Math.round(exitMs / 1000)} s later`)
  return `${ok ? 'as it should' : `NO: ${why(outcome)}`} (${notes.join(', ')})`
}

/** The first line of a failure, without the class of the assertion. */
function why(outcome: string): string {
  const text = outcome
    .replace(/^AssertionError: /, '')
    .replace('Expected values to be strictly equal:', 'unexpected:')
  return text.replaceAll(/\s+/g, ' ').replaceAll('+ actual - expected', '').trim().slice(0, 60)
}

async function measureSpeed(): Promise<{ rows: Row[]; goals: Goal[] }> {
  const authority = createTestAuthority()
  const certificate = authority.issue({ names: ['127.0.0.1', 'localhost'] })
  const hba = 'local all all trust\nhostssl all all 127.0.0.1/32 password'
  await using postgres = await startTestPostgres({}, { certificate, hba })
  await using lakebase = await startTestLakebase({ upstream: postgres, user: 'app', authority })
  const token = lakebase.tokens.issue('app', 3_600_000, 1200)
  lakebase.controlPlane.always({ kind: 'token', token })
  const psql = `create role app login password '${token}'`
  await query(postgres.host, postgres.port, psql)
  const env = {
    PATH: process.env['PATH'],
    ...lakebase.env,
    PGPORT: String(postgres.port),
    NODE_EXTRA_CA_CERTS: lakebase.caFile,
  }
  const worker = fileURLToPath(new URL('connector-speed.ts', import.meta.url))
  const { stdout } = await run(process.execPath, [...flags, worker, ...names], { env, timeout: 300_000 })
  const report = JSON.parse(stdout) as SpeedReport
  const plain = report.names.indexOf('plain')
  const rows = (['sequential', 'parallel', 'checkout'] as const).flatMap((kind) =>
    report[kind].map((samples, index) => {
      const unit = kind === 'checkout' ? 'µs' : 'queries/s'
      const measure = {
        sequential: 'queries, one after another',
        parallel: 'queries, ten at a time',
        checkout: 'checkout and release',
      }[kind]
      const row = summarise(measure, titles[report.names[index] ?? ''] ?? '', unit, samples)
      return index === plain ? row : { ...row, ratio: pairedRatio(samples, report[kind][plain] ?? []) }
    }),
  )
  const goals = rows
    .filter(({ name, unit }) => name === titles['ours'] && unit === 'queries/s')
    .map(({ measure, ratio = 0 }) => ({
      text: `${measure}: within 2 % of plain pg (${((ratio - 1) * 100).toFixed(1)} %)`,
      isMet: ratio >= 0.98,
    }))
  return { rows, goals }
}

/** The median of the rounds' own ratios. */
function pairedRatio(samples: readonly number[], peer: readonly number[]): number {
  const ratios = samples.map((value, round) => value / (peer[round] ?? Number.NaN))
  return percentile(ratios, 0.5)
}

async function query(host: string, port: number, text: string): Promise<void> {
  const { Client } = await import('pg')
  const client = new Client({ host, port, user: 'postgres', database: 'postgres' })
  await client.connect()
  await client.query(text)
  await client.end()
}

async function measureWeight(): Promise<{ rows: Row[]; goals: Goal[] }> {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-connector-'))
  try {
    const tarball = path.join(directory, 'lakelet-connect.tgz')
    await packConnector(tarball)
    await run('tar', ['xzf', tarball, '-C', directory])
    const modules = path.join(directory, 'node_modules')
    await mkdir(path.join(modules, '@databricks'), { recursive: true })
    await symlink(path.join(directory, 'package'), path.join(modules, 'lakelet-connect'))
    await symlink(path.join(root, 'node_modules/pg'), path.join(modules, 'pg'))
    await symlink(
      path.join(root, 'node_modules/@databricks/lakebase'),
      path.join(modules, '@databricks/lakebase'),
    )
    await writeFile(path.join(directory, 'package.json'), '{"type":"module"}')
    const imports: readonly (readonly [string, string])[] = [
      ['plain pg', 'pg'],
      ['lakelet-connect', 'lakelet-connect'],
      ['lakelet-connect/pg, with pg', 'lakelet-connect/pg'],
      [titles['official'] ?? '', '@databricks/lakebase'],
    ]
    const time = await compare(
      'import',
      'ms',
      imports.map((each) => importer(each, directory, 'ms')),
      { rounds: 9, warmups: 1 },
    )
    const memory = await compare(
      'memory for it (RSS)',
      'MB',
      imports.map((each) => importer(each, directory, 'MB')),
      { rounds: 5, warmups: 1 },
    )
    const packed = (await stat(tarball)).size / 1000
    const esm = path.join(directory, 'package/dist/esm')
    const gzipped = (await bundledBytes(esm, ['index.js', 'pg.js'])) / 1000
    const rows = [
      ...time,
      ...memory,
      summarise('packed, all entries', 'lakelet-connect', 'kB', [packed]),
      summarise('code of . and /pg, minified, gzipped', 'lakelet-connect', 'kB', [gzipped]),
    ]
    const own = time.find(({ name }) => name === 'lakelet-connect')?.p50 ?? Number.NaN
    const goals = [
      { text: `imports in 20 ms at most (${own.toFixed(1)} ms)`, isMet: own <= 20 },
      { text: `25 kB gzipped at most for . and /pg (${gzipped.toFixed(1)} kB)`, isMet: gzipped <= 25 },
    ]
    return { rows, goals }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function importer([name, specifier]: readonly [string, string], cwd: string, unit: 'ms' | 'MB'): Contestant {
  const script = `const m = process.memoryUsage.rss(); const t = performance.now(); await import('${specifier}')
    console.log(${unit === 'ms' ? 'performance.now() - t' : '(process.memoryUsage.rss() - m) / 1e6'})`
  return {
    name,
    isPeer: specifier === 'pg',
    async sample() {
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd })
      return Number(stdout)
    },
  }
}
