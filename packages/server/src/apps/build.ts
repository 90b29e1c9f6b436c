// Building an app in a fresh directory: packages of Node, packages of Python, then the app's own build script. Packages are cached by
// what decides them (lock or requirements, interpreter, platform), so that a deployment that changed only code takes a second.
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'
import { ownDirectory } from './account.ts'
import type { AppDirectory } from './app-directory.ts'
import { runBuildStep } from './build-step.ts'
import type { Confinement } from './confined-process.ts'
import { type PackageCache, nodePackagesKey, pythonPackagesKey } from './package-cache.ts'
import { findPython, isOnPath, type Python } from './python.ts'
import { hasFile, type SourceFolder } from './start-command.ts'

export interface BuildOptions extends Confinement {
  readonly source: SourceFolder
  /** Directory of the deployment, for what must not lie among the source files. */
  readonly directory: AppDirectory
  readonly deployment: string
  readonly cache: PackageCache
  /** Environment of every command, without the PATH of what earlier ones installed. */
  readonly environment: (binDirectories: readonly string[]) => Record<string, string>
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/** What decides the packages, read before the source is the app's to change. */
export interface PackageKeys {
  readonly node: string | undefined
  readonly python: string | undefined
  readonly interpreter: Python | undefined
}

/** Finds out what packages the source wants. LakeletError `python_missing`. */
export async function readPackageKeys(options: BuildOptions): Promise<PackageKeys> {
  const { source, account } = options
  const node = await nodePackagesKey(source)
  if (source.python === 'none' || source.python === 'uv')
    return { node, python: undefined, interpreter: undefined }
  const interpreter = await findPython(searchPathOf(options), account)
  return { node, python: await pythonPackagesKey(source, interpreter.identity), interpreter }
}

/** Builds; returns the directories that come first in the app's PATH. LakeletError `app_build_failed`, `python_missing`, `uv_missing`. */
export async function buildApp(
  options: BuildOptions,
  keys: PackageKeys,
): Promise<{ readonly binDirectories: readonly string[] }> {
  const binDirectories: string[] = []
  if (options.source.packageJson) {
    await installNodePackages(options, keys.node)
    binDirectories.push(path.join(options.source.directory, 'node_modules', '.bin'))
  }
  if (options.source.python !== 'none') {
    binDirectories.unshift(path.join(await installPythonPackages(options, keys), 'bin'))
  }
  if (options.source.packageJson?.scripts?.['build'] !== undefined) {
    await step(options, ['npm', 'run', 'build'], binDirectories)
  }
  return { binDirectories }
}

async function installNodePackages(options: BuildOptions, key: string | undefined): Promise<void> {
  const { source, cache } = options
  const modules = path.join(source.directory, 'node_modules')
  if (key !== undefined && (await cache.restoreNode(key, modules))) {
    options.onLine('Node packages: unchanged, taken from the cache')
    return
  }
  await step(options, await nodeInstaller(options), [])
  if (key !== undefined) await cache.storeNode(key, modules)
}

async function nodeInstaller(options: BuildOptions): Promise<string[]> {
  if (!hasFile(options.source.directory, 'pnpm-lock.yaml'))
    return ['npm', 'install', '--no-audit', '--no-fund', '--no-progress', '--loglevel=warn']
  const install = ['install', '--frozen-lockfile']
  const hasPnpm = await isOnPath('pnpm', searchPathOf(options), options.account)
  return hasPnpm ? ['pnpm', ...install] : ['npx', '--yes', 'pnpm', ...install]
}

/** Returns the directory of the virtual environment. */
async function installPythonPackages(options: BuildOptions, keys: PackageKeys): Promise<string> {
  const { source, cache } = options
  const own = path.join(options.directory.deployment(options.deployment), 'venv')
  const python = keys.interpreter
  if (!python) return syncWithUv(options, own)
  const install = async (venv: string) => {
    const withoutPip = python.canInstallElsewhere ? ['--without-pip'] : []
    await step(options, [python.program, '-m', 'venv', '--clear', ...withoutPip, venv], [])
    if (source.python !== 'requirements') return
    const inside = path.join(venv, 'bin', 'python')
    const pip = python.canInstallElsewhere
      ? [python.program, '-m', 'pip', '--python', inside]
      : [inside, '-m', 'pip']
    const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off']
    await step(options, [...pip, 'install', ...quiet, '-r', 'requirements.txt'], [])
  }
  if (keys.python !== undefined) return cache.pythonEnvironment(keys.python, install, options.onLine)
  await install(await ownDirectory(own, options.account))
  return own
}

async function syncWithUv(options: BuildOptions, venv: string): Promise<string> {
  if (!(await isOnPath('uv', searchPathOf(options), options.account))) throw new LakeletError('uv_missing')
  await ownDirectory(venv, options.account)
  await step(options, ['uv', 'sync', '--frozen'], [], { UV_PROJECT_ENVIRONMENT: venv })
  return venv
}

function searchPathOf(options: BuildOptions): string {
  return options.environment([])['PATH'] ?? ''
}

function step(
  options: BuildOptions,
  command: readonly string[],
  binDirectories: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const { account, mark, onLine, signal } = options
  return runBuildStep({
    command,
    directory: options.source.directory,
    environment: { ...options.environment(binDirectories), ...more },
    account,
    mark,
    onLine,
    signal,
  })
}
