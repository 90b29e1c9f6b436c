// Requests per second of the REST API on one core. Peer: a bare fastify route that answers a constant of the same size to the
// same request. Both servers run with all their threads on one core, the load comes from another.
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { load, requestText } from './http-load.ts'
import { type BenchmarkResult, compare, type Row, summarise } from './measure.ts'
import { type BenchWorkspace, startBenchWorkspace } from './workspace.ts'

const ROUNDS = 7
const CONNECTIONS = 16
const WINDOW_MS = 1000
/** Rounds until both servers' code is compiled: the slower one sees fewer requests in each. */
const WARMUPS = 4
const SERVER_CORE = 0
const LOAD_CORE = 1

interface Subject {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
  /** Least share of the peer's requests per second. */
  readonly least?: number
}

const POSTGRES = '/api/2.0/postgres'
const ENDPOINT = 'projects/bench/branches/production/endpoints/primary'
const subjects: readonly Subject[] = [
  {
    name: 'credential',
    method: 'POST',
    path: `${POSTGRES}/credentials`,
    body: JSON.stringify({ endpoint: ENDPOINT }),
    least: 0.25,
  },
  { name: 'get', method: 'GET', path: `${POSTGRES}/${ENDPOINT}`, least: 0.5 },
  { name: 'list', method: 'GET', path: `${POSTGRES}/projects/bench/branches` },
]

export async function api(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o711)
  const workspace = stack.use(
    await startBenchWorkspace(path.join(directory, 'workspace'), {
      LAKELET_LIMITS_REQUESTS_PER_SECOND: '1000000000',
    }),
  )
  await workspace.operate('POST', `${POSTGRES}/projects?project_id=bench`, {})
  const sizes = new Map<Subject, number>()
  for (const subject of subjects) sizes.set(subject, await sizeOf(workspace, subject))
  const barePort = await startBare([...sizes.values()], stack)
  pin(workspace.file.pid, SERVER_CORE)
  pin(process.pid, LOAD_CORE)
  const rows: Row[] = []
  const goals: { text: string; isMet: boolean }[] = []
  for (const subject of subjects) {
    const measured = await measure(subject, workspace, { port: barePort, bytes: sizes.get(subject) ?? 0 })
    rows.push(...measured)
    const ratio = measured.find((row) => row.ratio !== undefined)?.ratio ?? 0
    if (subject.least !== undefined) {
      goals.push({
        text: `${subject.name}: at least ${subject.least}× the bare route`,
        isMet: ratio >= subject.least,
      })
    }
  }
  return { rows, goals }
}

async function measure(
  subject: Subject,
  workspace: BenchWorkspace,
  bare: { readonly port: number; readonly bytes: number },
): Promise<Row[]> {
  const options = { connections: CONNECTIONS, forMs: WINDOW_MS }
  const token = tokenOf(workspace)
  const latencies = { peer: [] as number[], lakelet: [] as number[] }
  const sample = async (who: keyof typeof latencies, port: number, request: string) => {
    const result = await load({ ...options, port, request })
    latencies[who].push(result.p99)
    return result.requestsPerSecond
  }
  const port = Number(new URL(workspace.file.host).port)
  const bareRequest = requestText({ ...subject, token, path: `/${bare.bytes}` })
  const rows = await compare(
    `${subject.name}, ${bare.bytes} bytes`,
    'req/s',
    [
      { name: 'fastify, a constant', isPeer: true, sample: () => sample('peer', bare.port, bareRequest) },
      { name: 'lakelet', sample: () => sample('lakelet', port, requestText({ ...subject, token })) },
    ],
    { rounds: ROUNDS, warmups: WARMUPS },
  )
  return [
    ...rows,
    summarise(`${subject.name}, p99`, 'fastify, a constant', 'ms', latencies.peer),
    summarise(`${subject.name}, p99`, 'lakelet', 'ms', latencies.lakelet),
  ]
}

async function sizeOf(workspace: BenchWorkspace, { method, path: url, body }: Subject): Promise<number> {
  const reply = await workspace.call(
    method,
    url,
    body === undefined ? undefined : (JSON.parse(body) as object),
  )
  return JSON.stringify(reply).length
}

function tokenOf(workspace: BenchWorkspace): string {
  return /^token\s*=\s*(\S+)/m.exec(readFileSync(workspace.file.configFile, 'utf8'))?.[1] ?? ''
}

async function startBare(sizes: readonly number[], stack: AsyncDisposableStack): Promise<number> {
  const child = fork(
    fileURLToPath(new URL('./bare-fastify.ts', import.meta.url)),
    [...new Set(sizes)].map(String),
  )
  stack.defer(async () => {
    const ended = once(child, 'exit')
    child.disconnect()
    await ended
  })
  const [port] = (await once(child, 'message')) as [number]
  if (child.pid !== undefined) pin(child.pid, SERVER_CORE)
  return port
}

/** Keeps all threads of a process on one core. Only Linux can, and a machine with one core need not. */
function pin(pid: number, core: number): void {
  if (process.platform !== 'linux' || cpus().length < 2) return
  const { status, error, stderr } = spawnSync('taskset', ['-a', '-c', '-p', String(core), String(pid)])
  if (status !== 0) console.error(`not pinned to a core: ${error?.message ?? stderr.toString()}`)
}
