// One Postgres with TLS, and before it: PgBouncer of this machine in both modes, the least relay in Node, and the gateway.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { freePort } from '../packages/server/src/apps/free-port.ts'
import { systemClock } from '../packages/server/src/base/clock.ts'
import { loadCertificates } from '../packages/server/src/main/certificates.ts'
import { DEFAULT_MAJOR, openPostgres } from '../packages/server/src/postgres/index.ts'
import { BarePostgres } from './bare-postgres.ts'
import type { Target } from './pgbench.ts'
import { untilListening } from './until-listening.ts'

const USER = 'cloud_admin'
const PASSWORD = 'bench password'

export interface Peers {
  readonly direct: Target
  readonly relay: Target
  readonly bouncerSession: Target
  readonly bouncerTransaction: Target
  readonly session: Target
  readonly pooled: Target
}

interface Account {
  readonly uid: number
  readonly gid: number
}

/** Starts all of them; what they leave goes with `stack`. */
export async function startPeers(stack: AsyncDisposableStack): Promise<Peers> {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o711)
  const installation = await (await openPostgres({ dataDir: directory })).of(DEFAULT_MAJOR)
  const bare = new BarePostgres(installation, path.join(directory, 'cluster'))
  const { account } = installation
  await bare.initdb()
  const { certificate, key } = await loadCertificates(path.join(directory, 'tls'), ['localhost'], systemClock)
  const files = { cert: path.join(directory, 'cert.pem'), key: path.join(directory, 'key.pem') }
  await writeFile(files.cert, certificate)
  await writeFile(files.key, key, { mode: 0o600 })
  if (account) for (const file of Object.values(files)) await chown(file, account.uid, account.gid)
  const port = await freePort('127.0.0.1', 0)
  stack.defer(() => bare.stop())
  const ssl = ['ssl=on', `ssl_cert_file=${files.cert}`, `ssl_key_file=${files.key}`]
  const settings = [`listen_addresses=127.0.0.1`, 'max_connections=200', ...ssl]
  await bare.startAndAsk(
    'SELECT 1',
    settings.flatMap((each) => ['-c', each]),
    port,
  )
  const socket = path.join(bare.directory, `.s.PGSQL.${port}`)
  fill(bare.directory, port)
  const relayPort = await freePort('127.0.0.1', 0)
  start(stack, process.execPath, [
    path.join(import.meta.dirname, 'tls-relay.mjs'),
    String(relayPort),
    socket,
    files.cert,
    files.key,
  ])
  const gateway = await startGatewayProcess(stack, socket, path.join(directory, 'tls'))
  const users = path.join(directory, 'users.txt')
  await writeFile(users, `"${USER}" "${PASSWORD}"\n`)
  const bouncer = { stack, directory, files, users, backend: { directory: bare.directory, port }, account }
  const peers = {
    direct: { port, user: USER },
    relay: { port: relayPort, user: USER },
    bouncerSession: { port: await startBouncer('session', bouncer), user: USER, password: PASSWORD },
    bouncerTransaction: { port: await startBouncer('transaction', bouncer), user: USER, password: PASSWORD },
    session: { port: gateway.port, user: USER, password: gateway.token },
    pooled: { port: gateway.port, user: USER, password: gateway.token, options: 'pool=transaction' },
  }
  await Promise.all(Object.values(peers).map((each) => untilListening(each.port)))
  return peers
}

function fill(directory: string, port: number): void {
  const at = ['-h', directory, '-p', String(port), '-U', USER]
  for (const [command, ...args] of [
    ['psql', ...at, '-c', 'create database bench', 'postgres'],
    ['pgbench', '-i', '-q', '-s', '10', ...at, 'bench'],
  ] as const) {
    const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${command}: ${stderr}`)
  }
}

/** Since 1.21 PgBouncer takes prepared statements in its transaction mode. */
export function takesPrepared(): boolean {
  const { stdout } = spawnSync('pgbouncer', ['--version'], { encoding: 'utf8' })
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(stdout) ?? []
  return Number(major) > 1 || Number(minor) >= 21
}

async function startBouncer(
  mode: 'session' | 'transaction',
  options: {
    readonly stack: AsyncDisposableStack
    readonly directory: string
    readonly files: { readonly cert: string; readonly key: string }
    readonly users: string
    readonly backend: { readonly directory: string; readonly port: number }
    readonly account: Account | undefined
  },
): Promise<number> {
  const { stack, directory, files, users, backend, account } = options
  const port = await freePort('127.0.0.1', 0)
  const file = path.join(directory, `${mode}.ini`)
  await writeFile(
    file,
    `[databases]
bench = host=${backend.directory} port=${backend.port} dbname=bench
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
pool_mode = ${mode}
auth_type = scram-sha-256
auth_file = ${users}
client_tls_sslmode = require
client_tls_cert_file = ${files.cert}
client_tls_key_file = ${files.key}
default_pool_size = 90
max_client_conn = 1000
${takesPrepared() ? 'max_prepared_statements = 200' : ''}
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
`,
  )
  start(stack, 'pgbouncer', ['-q', file], account)
  return port
}

async function startGatewayProcess(
  stack: AsyncDisposableStack,
  socket: string,
  directory: string,
): Promise<{ readonly port: number; readonly token: string }> {
  const program = path.join(import.meta.dirname, 'gateway-process.ts')
  const child = start(stack, process.execPath, [...process.execArgv, program, socket, directory])
  let said = ''
  for await (const chunk of child.stdout ?? []) {
    said += String(chunk)
    if (said.includes('\n')) return JSON.parse(said) as { port: number; token: string }
  }
  throw new Error('the gateway did not start')
}

function start(
  stack: AsyncDisposableStack,
  command: string,
  args: readonly string[],
  account?: Account,
): ChildProcess {
  const child = spawn(command, args, { ...account, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  stack.defer(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return child
}
