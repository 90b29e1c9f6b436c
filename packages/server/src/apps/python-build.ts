// The Python packages of an app: its own as it names them (requirements.txt, pyproject.toml, uv.lock), above those of the platform's
// image that it uses without naming them.
import path from 'node:path'
import { ownDirectory } from './account.ts'
import { runBuildStep } from './build-step.ts'
import type { BuildOptions } from './build-options.ts'
import { platformLayer } from './python-layers.ts'
import { findMissing, layUnder, neededPackages } from './python-needs.ts'
import { createEnvironment, isOnPath, pipInstall, type Python } from './python.ts'
import { hasFile } from './start-command.ts'

/** Installs; returns the directory of the environment. LakeletError `app_build_failed`, `python_base_failed`. */
export async function installPythonPackages(
  options: BuildOptions,
  python: Python,
  key: string | undefined,
): Promise<string> {
  const build = new PythonBuild(options, python)
  return options.source.python === 'uv' ? build.byUv() : build.byPip(key)
}

class PythonBuild {
  readonly #options: BuildOptions
  readonly #python: Python

  constructor(options: BuildOptions, python: Python) {
    this.#options = options
    this.#python = python
  }

  async byPip(key: string | undefined): Promise<string> {
    const own = await this.#environment(key, undefined)
    const layer = await this.#neededLayer(own)
    return layer === undefined ? own : this.#environment(key, layer)
  }

  async byUv(): Promise<string> {
    const { account, source, onLine } = this.#options
    const venv = await ownDirectory(this.#ownVenv, account)
    const isLocked = hasFile(source.directory, 'uv.lock')
    onLine(isLocked ? 'Python packages: those of uv.lock' : 'Python packages: those of pyproject.toml')
    await this.#step(venv, [await this.#uv(), 'sync', ...(isLocked ? ['--frozen'] : [])], {
      UV_PROJECT_ENVIRONMENT: venv,
      UV_PYTHON: this.#python.executable,
      UV_PYTHON_DOWNLOADS: 'never',
    })
    const layer = await this.#neededLayer(venv)
    if (layer !== undefined) await this.#step(venv, layUnder(layer, venv))
    return venv
  }

  get #ownVenv(): string {
    return path.join(this.#options.directory.deployment(this.#options.deployment), 'venv')
  }

  /** An environment with the app's own packages above those of `layer`. */
  async #environment(key: string | undefined, layer: string | undefined): Promise<string> {
    const { cache, onLine, account } = this.#options
    const install = async (venv: string) => {
      await this.#step(venv, createEnvironment(this.#python, venv))
      if (layer !== undefined) await this.#step(venv, layUnder(layer, venv))
      // Above a layer pip sees what that has and leaves it where it fits.
      if (this.#options.source.python === 'requirements')
        await this.#step(venv, [...pipInstall(this.#python, venv), '-r', 'requirements.txt'])
    }
    if (key !== undefined) {
      const name = layer === undefined ? key : `${key}-${path.basename(layer).slice(0, 12)}`
      return cache.pythonEnvironment(name, install, onLine)
    }
    await install(await ownDirectory(this.#ownVenv, account))
    return this.#ownVenv
  }

  /** The layer with what the app uses of the platform's packages and has not in `venv`. */
  async #neededLayer(venv: string): Promise<string | undefined> {
    const { command, onLine } = this.#options
    let output = ''
    await this.#step(venv, findMissing(venv, command), {}, (line) => (output += `${line}\n`))
    const packages = neededPackages(output, venv, command)
    if (packages.length === 0) return undefined
    onLine(`Python packages of the platform that the app uses without naming them: ${packages.join(', ')}`)
    return this.#layer(packages)
  }

  #layer(packages: readonly string[]): Promise<string> {
    return platformLayer(this.#python, packages, this.#options)
  }

  /** The machine's uv if the app can run it, else the one that the platform has, from PyPI. */
  async #uv(): Promise<string> {
    const { account, environment } = this.#options
    if (await isOnPath('uv', environment([])['PATH'] ?? '', account)) return 'uv'
    return path.join(await this.#layer(['uv']), 'bin', 'uv')
  }

  /** Runs a command that writes to the environment, and to the source. */
  #step(
    venv: string,
    command: readonly string[],
    more: Readonly<Record<string, string>> = {},
    onLine = this.#options.onLine,
  ): Promise<void> {
    const { account, mark, limits, signal, source, sandboxFor } = this.#options
    const environment = { ...this.#options.environment([]), ...more }
    return runBuildStep({
      command,
      directory: source.directory,
      environment,
      account,
      mark,
      limits,
      sandbox: sandboxFor?.([source.directory, venv], [this.#python.executable]),
      onLine,
      signal,
    })
  }
}
