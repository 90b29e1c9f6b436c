// A workspace in a process of its own, as a user runs it, spoken to through its public interfaces only.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Client } from 'pg'

const ROOT = path.dirname(import.meta.dirname)
const READY_MS = 60_000

/** `lakelet`, to be followed by its arguments: with the options of Node that this process has from tools/run.mjs, as `npm start` has them. */
export const COMMAND_LINE: readonly string[] = [
  ...process.execArgv,
  path.join(ROOT, 'packages', 'cli', 'src', 'bin.ts'),
]

interface WorkspaceFile {
  readonly pid: number
  readonly host: string
  readonly postgres: { readonly host: string; readonly port: number }
  readonly caFile: string
  readonly configFile: string
  readonly user: string
}

export class BenchWorkspace implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly file: WorkspaceFile
  readonly #token: string
  readonly #certificates: string

  constructor(child: ChildProcess, file: WorkspaceFile, token: string, certificates: string) {
    this.#child = child
    this.file = file
    this.#token = token
    this.#certificates = certificates
  }

  /** What an app of the owner finds in its environment, but for the endpoint. */
  get env(): Record<string, string> {
    const { host, postgres, caFile, user } = this.file
    return {
      DATABRICKS_HOST: host,
      DATABRICKS_TOKEN: this.#token,
      PGPORT: String(postgres.port),
      PGUSER: user,
      PGSSLROOTCERT: caFile,
    }
  }

  /** Calls the REST API as the owner. */
  async call<Reply>(method: string, apiPath: string, body?: object): Promise<Reply> {
    const reply = await fetch(`${this.file.host}${apiPath}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    if (!reply.ok) throw new Error(`${method} ${apiPath}: ${reply.status} ${await reply.text()}`)
    return (await reply.json()) as Reply
  }

  /** Calls the API and waits for the operation that it replies. */
  async operate(method: string, apiPath: string, body?: object): Promise<void> {
    let operation = await this.call<{ name: string; done?: boolean; error?: object }>(method, apiPath, body)
    while (!operation.done) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      operation = await this.call('GET', `/api/2.0/postgres/${operation.name}`)
    }
    if (operation.error) throw new Error(`${method} ${apiPath}: ${JSON.stringify(operation.error)}`)
  }

  /** One login over TLS with a token as the password, one query, and the end of the session. */
  ask(token: string, query: string): Promise<void> {
    return this.session(token, async (ask) => {
      await ask(query)
    })
  }

  /** A session of the owner, for as long as `work` takes. */
  async session(
    token: string,
    work: (ask: (query: string) => Promise<unknown>) => Promise<void>,
  ): Promise<void> {
    const client = new Client({
      host: this.file.postgres.host,
      port: this.file.postgres.port,
      user: this.file.user,
      database: 'databricks_postgres',
      password: token,
      ssl: { ca: this.#certificates },
    })
    await client.connect()
    try {
      await work((query) => client.query(query))
    } finally {
      await client.end()
    }
  }

  /** Resident memory of the workspace's process in MB; Linux only. */
  async residentMb(): Promise<number> {
    const status = await readFile(`/proc/${this.file.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = new Promise((resolve) => this.#child.once('exit', resolve))
    process.kill(this.file.pid, 'SIGTERM')
    await ended
  }
}

/** Starts `lakelet up` on free ports, with `more` options, and waits until workspace.json says that it is ready. */
export async function startBenchWorkspace(
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
): Promise<BenchWorkspace> {
  const options = ['up', '--data-dir', dataDir, '--http-port', '0', '--postgres-port', '0', ...more]
  const child = spawn(process.execPath, [...COMMAND_LINE, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  })
  return waitForWorkspace(child, dataDir)
}

/** Waits until workspace.json says that the workspace which `child` starts is ready; a child such as npx may start it as one of its own. */
export async function waitForWorkspace(child: ChildProcess, dataDir: string): Promise<BenchWorkspace> {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4000)
  })
  const until = performance.now() + READY_MS
  for (;;) {
    const file = readWorkspaceFile(dataDir)
    if (file) {
      const profile = readFileSync(file.configFile, 'utf8')
      const token = /^token\s*=\s*(\S+)/m.exec(profile)?.[1] ?? ''
      return new BenchWorkspace(child, file, token, readFileSync(file.caFile, 'utf8'))
    }
    if (child.exitCode !== null || performance.now() > until) {
      child.kill('SIGKILL')
      throw new Error(`the workspace did not start: ${said}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

function readWorkspaceFile(dataDir: string): WorkspaceFile | undefined {
  try {
    return JSON.parse(readFileSync(path.join(dataDir, 'workspace.json'), 'utf8')) as WorkspaceFile
  } catch {
    return undefined
  }
}
