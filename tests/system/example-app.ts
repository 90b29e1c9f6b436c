// A program of examples/ as its README says to run it: a copy of its folder, its packages, the variables of `lakelet env` for a branch of its own.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { packConnector } from '../../packages/connect/build.ts'
import { npmWith } from '../clients/npm.ts'
import { pythonWith } from '../clients/python.ts'
import { freePort } from './notes-app.ts'
import { type TestWorkspace, cliCommand, environment } from './workspace.ts'

const run = promisify(execFile)
const root = path.resolve(import.meta.dirname, '../..')

/** Life of a credential where examples are tested, in seconds. */
export const TTL_SECONDS = 3
export const PROJECT = 'examples'

export const settings = {
  LAKELET_CREDENTIALS_DEFAULT_TTL_SECONDS: String(TTL_SECONDS),
  LAKELET_CREDENTIALS_MIN_TTL_SECONDS: '1',
}

/** `lakelet-connect` as npm gives it: the tarball, and the package in a folder. */
export interface Packed extends AsyncDisposable {
  readonly tarball: string
  readonly folder: string
}

export async function packedConnector(): Promise<Packed> {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-connector-'))
  const tarball = path.join(directory, 'lakelet-connect-0.1.0.tgz')
  await packConnector(tarball)
  await run('tar', ['xzf', tarball, '-C', directory])
  const folder = path.join(directory, 'package')
  return { tarball, folder, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
}

export interface ExampleOptions {
  /** Folder in examples/. */
  readonly name: string
  /** What starts it, without a shell. */
  readonly command: readonly string[]
  /** The page that says that it serves. */
  readonly ready?: string
  /** Whether `lakelet dev` runs it, with a branch that it makes; otherwise it gets the variables of `lakelet env`. */
  readonly isDev?: boolean
  /** Whether npm installs it as a user does, and builds it; otherwise its packages are shared with other tests. */
  readonly isInstalled?: boolean
}

/** A copy of an example with its packages, and its branch. */
export class Example implements AsyncDisposable {
  readonly #workspace: TestWorkspace
  readonly #options: ExampleOptions
  readonly folder: string
  #env: Readonly<Record<string, string>> = {}
  #child: ChildProcess | undefined
  #port = 0
  #log = ''

  constructor(workspace: TestWorkspace, options: ExampleOptions) {
    this.#workspace = workspace
    this.#options = options
    this.folder = path.join(workspace.directory, options.name)
  }

  get branch(): string {
    return `projects/${PROJECT}/branches/${this.#options.name}`
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  get log(): string {
    return this.#log
  }

  /** Copies it, gets its packages, makes its branch. */
  async prepare(connector: Packed): Promise<void> {
    const { name } = this.#options
    await cp(path.join(root, 'examples', name), this.folder, { recursive: true })
    const variables = this.#options.isDev ? '{}' : await this.#makeBranch(name)
    const bin = await this.#packages(connector)
    const own = environment(this.#workspace.home)
    const nodes = path.dirname(process.execPath)
    this.#env = {
      ...own,
      PATH: [bin, nodes, own['PATH']].join(path.delimiter),
      ...(JSON.parse(variables) as Record<string, string>),
    }
    if (!this.#options.isInstalled) return
    await this.#finish(['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'])
    await this.#finish(['npm', 'run', 'build'])
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    const { name, isDev } = this.#options
    const dev = [...cliCommand, 'dev', '--project', PROJECT, '--branch', name, '--']
    const [command = '', ...args] = [...(isDev ? dev : []), ...this.#options.command]
    this.#port = await freePort()
    const env = {
      LAKELET_DATA_DIR: this.#workspace.dataDir,
      ...this.#env,
      DATABRICKS_APP_PORT: String(this.#port),
      HOST: '127.0.0.1',
    }
    const child = spawn(command, args, {
      cwd: this.folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.#log += chunk.toString()))
    const page = `${this.url}${this.#options.ready ?? '/notes'}`
    for (let tries = 0; tries < 300 && child.exitCode === null; tries++) {
      const reply = await fetch(page).catch(() => undefined)
      if (reply?.ok) return
      await sleep(200)
    }
    throw new Error(`${this.#options.name} does not serve ${page}:\n${this.#log}`)
  }

  /** Ends every connection that the example has, as a restart of the server does. */
  async cutConnections(): Promise<void> {
    const others = 'FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid()'
    await this.#workspace.cli(['sql', '--project', PROJECT, '--branch', this.#options.name], {
      input: `SELECT pg_terminate_backend(pid) ${others};`,
    })
  }

  /** Ends it as a platform does, and gives the exit code of what was started. */
  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.pid === undefined) return
    const ended = once(child, 'close')
    process.kill(-child.pid, 'SIGTERM')
    await ended
  }

  /** Gives the variables of its branch as JSON. */
  async #makeBranch(name: string): Promise<string> {
    await this.#workspace.cli(['postgres', 'create-branch', `projects/${PROJECT}`, name])
    return this.#workspace.cli(['env', this.branch, '-o', 'json'])
  }

  async #finish([command = '', ...args]: readonly string[]): Promise<void> {
    try {
      await run(command, args, { cwd: this.folder, env: this.#env, maxBuffer: 16 << 20 })
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string }
      throw new Error(`${command} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error })
    }
  }

  /** Gives the directory with its programs. */
  async #packages(connector: Packed): Promise<string> {
    if (this.#options.isInstalled) {
      await vendorConnector(this.folder, connector.tarball)
      return path.join(this.folder, 'node_modules/.bin')
    }
    const files = await readdir(this.folder)
    if (files.includes('requirements.txt')) {
      const text = await readFile(path.join(this.folder, 'requirements.txt'), 'utf8')
      return path.dirname(await pythonWith(text.split('\n').filter((line) => line !== '')))
    }
    const manifest = JSON.parse(await readFile(path.join(this.folder, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>
    }
    const wanted = Object.entries(manifest.dependencies).filter(([name]) => name !== 'lakelet-connect')
    const kept = path.join(
      await npmWith(wanted.map(([name, version]) => `${name}@${version}`)),
      'node_modules',
    )
    const modules = path.join(this.folder, 'node_modules')
    await mkdir(modules)
    for (const name of await readdir(kept)) await symlink(path.join(kept, name), path.join(modules, name))
    await cp(connector.folder, path.join(modules, 'lakelet-connect'), { recursive: true })
    return path.join(kept, '.bin')
  }
}

/** Makes the example's folder one that npm can install before `lakelet-connect` is on npm: with the tarball in it. */
export async function vendorConnector(folder: string, tarball: string): Promise<void> {
  const file = path.join(folder, 'package.json')
  const vendored = 'vendor/lakelet-connect-0.1.0.tgz'
  await mkdir(path.join(folder, 'vendor'), { recursive: true })
  await cp(tarball, path.join(folder, vendored))
  const text = await readFile(file, 'utf8')
  await writeFile(file, text.replace('"lakelet-connect": "0.1.0"', `"lakelet-connect": "file:${vendored}"`))
}

/** `POST /notes`, which the examples that are APIs all have. */
export function postNote(
  url: string,
  note: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(`${url}/notes`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(note),
  })
}
