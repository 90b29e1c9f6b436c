// Pools of idle clients, as drivers have them, while their compute goes to sleep again and again: no client sees an error, and each goes on with what it
// had set up. A few times in `npm test`; as often as in weeks in `npm run soak`, with restarts, other sizes and returns to the past in between.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, symlink } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { computeControlRoutes, endpointRoutes } from '@lakelet/api'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { isSoak, scaled } from '../hostile/duration.ts'
import { environment, startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { javaWith, whyNoJava } from './java.ts'
import { npmWith } from './npm.ts'
import { pythonWith, whyNoPython } from './python.ts'
import { RegistryUnreachable } from './registry.ts'
import { ask, createProject, type Endpoint } from './workspace-objects.ts'

const SIZE = 50
const CYCLES = scaled(2, 200)
const pythonProgram = path.join(import.meta.dirname, 'python', 'idle_pools.py')
const nodePrograms = path.join(import.meta.dirname, 'node')
const javaProgram = path.join(import.meta.dirname, 'java', 'IdlePools.java')
const pythonPackages = ['psycopg[binary]==3.3.9', 'psycopg-pool==3.3.3', 'SQLAlchemy==2.1.9']
const nodePackages = ['pg@8.23.1', 'postgres@3.4.9']
const javaLibraries = [
  'org.postgresql:postgresql:42.7.7',
  'com.zaxxer:HikariCP:7.0.2',
  'org.slf4j:slf4j-api:2.0.17',
  'org.slf4j:slf4j-nop:2.0.17',
]

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

/** How a pool's program is started, or why it cannot be here. */
type Program = { readonly command: readonly string[]; readonly cwd?: string } | string

async function node(kind: string): Promise<Program> {
  const installed = await npmWith(nodePackages)
  const app = path.join(workspace.directory, `pools-${kind}`)
  await cp(nodePrograms, app, { recursive: true })
  await symlink(path.join(installed, 'node_modules'), path.join(app, 'node_modules'))
  return { command: [process.execPath, 'idle-pools.mjs', kind], cwd: app }
}

async function python(kind: string): Promise<Program> {
  const reason = await whyNoPython()
  return reason ?? { command: [await pythonWith(pythonPackages), '-B', pythonProgram, kind] }
}

async function java(): Promise<Program> {
  const reason = await whyNoJava()
  return reason ?? { command: ['java', '-cp', await javaWith(javaLibraries), javaProgram] }
}

const POOLS = [
  { name: 'pg', program: () => node('pg') },
  { name: 'postgres.js', program: () => node('postgres.js') },
  { name: 'psycopg_pool', program: () => python('psycopg_pool') },
  { name: 'SQLAlchemy', program: () => python('sqlalchemy') },
  { name: 'HikariCP', program: java },
]

interface Seen {
  readonly who: string[]
  readonly pids: number[]
  readonly errors: string[]
}

/** A pool in a process of its own. */
class Pool implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #lines: AsyncIterator<string>
  #said = ''

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    child.stdin.on('error', () => {})
  }

  /** All its clients work at once. */
  async round(): Promise<Seen> {
    this.#child.stdin.write('round\n')
    const { value, done } = await this.#lines.next()
    if (done) throw new Error(`the pool has ended: ${this.#said}`)
    return JSON.parse(value) as Seen
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : undefined
    this.#child.stdin.end()
    await ended
  }
}

async function open({ command, cwd }: Exclude<Program, string>, endpoint: Endpoint): Promise<Pool> {
  const { token } = await ask<{ token: string }>(workspace, 'POST', '/api/2.0/postgres/credentials', {
    endpoint: endpoint.name,
  })
  const env = {
    ...environment(workspace.home),
    PGHOST: endpoint.host,
    PGPORT: String(workspace.postgres.port),
    PGDATABASE: 'databricks_postgres',
    PGUSER: workspace.user,
    PGPASSWORD: token,
    CA_FILE: workspace.caFile,
    POOL_SIZE: String(SIZE),
  }
  const [file = '', ...args] = command
  return new Pool(spawn(file, args, { env, ...(cwd === undefined ? {} : { cwd }) }))
}

/** What takes the backends of a project's compute away. */
class Moves {
  readonly #project: string
  #count = 0

  constructor(project: string) {
    this.#project = project
  }

  async sleep(): Promise<void> {
    const { params } = this
    await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
    const { sessions } = await workspace.client.call(endpointRoutes.listSessions, { params })
    expect(sessions.map(({ state, park_refusal: refusal }) => refusal ?? state)).toEqual(
      Array.from({ length: SIZE }, () => 'parked'),
    )
  }

  async restart(): Promise<void> {
    await workspace.client.call(computeControlRoutes.restart, { params: this.params, body: {} })
  }

  async resize(): Promise<void> {
    const cu = 2 - (this.#count++ % 2)
    const endpoint = `projects/${this.#project}/branches/production/endpoints/primary`
    const mask = 'spec.autoscaling_limit_min_cu,spec.autoscaling_limit_max_cu'
    const size = JSON.stringify({ spec: { autoscaling_limit_min_cu: cu, autoscaling_limit_max_cu: cu } })
    const resized = await workspace.cli(['postgres', 'update-endpoint', endpoint, mask, '--json', size])
    expect(JSON.parse(resized)).toMatchObject({ lakelet: { settings_applied: 'RESTARTED' } })
  }

  async restore(): Promise<void> {
    const kept = `before-${this.#count++}`
    const to = ['--time', new Date().toISOString(), '--in-place', '--to', kept, '--project', this.#project]
    await workspace.cli(['branch', 'restore', 'production', ...to])
    await workspace.cli(['postgres', 'delete-branch', `projects/${this.#project}/branches/${kept}`])
  }

  get params() {
    return { project: this.#project, branch: 'production', endpoint: 'primary' }
  }
}

/** Most are sleeps. */
function movesFor(pool: string): readonly ('sleep' | 'restart' | 'resize' | 'restore')[] {
  const others = ['restart', 'resize', 'restore'] as const
  if (!isSoak)
    return [...Array.from({ length: CYCLES }, () => 'sleep' as const), ...(pool === 'pg' ? others : [])]
  return Array.from({ length: CYCLES }, (_, at) => (at % 8 === 7 ? others[(at >> 3) % 3]! : 'sleep'))
}

it.for(POOLS)(
  `${SIZE} idle clients of $name outlive the sleep of their compute`,
  { timeout: scaled(300_000, 3_600_000) },
  async ({ name, program }, context) => {
    const found = await program().catch((error: unknown) => {
      if (error instanceof RegistryUnreachable) return error.message
      throw error
    })
    if (typeof found === 'string') return context.skip(found)
    const project = `idle-${name.toLowerCase().replace(/[^a-z]/g, '')}`
    const endpoint = await createProject(workspace, project)
    await using pool = await open(found, endpoint)
    const moves = new Moves(project)
    const first = await pool.round()
    expect(first).toMatchObject({ errors: [] })
    expect(new Set(first.who).size).toBe(SIZE)
    let pids = first.pids
    for (const move of movesFor(name)) {
      await moves[move]()
      const seen = await pool.round()
      expect({ move, errors: seen.errors, who: seen.who.toSorted() }).toEqual({
        move,
        errors: [],
        who: first.who.toSorted(),
      })
      expect(new Set([...pids, ...seen.pids]).size).toBe(2 * SIZE)
      pids = seen.pids
    }
  },
)
