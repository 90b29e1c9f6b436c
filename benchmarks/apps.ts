// Apps: requests per second through the front proxy, which knows each visitor, beside nginx as a reverse proxy and the app alone; a
// deployment again with a warm cache; a folder of 1,000 files put into the workspace.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { load, requestText } from './http-load.ts'
import { type BenchmarkResult, compare, type Goal, progress, type Row, summarise, timed } from './measure.ts'
import { startNginx } from './nginx.ts'
import { type BenchWorkspace, COMMAND_LINE, startBenchWorkspace } from './workspace.ts'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7)
const WARMUPS = 2
const WINDOW_MS = 1500
const CONNECTIONS = 16
const DEPLOYMENTS = 5
const FILES = 1000
const PLAIN_APP = path.join(import.meta.dirname, 'plain-app.mjs')
/** The app of `lakelet up --tutorial`. */
const TUTORIAL_APP = 'my-lakebase-app'

interface App {
  readonly url: string
  readonly default_source_code_path?: string
  readonly active_deployment?: { readonly status: { readonly state: string } }
  readonly compute_status?: { readonly state: string }
}

interface Door {
  readonly name: string
  readonly port: number
  readonly request: string
}

export async function apps(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o711)
  const start = async (name: string, env: Record<string, string>, more: readonly string[] = []) =>
    stack.use(await startBenchWorkspace(path.join(directory, name), env, more))
  const workspace = await start('workspace', {}, ['--tutorial'])
  const open = await start('open', { LAKELET_APPS_ISOLATION: 'off' })
  const proxied = await throughProxies([workspace, open], stack)
  const redeployed = await redeploy(workspace)
  const synced = await sync(workspace, path.join(directory, 'files'))
  return {
    rows: [...proxied.rows, ...redeployed.rows, ...synced.rows],
    goals: [...proxied.goals, ...redeployed.goals, ...synced.goals],
  }
}

type Part = Pick<BenchmarkResult, 'rows' | 'goals'>

async function throughProxies(
  [isolated, open]: readonly [BenchWorkspace, BenchWorkspace],
  stack: AsyncDisposableStack,
): Promise<Part> {
  const plain = await startPlain(stack)
  const alone = requestText({ method: 'GET', path: '/' })
  const nginx = await startNginx(plain, stack)
  if (nginx === undefined) progress('nginx is left out: there is none on this machine')
  const doors: readonly Door[] = [
    { name: 'the app alone', port: plain, request: alone },
    ...(nginx === undefined ? [] : [{ name: 'nginx', port: nginx, request: alone }]),
    await doorOf('lakelet, apps not isolated', open),
    await doorOf('lakelet', isolated),
  ]
  const latencies = new Map(doors.map(({ name }) => [name, [] as number[]]))
  const rows = await compare(
    'requests of 1 KiB',
    'req/s',
    doors.map((door) => ({
      name: door.name,
      isPeer: door.port === (nginx ?? plain),
      sample: async () => {
        const { requestsPerSecond, p99 } = await load({
          ...door,
          connections: CONNECTIONS,
          forMs: WINDOW_MS,
        })
        latencies.get(door.name)?.push(p99)
        return requestsPerSecond
      },
    })),
    { rounds: ROUNDS, warmups: WARMUPS },
  )
  const tails = [...latencies].map(([name, samples]) =>
    summarise('their p99', name, 'ms', samples.slice(WARMUPS)),
  )
  const goals: Goal[] =
    nginx === undefined
      ? []
      : rows.flatMap(({ name, ratio }) =>
          name.startsWith('lakelet')
            ? [{ text: `${name}: at least 0.7× nginx's requests`, isMet: (ratio ?? 0) >= 0.7 }]
            : [],
        )
  return { rows: [...rows, ...tails], goals }
}

/** The app as any program, on a port of its own. */
async function startPlain(stack: AsyncDisposableStack): Promise<number> {
  const child = spawn(process.execPath, [PLAIN_APP], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  stack.defer(async () => {
    child.kill()
    await ended
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return Number(/(\d+)/.exec(line.toString())?.[1])
}

/** The same app, deployed, for a visitor with a token. */
async function doorOf(name: string, workspace: BenchWorkspace): Promise<Door> {
  const folder = `/Workspace/Users/${workspace.file.user}/plain`
  await workspace.call('POST', '/api/2.0/workspace/mkdirs', { path: folder })
  await upload(workspace, `${folder}/server.mjs`, await readFile(PLAIN_APP, 'utf8'))
  await upload(workspace, `${folder}/app.yaml`, "command: ['node', 'server.mjs']\n")
  await workspace.call('POST', '/api/2.0/apps', { name: 'plain' })
  await deploy(workspace, 'plain', folder)
  const { url } = await workspace.call<App>('GET', '/api/2.0/apps/plain')
  const { host, port } = new URL(url)
  const token = workspace.env['DATABRICKS_TOKEN'] ?? ''
  return { name, port: Number(port), request: requestText({ method: 'GET', path: '/', host, token }) }
}

async function upload(workspace: BenchWorkspace, file: string, text: string): Promise<void> {
  const content = Buffer.from(text).toString('base64')
  await workspace.call('POST', '/api/2.0/workspace/import', {
    path: file,
    content,
    format: 'RAW',
    overwrite: true,
  })
}

/** Deploys and waits until it serves. */
async function deploy(workspace: BenchWorkspace, app: string, folder: string): Promise<void> {
  await settled(workspace, app, (found) => found.compute_status?.state === 'ACTIVE')
  const { deployment_id: id } = await workspace.call<{ deployment_id: string }>(
    'POST',
    `/api/2.0/apps/${app}/deployments`,
    { source_code_path: folder, mode: 'SNAPSHOT' },
  )
  for (;;) {
    const { status } = await workspace.call<{ status: { state: string; message?: string } }>(
      'GET',
      `/api/2.0/apps/${app}/deployments/${id}`,
    )
    if (status.state === 'SUCCEEDED') return
    if (status.state === 'FAILED') throw new Error(`${app} was not deployed: ${status.message}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function settled(workspace: BenchWorkspace, app: string, isSo: (app: App) => boolean): Promise<App> {
  for (;;) {
    const found = await workspace.call<App>('GET', `/api/2.0/apps/${app}`)
    if (isSo(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

async function redeploy(workspace: BenchWorkspace): Promise<Part> {
  progress('waits for the tutorial')
  const { default_source_code_path: folder = '' } = await settled(
    workspace,
    TUTORIAL_APP,
    (app) => app.active_deployment?.status.state === 'SUCCEEDED',
  )
  const samples: number[] = []
  for (let round = 0; round < DEPLOYMENTS; round += 1)
    samples.push(await timed(() => deploy(workspace, TUTORIAL_APP, folder)))
  const row = summarise('deployment again, warm', TUTORIAL_APP, 'ms', samples)
  return { rows: [row], goals: [{ text: 'a warm deployment takes at most 3 s', isMet: row.p50 <= 3000 }] }
}

async function sync(workspace: BenchWorkspace, folder: string): Promise<Part> {
  await mkdir(folder)
  for (let file = 0; file < FILES; file += 1)
    await writeFile(path.join(folder, `file-${file}.txt`), `file ${file}\n`.repeat(20))
  const first: number[] = []
  const again: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const target = `/Workspace/Users/${workspace.file.user}/files-${round}`
    first.push(await timed(() => lakelet(workspace, ['sync', folder, target])))
    again.push(await timed(() => lakelet(workspace, ['sync', folder, target])))
  }
  const started: number[] = []
  for (let round = 0; round < 3; round += 1)
    started.push(await timed(() => lakelet(workspace, ['current-user', 'me'])))
  const rows: readonly Row[] = [
    summarise(`sync of ${FILES} files`, 'first', 'ms', first),
    summarise(`sync of ${FILES} files`, 'unchanged', 'ms', again),
    summarise(`sync of ${FILES} files`, 'a command that asks one thing', 'ms', started),
  ]
  const [begun, unchanged] = rows
  return {
    rows,
    goals: [
      { text: `${FILES} files are there within 3 s`, isMet: (begun?.p50 ?? Infinity) <= 3000 },
      { text: 'unchanged they take at most 0.3 s', isMet: (unchanged?.p50 ?? Infinity) <= 300 },
    ],
  }
}

async function lakelet(workspace: BenchWorkspace, args: readonly string[]): Promise<void> {
  await promisify(execFile)(process.execPath, [...COMMAND_LINE, ...args], {
    env: { ...process.env, ...workspace.env },
  })
}
