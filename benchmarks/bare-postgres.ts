// The peer of several benchmarks: the same Postgres binaries with nothing of Lakelet around them.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chown, mkdir } from 'node:fs/promises'
import path from 'node:path'
import { Client } from 'pg'
import type { PostgresInstallation } from '../packages/server/src/postgres/index.ts'

const DATABASE = { user: 'cloud_admin', database: 'postgres', password: '', ssl: false }

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
    this.#child = spawn(
      this.#binary('postgres'),
      ['-D', this.#data, '-k', this.directory, '-c', 'listen_addresses=', '-p', String(port), ...args],
      {
        ...this.#installation.account,
        cwd: '/',
        stdio: 'ignore',
      },
    )
    for (;;) {
      const client = new Client({ host: this.directory, port, ...DATABASE })
      client.on('error', () => undefined)
      try {
        await client.connect()
        const result = await client.query(query)
        await client.end()
        return result.rows
      } catch {
        if (this.#child.exitCode !== null) throw new Error(`postgres ended with ${this.#child.exitCode}`)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    }
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
    if (!child || child.exitCode !== null) return
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
