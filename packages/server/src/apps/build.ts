// Building an app in a fresh directory: packages of Node, packages of Python, then the app's own build script. Packages are cached by
// what decides them (lock or requirements, interpreter, platform), so that a deployment that changed only code takes a second.
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'
import { ensureDirectory } from '../base/files.ts'
import { buildEnvironment } from './environment.ts'
import { APP_MARK } from './leftovers.ts'
import { type PackageCache, nodePackagesKey, pythonPackagesKey } from './package-cache.ts'
import { findPython, isOnPath } from './python.ts'
import { runBuildStep } from './build-step.ts'
import { hasFile, type SourceFolder } from './start-command.ts'

export interface BuildOptions {
  readonly source: SourceFolder
  /** Directory of the deployment, for what must not lie among the source files. */
  readonly directory: string
  readonly cache: PackageCache
  /** Goes into the environment of every command, so that what a killed workspace leaves is found. */
  readonly mark: string
  readonly onLine: (line: string) => void
  readonly signal: AbortSignal
}

/** Builds; returns the directories that come first in the app's PATH. LakeletError `app_build_failed`, `python_missing`, `uv_missing`. */
export async function buildApp(
  options: BuildOptions,
): Promise<{ readonly binDirectories: readonly string[] }> {
  const binDirectories: string[] = []
  if (options.source.packageJson) {
    await installNodePackages(options)
    binDirectories.push(path.join(options.source.directory, 'node_modules', '.bin'))
  }
  if (options.source.python !== 'none') {
    binDirectories.unshift(path.join(await installPythonPackages(options), 'bin'))
  }
  if (options.source.packageJson?.scripts?.['build'] !== undefined) {
    await step(options, ['npm', 'run', 'build'], binDirectories)
  }
  return { binDirectories }
}

async function installNodePackages(options: BuildOptions): Promise<void> {
  const { source, cache } = options
  const modules = path.join(source.directory, 'node_modules')
  const key = await nodePackagesKey(source)
  if (key !== undefined && (await cache.restoreNode(key, modules))) {
    options.onLine('Node packages: unchanged, taken from the cache')
    return
  }
  await step(options, await nodeInstaller(options), [])
  if (key !== undefined) await cache.storeNode(key, modules)
}

async function nodeInstaller({ source }: BuildOptions): Promise<string[]> {
  if (!hasFile(source.directory, 'pnpm-lock.yaml'))
    return ['npm', 'install', '--no-audit', '--no-fund', '--no-progress', '--loglevel=warn']
  const install = ['install', '--frozen-lockfile']
  const hasPnpm = await isOnPath('pnpm', buildEnvironment([])['PATH'] ?? '')
  return hasPnpm ? ['pnpm', ...install] : ['npx', '--yes', 'pnpm', ...install]
}

/** Returns the directory of the virtual environment. */
async function installPythonPackages(options: BuildOptions): Promise<string> {
  const { source, cache, directory } = options
  const searchPath = buildEnvironment([])['PATH'] ?? ''
  if (source.python === 'uv') return syncWithUv(options, searchPath)
  const python = await findPython(searchPath)
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
  const key = await pythonPackagesKey(source, python.identity)
  if (key !== undefined) return cache.pythonEnvironment(key, install, options.onLine)
  const venv = path.join(await ensureDirectory(directory), 'venv')
  await install(venv)
  return venv
}

async function syncWithUv(options: BuildOptions, searchPath: string): Promise<string> {
  if (!(await isOnPath('uv', searchPath))) throw new LakeletError('uv_missing')
  const venv = path.join(options.directory, 'venv')
  await step(options, ['uv', 'sync', '--frozen'], [], { UV_PROJECT_ENVIRONMENT: venv })
  return venv
}

function step(
  options: BuildOptions,
  command: readonly string[],
  binDirectories: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  return runBuildStep({
    command,
    directory: options.source.directory,
    environment: { ...buildEnvironment(binDirectories), [APP_MARK]: options.mark, ...more },
    onLine: options.onLine,
    signal: options.signal,
  })
}
