// The Postgres binaries: npm's package laid into a private prefix below the data directory. The prefix exists because
// the package's library links have to be made by us (package managers block its install script), because our extension
// goes into its share directory, and because node_modules may be unreadable to the account that Postgres runs as.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { chmod, copyFile, link, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'
import { syncDirectory, writeFileAtomic } from '../base/files.ts'
import { flushTree } from '../base/flush-tree.ts'
import { removeTree } from '../base/remove-tree.ts'
import { exists } from './account.ts'
import type { PostgresHost } from './host.ts'
import { findPackage, type InstallProgress } from './packages.ts'
import type { PostgresRelease } from './releases.ts'

/** One version of Postgres, laid below the data directory of a workspace. */
export interface PostgresInstallation extends PostgresHost {
  readonly major: number
  /** Version of the npm package, for example `17.10.0-beta.17`. */
  readonly version: string
  /** Absolute path of the prefix: `bin/`, `lib/`, `share/`. */
  readonly prefix: string
  readonly release: PostgresRelease
  /** Directory of the machine's build that it was laid from; absent for a package. */
  readonly systemBuild?: string
}

/**
 * Lays a release below `<dataDir>/postgres/<version>/` once and returns it; later calls only look. Safe to interrupt at
 * any point. Throws as `findPackage`.
 */
export async function installRelease(
  host: PostgresHost,
  release: PostgresRelease,
  onProgress: InstallProgress,
): Promise<PostgresInstallation> {
  const { major, version } = release
  const prefix = path.join(host.home, version)
  if (!(await exists(prefix))) await layPrefix(await findPackage(release, onProgress), prefix)
  await installExtension(prefix)
  return { ...host, release, major, version, prefix }
}

async function layPrefix(packageDirectory: string, prefix: string): Promise<void> {
  const home = path.dirname(prefix)
  await removeUnfinished(home, `${path.basename(prefix)}.`)
  const building = `${prefix}.${randomBytes(4).toString('hex')}.tmp`
  const native = path.join(packageDirectory, 'native')
  await layDirectory(native, building)
  const links = JSON.parse(await readFile(path.join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    // Both are relative to the package: `native/lib/libpq.so.5.17`. A link always points into its own directory.
    const at = path.join(building, path.relative('native', target))
    await rm(at, { force: true })
    await symlink(path.basename(source), at)
  }
  // A prefix that has its name is never looked into again, so it must be whole after a power cut too.
  await flushTree(building)
  await rename(building, prefix)
  await syncDirectory(home)
}

/** Removes what an interrupted build left: entries of `home` named `<prefix>….tmp`. */
export async function removeUnfinished(home: string, prefix: string): Promise<void> {
  const names = await readdir(home)
  const left = names.filter((name) => name.startsWith(prefix) && name.endsWith('.tmp'))
  await Promise.all(left.map((name) => removeTree(path.join(home, name))))
}

async function layDirectory(from: string, to: string): Promise<void> {
  await mkdir(to, { mode: 0o755 })
  await chmod(to, 0o755)
  const entries = await readdir(from, { withFileTypes: true })
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [path.join(from, entry.name), path.join(to, entry.name)]
      if (entry.isDirectory()) await layDirectory(source, target)
      else if (entry.isFile()) await layFile(source, target)
    }),
  )
}

/** A hard link where everyone may read the original; else a copy with the rights set, the original is not touched. */
export async function layFile(source: string, target: string): Promise<void> {
  const wanted = path.basename(path.dirname(source)) === 'bin' ? 0o755 : 0o644
  const { mode } = await stat(source)
  if ((mode & wanted) === wanted) {
    const linked = await link(source, target).then(
      () => true,
      () => false,
    )
    if (linked) return
  }
  await copyFile(source, target, constants.COPYFILE_FICLONE)
  await chmod(target, wanted)
}

/** Puts our extension into a prefix. */
export async function installExtension(prefix: string): Promise<void> {
  const source = path.join(import.meta.dirname, 'databricks-auth')
  const target = path.join(prefix, 'share', 'postgresql', 'extension')
  for (const name of ['databricks_auth.control', 'databricks_auth--1.0.sql']) {
    const [wanted, present] = await Promise.all([
      readFile(path.join(source, name), 'utf8'),
      readFile(path.join(target, name), 'utf8').catch(() => undefined),
    ])
    if (present !== wanted) await writeFileAtomic(path.join(target, name), wanted, { mode: 0o644 })
  }
}

/**
 * Runs a program of the prefix to its end as Postgres' account, with `input` as its standard input; throws `postgres_init_failed`
 * with its last words.
 */
export async function runProgram(
  installation: PostgresInstallation,
  name: string,
  args: readonly string[],
  input = '',
): Promise<void> {
  const child = spawn(path.join(installation.prefix, 'bin', name), args, {
    ...installation.account,
    cwd: installation.prefix,
    env: postgresEnvironment(),
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  // A program that ends early does not read it all; its exit code tells.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const said: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const ended = await new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message))
    child.on('close', (code) =>
      resolve(code === 0 ? undefined : said.join('').trim().split('\n').slice(-3).join(' ')),
    )
  })
  if (ended !== undefined) throw new LakeletError('postgres_init_failed', { reason: `${name}: ${ended}` })
}

/** The environment of every Postgres process: nothing of ours, so that no PG* variable of the user leaks in. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
}
