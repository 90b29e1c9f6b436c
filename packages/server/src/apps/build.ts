// Building an app in a fresh directory: packages of Node, packages of Python, then the app's own build script. Packages are cached by
// what decides them (lock or requirements, interpreter, platform), so that a deployment that changed only code takes a second.
import path from 'node:path'
import type { BuildOptions } from './build-options.ts'
import { runBuildStep } from './build-step.ts'
import { nodePackagesKey, pythonPackagesKey } from './package-cache.ts'
import { installPythonPackages } from './python-build.ts'
import { findPython, isOnPath, type Python } from './python.ts'
import { hasFile } from './start-command.ts'

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
  if (source.python === 'none') return { node, python: undefined, interpreter: undefined }
  const interpreter = await findPython(searchPathOf(options), account)
  return { node, python: await pythonPackagesKey(source, interpreter.identity), interpreter }
}

/** Builds; returns the directories that come first in the app's PATH. LakeletError `app_build_failed`, `python_base_failed`. */
export async function buildApp(
  options: BuildOptions,
  keys: PackageKeys,
): Promise<{ readonly binDirectories: readonly string[] }> {
  const binDirectories: string[] = []
  if (options.source.packageJson) {
    await installNodePackages(options, keys.node)
    binDirectories.push(path.join(options.source.directory, 'node_modules', '.bin'))
  }
  if (keys.interpreter) {
    const venv = await installPythonPackages(options, keys.interpreter, keys.python)
    binDirectories.unshift(path.join(venv, 'bin'))
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

function searchPathOf(options: BuildOptions): string {
  return options.environment([])['PATH'] ?? ''
}

function step(
  options: BuildOptions,
  command: readonly string[],
  binDirectories: readonly string[],
): Promise<void> {
  const { account, mark, limits, onLine, signal, sandboxFor, source } = options
  return runBuildStep({
    command,
    directory: source.directory,
    environment: options.environment(binDirectories),
    account,
    mark,
    limits,
    sandbox: sandboxFor?.([source.directory]),
    onLine,
    signal,
  })
}
