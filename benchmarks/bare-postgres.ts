// The peer of several benchmarks: the same Postgres binaries with nothing of Lakelet around them.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chown, mkdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import path from 'node:path'
import { encodeStartup } from '@lakelet/wire'
import { Client } from 'pg'
import type { PostgresInstallation } from '../packages/server/src/postgres/index.ts'

const DATABASE = { user: 'cloud_admin', database: 'postgres', password: '', ssl: false }

/** What a server says to whom it lets in. */
const AUTHENTICATION = 'R'.charCodeAt(0)

/** Kills a server and waits until its processes, which notice that by themselves, are gone. Linux only. */
export async function killServer(pid: number): Promise<void> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').map(Number)
  process.kill(pid, 'SIGKILL')
  const isThere = async () => (await Promise.all([pid, ...children].map(runs))).includes(true)
  while (await isThere()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** One that has ended and that nobody has asked for is gone as well. */
async function runs(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat !== '' && !/\) Z /.test(stat)
}

export class BarePostgres {
  readonly #installation: Pick<PostgresInstallation, 'prefix' | 'account'>
  /** Of the data and the socket. */
  readonly directory: string
  #child: ChildProcess | undefined

  /** `directory` is made by `initdb`; the socket lies in it too. */
  constructor(installation: Pick<PostgresInstallation, 'prefix' | 'account'>, directory: string) {
    this.#installation = installation
    this.directory = directory
  }

  /** A cluster with initdb's own defaults but for the trust that a socket needs. */
  async initdb(): Promise<void> {
    const { uid, gid } = this.#installation.account ?? {
      uid: process.getuid?.() ?? -1,
      gid: process.getgid?.() ?? -1,
    }
    await mkdir(this.directory, { mode: 0o700 })
    await chown(this.directory, uid, gid)
    const args = [
      '--pgdata',
      this.#data,
      '--username',
      'cloud_admin',
      '--auth',
      'trust',
      '--encoding',
      'UTF8',
      '--locale',
      'C',
    ]
    const result = spawnSync(this.#binary('initdb'), args, {
      ...this.#installation.account,
      cwd: '/',
      encoding: 'utf8',
    })
    if (result.status !== 0) throw new Error(`initdb: ${result.stderr}`)
  }

  /** Starts the server and asks until it answers the first query, as a script around `postgres` would. */
  async startAndAsk(query: string, args: readonly string[] = [], port = 5432): Promise<unknown> {
    const child = this.#spawn(args, port)
    for (;;) {
      const client = new Client({ host: this.directory, port, ...DATABASE })
      client.on('error', () => undefined)
      try {
        await client.connect()
        const result = await client.query(query)
        await client.end()
        return result.rows
      } catch {
        await this.#pause(child)
      }
    }
  }

  /** Starts the server; resolves as soon as it lets somebody in. */
  async start(): Promise<void> {
    const child = this.#spawn([], 5432)
    while (!(await this.#letsIn())) await this.#pause(child)
  }

  /** Ends the server as a crash would; resolves once all its processes are gone. */
  async kill(): Promise<void> {
    const { pid } = this.#child ?? {}
    if (pid !== undefined) await killServer(pid)
  }

  #letsIn(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(path.join(this.directory, '.s.PGSQL.5432'))
      socket.once('error', () => resolve(false))
      socket.once('close', () => resolve(false))
      socket.once('data', (chunk) => {
        resolve(chunk[0] === AUTHENTICATION)
        socket.destroy()
      })
      socket.write(encodeStartup({ user: DATABASE.user, database: DATABASE.database }))
    })
  }

  async #pause(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }

  #spawn(args: readonly string[], port: number): ChildProcess {
    this.#child = spawn(
      this.#binary('postgres'),
      ['-D', this.#data, '-k', this.directory, '-c', 'listen_addresses=', '-p', String(port), ...args],
      {
        ...this.#installation.account,
        cwd: '/',
        stdio: 'ignore',
      },
    )
    return this.#child
  }

  /** Runs statements one by one on the server that was started. */
  async run(statements: readonly string[], database = DATABASE.database): Promise<void> {
    const client = new Client({ host: this.directory, port: 5432, ...DATABASE, database })
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }

  async stop(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGINT')
    await ended
  }

  get #data(): string {
    return path.join(this.directory, 'data')
  }

  #binary(name: string): string {
    return path.join(this.#installation.prefix, 'bin', name)
  }
}
