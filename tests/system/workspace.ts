// A real workspace for tests: `lakelet up` as a child process in a temporary directory, on free ports, with a home directory of
// its own. It is stopped and removed when it goes out of scope; directory and log stay when KEEP_TEST_WORKSPACES is set.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, createClient } from '@lakelet/api'
import { guardLogFile } from '../guards/log-guard.ts'
import { keepPostgres, seedPostgres } from './postgres-cache.ts'

const root = path.resolve(import.meta.dirname, '../..')

/** How a CLI command is started from the sources. */
export const cliCommand: readonly [string, ...string[]] = [
  process.execPath,
  '--conditions=lakelet:source',
  '--disable-warning=ExperimentalWarning',
  path.join(root, 'packages/cli/src/bin.ts'),
]

export interface CommandResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

export interface TestWorkspaceOptions {
  /** More arguments of `lakelet up`. */
  readonly args?: readonly string[]
  /** Settings as variables, such as LAKELET_CREDENTIALS_MIN_TTL_SECONDS. */
  readonly env?: Readonly<Record<string, string>>
  /** A directory to use instead of a new one; it is not removed. */
  readonly directory?: string
  /** Major versions of Postgres that are laid ready; the usual one when left out. */
  readonly majors?: readonly number[]
  /** Longest wait for workspace.json, in milliseconds. */
  readonly startTimeoutMs?: number
}

/** Content of workspace.json. */
interface Published {
  readonly pid: number
  readonly host: string
  readonly postgres: { readonly host: string; readonly port: number }
  readonly caFile: string
  readonly configFile: string
  readonly user: string
}

export class TestWorkspace implements AsyncDisposable, Published {
  /** Holds `data` (the data directory), `home` and `log`. */
  readonly directory: string
  readonly pid: number
  readonly host: string
  readonly postgres: { readonly host: string; readonly port: number }
  readonly caFile: string
  readonly configFile: string
  /** The owner's email address. */
  readonly user: string
  /** The owner's bearer token. */
  readonly token: string
  /** A client as the owner. */
  readonly client: Client
  readonly #child: ChildProcess
  readonly #isTemporary: boolean
  readonly #guard: { close(): void }

  constructor(
    place: { readonly directory: string; readonly isTemporary: boolean; readonly guard: { close(): void } },
    child: ChildProcess,
    published: Published,
    token: string,
  ) {
    this.directory = place.directory
    this.#isTemporary = place.isTemporary
    this.#guard = place.guard
    this.#child = child
    this.pid = published.pid
    this.host = published.host
    this.postgres = published.postgres
    this.caFile = published.caFile
    this.configFile = published.configFile
    this.user = published.user
    this.token = token
    this.client = createClient({ host: published.host, token: () => token })
  }

  get dataDir(): string {
    return path.join(this.directory, 'data')
  }

  get home(): string {
    return path.join(this.directory, 'home')
  }

  /** What the process wrote to both of its streams so far. */
  log(): Promise<string> {
    return readFile(path.join(this.directory, 'log'), 'utf8')
  }

  /** Warnings and errors in the log of the workspace. */
  async problems(): Promise<string> {
    const text = await readFile(path.join(this.dataDir, 'lakelet.log'), 'utf8')
    const lines = text.split('\n').filter((line) => /"level":[456]0/.test(line))
    return lines.map((line) => `${line.slice(0, 2000)}\n`).join('')
  }

  /** Runs `lakelet …` as the owner and gives what it wrote; it never rejects for an exit code. */
  lakelet(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const env = { ...environment(this.home), LAKELET_DATA_DIR: this.dataDir, ...options.env }
    return runCommand([...cliCommand, ...args], { ...options, cwd: options.cwd ?? this.home, env })
  }

  /** Like `lakelet`; rejects with everything that was written when the command fails. */
  async cli(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const result = await this.lakelet(args, options)
    if (result.code === 0) return result.stdout
    const said = `${result.stdout}${result.stderr}${await this.problems()}`
    throw new Error(`lakelet ${args.join(' ')} ended with exit code ${result.code}\n${said}`)
  }

  /** The signal that the server process died of, or null for an exit; when it has ended. */
  async ended(): Promise<NodeJS.Signals | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    return this.#child.signalCode
  }

  /** Sends a signal to the server process and waits for its end; gives its exit code, or null for a death by signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const code = await stopChild(this.#child, signal)
    this.#guard.close()
    return code
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    if (this.#isTemporary && !process.env['KEEP_TEST_WORKSPACES']) {
      await rm(this.directory, { recursive: true, force: true })
    }
  }
}

/** Starts a workspace and waits until it is ready. Its log is part of the error when it does not get there. */
export async function startTestWorkspace(options: TestWorkspaceOptions = {}): Promise<TestWorkspace> {
  // Postgres runs as another user when the tests run as root, so the directory can be entered by all.
  const directory = options.directory ?? (await mkdtemp(path.join(tmpdir(), 'lakelet-test-')))
  await chmod(directory, 0o755)
  await mkdir(path.join(directory, 'home'), { recursive: true })
  await seedPostgres(path.join(directory, 'data'), options.majors)
  const guard = guardLogFile(path.join(directory, 'data', 'lakelet.log'))
  const child = spawnServer(directory, options)
  try {
    const published = await waitUntilReady(directory, child, options.startTimeoutMs ?? 180_000)
    await keepPostgres(path.join(directory, 'data'))
    const token = /^token\s*=\s*(\S+)$/m.exec(await readFile(published.configFile, 'utf8'))?.[1] ?? ''
    const place = { directory, isTemporary: options.directory === undefined, guard }
    return new TestWorkspace(place, child, published, token)
  } catch (error) {
    await stopChild(child, 'SIGTERM')
    guard.close()
    throw error
  }
}

/** Variables that say how this machine reaches its registries, where programs and compiled code are, and how a test run notes the routes it called. */
const INHERITED =
  /^(NODE_OPTIONS|NODE_COMPILE_CACHE|TEST_CALLS_DIR|PATH|LANG|TMPDIR|PIP_\w+|npm_config_\w+|\w+_proxy|\w*(SSL|CERTS?|CA_BUNDLE)\w*)$/i

/** The environment of commands: nothing of the developer's own configuration. */
export function environment(home: string): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && INHERITED.test(entry[0]) && !entry[0].startsWith('PG'),
  )
  return { ...Object.fromEntries(inherited), HOME: home, LAKELET_OWNER_EMAIL: OWNER }
}

/** The owner's address in every test workspace. */
export const OWNER = 'jane.doe@example.com'

/** Runs a program to its end. */
export async function runCommand(
  [command = '', ...args]: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly input?: string },
): Promise<CommandResult> {
  const child = spawn(command, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] })
  const written = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()))
  // A program that ends without reading its input is no error here.
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, ...written }
}

function spawnServer(directory: string, options: TestWorkspaceOptions): ChildProcess {
  const log = openSync(path.join(directory, 'log'), 'a')
  const [command, ...args] = cliCommand
  const ports = ['--http-port', '0', '--postgres-port', '0']
  const child = spawn(
    command,
    [...args, 'up', '--data-dir', path.join(directory, 'data'), ...ports, ...(options.args ?? [])],
    {
      cwd: directory,
      env: { ...environment(path.join(directory, 'home')), ...options.env },
      stdio: ['ignore', log, log],
    },
  )
  closeSync(log)
  return child
}

async function waitUntilReady(directory: string, child: ChildProcess, timeoutMs: number): Promise<Published> {
  const file = path.join(directory, 'data', 'workspace.json')
  const deadline = Date.now() + timeoutMs
  while (Date.now() < deadline && child.exitCode === null && child.signalCode === null) {
    if (existsSync(file)) {
      const published = JSON.parse(await readFile(file, 'utf8')) as Published
      // A file of a process that was killed may still be there.
      if (published.pid === child.pid) return published
    }
    await sleep(50)
  }
  const log = await readFile(path.join(directory, 'log'), 'utf8')
  throw new Error(`the workspace was not ready (exit code ${child.exitCode}); its log:\n${log}`)
}

async function stopChild(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const ended = once(child, 'exit')
  child.kill(signal)
  const timer = setTimeout(() => child.kill('SIGKILL'), 30_000)
  await ended
  clearTimeout(timer)
  return child.exitCode
}

/** Writes files below `directory`, making folders as needed. */
export async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(directory, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
  }
}
