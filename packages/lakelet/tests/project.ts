// A folder with the published package installed from its tarball, in a home whose default profile is one of the cloud.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { expect, vi } from 'vitest'
import { environment } from '../../../tests/system/workspace.ts'

const run = promisify(execFile)

/** What a person has who installed the package. */
export class Project implements AsyncDisposable {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  #up: ChildProcess | undefined
  #said = ''

  constructor(folder: string, node: string) {
    this.folder = folder
    const own = environment(path.join(folder, 'home'))
    this.env = { ...own, BROWSER: 'none', PATH: `${path.dirname(node)}${path.delimiter}${own['PATH']}` }
  }

  get said(): string {
    return this.#said
  }

  async lakelet(...args: readonly string[]): Promise<string> {
    const { stdout } = await run('npx', ['lakelet', ...args], { cwd: this.folder, env: this.env })
    return stdout
  }

  /** Starts `lakelet up` and waits until it says that it is ready. */
  async up(...args: readonly string[]): Promise<void> {
    const ports = ['--http-port', '0', '--postgres-port', '0']
    const child = spawn('npx', ['lakelet', 'up', ...ports, ...args], {
      cwd: this.folder,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#up = child
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    await vi.waitFor(
      () => {
        if (child.exitCode !== null) throw new Error(`lakelet up ended: ${this.#said}`)
        expect(this.#said).toContain('Ctrl-C stops it.')
      },
      { timeout: 120_000, interval: 100 },
    )
  }

  async ended(): Promise<number | null> {
    const child = this.#up
    if (child && child.exitCode === null) await once(child, 'exit')
    return child?.exitCode ?? null
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(path.join(this.folder, '.lakelet/workspace.json'))) await this.lakelet('down', '--force')
    await this.ended()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** @param cloudPort where the server of the default profile listens. */
export async function install(
  tarballs: readonly string[],
  node: string,
  cloudPort: number,
): Promise<Project> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lakelet-project-'))
  await chmod(folder, 0o755)
  await mkdir(path.join(folder, 'home'))
  const profile = `[DEFAULT]\nhost = http://0.0.0.0:${cloudPort}\ntoken = production\n`
  await writeFile(path.join(folder, 'home/.databrickscfg'), profile)
  await writeFile(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  const project = new Project(folder, node)
  const quiet = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefer-offline', '--loglevel=error']
  // npm's own cache, so that what was fetched once is not fetched again.
  const { stdout: cache } = await run('npm', ['config', 'get', 'cache'])
  const env = { ...project.env, npm_config_cache: cache.trim() }
  await run('npm', ['install', ...quiet, '--save-dev', ...tarballs], {
    cwd: folder,
    env,
    maxBuffer: 16 << 20,
  })
  return project
}
