// A Postgres that the machine has (a distribution's package, a build of its own), for new projects in place of npm's: with its libraries
// and extensions. It is laid below the data directory too, because our extension goes into its share directory and because what runs must
// not change under a running server. Postgres finds its directories from where it lies, so they keep their places to each other:
// `root/usr/lib/postgresql/42/bin` beside `root/usr/share/postgresql/42`, with links to them where those of a package are.
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, realpath, rename, stat, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { LakeletError } from '../base/errors.ts'
import { syncDirectory } from '../base/files.ts'
import { flushTree } from '../base/flush-tree.ts'
import { exists } from './account.ts'
import type { PostgresHost } from './host.ts'
import { installExtension, layFile, type PostgresInstallation, removeUnfinished } from './installation.ts'
import { findRelease, OFFERED_MAJORS } from './releases.ts'

const run = promisify(execFile)

/** In a data directory: the build that it is run by, where that is not the package of its version. Clones take it along. */
const NOTE = 'lakelet.installation'

/** Parts that no server needs: bitcode for JIT, files for building extensions, manual pages. */
const LEFT_OUT = new Set(['bitcode', 'pgxs', 'man', 'doc'])

/** Which build, as it is now: another one after an upgrade. */
export interface SystemBuild {
  /** As the setting names it. */
  readonly path: string
  readonly major: number
  /** Name of its directory below `<dataDir>/postgres`. */
  readonly name: string
}

interface Directories {
  readonly bin: string
  readonly library: string
  readonly share: string
  /** Where libraries lie that only this build has. */
  readonly own: string | undefined
}

/** Looks at the build. LakeletError `postgres_installation_unusable`. */
export async function findSystemBuild(directory: string): Promise<SystemBuild> {
  const program = path.join(directory, 'bin', 'postgres')
  const unusable = (reason: string) =>
    new LakeletError('postgres_installation_unusable', { directory, reason })
  if (!path.isAbsolute(directory)) throw unusable('it is no absolute path')
  const facts = await stat(program).catch(() => undefined)
  if (!facts) throw unusable(`there is no ${program}`)
  const said = await run(program, ['--version']).catch((error: unknown) => {
    throw unusable(error instanceof Error ? error.message : String(error))
  })
  const [version = '', digits = ''] = /(\d+)(?:\.\d+|\w+)/.exec(said.stdout) ?? []
  const major = Number(digits)
  if (!findRelease(major))
    throw unusable(`it is Postgres ${version}; this Lakelet runs ${OFFERED_MAJORS.join(', ')}`)
  const stamp = shortHash(`${facts.mtimeMs} ${facts.size}`, 6)
  return { path: directory, major, name: `${prefixOf(directory, major)}${version}-${stamp}` }
}

/** A build that is gone from its place, as it was laid last; undefined where it never was. */
export async function laidBefore(
  host: PostgresHost,
  directory: string,
  major: number,
): Promise<SystemBuild | undefined> {
  const names = (await readdir(host.home)).filter((name) => name.startsWith(prefixOf(directory, major)))
  const whole = names.filter((name) => !name.endsWith('.tmp')).sort()
  const name = whole.at(-1)
  return name === undefined ? undefined : { path: directory, major, name }
}

/** Lays the build below the data directory, once for each upgrade of it. */
export async function installSystemBuild(
  host: PostgresHost,
  { path: directory, major, name }: SystemBuild,
): Promise<PostgresInstallation & { readonly systemBuild: string }> {
  const release = findRelease(major)
  if (!release) throw new Error(`no release of Postgres ${major}`)
  const prefix = path.join(host.home, name)
  if (!(await exists(prefix))) await lay(directory, prefix)
  await installExtension(prefix)
  return { ...host, release, major, version: name, prefix, systemBuild: directory }
}

/** The build that a data directory says it is run by; undefined for the package of its version. */
export async function readBuildNote(dataDirectory: string): Promise<string | undefined> {
  const text = await readFile(path.join(dataDirectory, NOTE), 'utf8').catch(() => undefined)
  return text?.trim()
}

export async function writeBuildNote(dataDirectory: string, directory: string): Promise<void> {
  await writeFile(path.join(dataDirectory, NOTE), `${directory}\n`, { mode: 0o644 })
}

function prefixOf(directory: string, major: number): string {
  return `system-${major}-${shortHash(directory, 8)}-`
}

function shortHash(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length)
}

async function lay(directory: string, prefix: string): Promise<void> {
  await removeUnfinished(path.dirname(prefix), `${path.basename(prefix)}.`)
  const { bin, library, share, own } = await directoriesOf(await realpath(directory))
  const building = `${prefix}.${randomBytes(4).toString('hex')}.tmp`
  const at = (place: string) => path.join(building, 'root', place)
  for (const program of ['postgres', 'initdb'])
    await layLinked(path.join(bin, program), at(path.join(bin, program)))
  await layTree(library, at(library))
  await layTree(share, at(share))
  if (own !== undefined) await layLibraries(own, at(own))
  await link(at(bin), path.join(building, 'bin'))
  await link(at(library), path.join(building, 'lib', 'postgresql'))
  await link(at(share), path.join(building, 'share', 'postgresql'))
  await flushTree(building)
  await rename(building, prefix)
  await syncDirectory(path.dirname(prefix))
}

/** What pg_config says; without one, the places that `make install` gives them. */
async function directoriesOf(directory: string): Promise<Directories> {
  const bin = path.join(directory, 'bin')
  const config = path.join(bin, 'pg_config')
  if (await exists(config)) {
    const { stdout } = await run(config, ['--bindir', '--pkglibdir', '--sharedir', '--libdir'])
    const [said = bin, library = '', share = '', own = ''] = stdout.trim().split('\n')
    return { bin: said, library, share, own: own.startsWith(`${directory}/`) ? own : undefined }
  }
  const nested = async (name: string) => {
    const inner = path.join(directory, name, 'postgresql')
    return (await exists(inner)) ? inner : path.join(directory, name)
  }
  return { bin, library: await nested('lib'), share: await nested('share'), own: path.join(directory, 'lib') }
}

/** Links are followed: what they lead to may lie outside and change. What leads nowhere is left out. */
async function layTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o755 })
  for (const name of await readdir(from)) {
    const source = path.join(from, name)
    const facts = await stat(source).catch(() => undefined)
    if (facts?.isDirectory() && !LEFT_OUT.has(name)) await layTree(source, path.join(to, name))
    if (facts?.isFile()) await layLinked(source, path.join(to, name))
  }
}

async function layLibraries(from: string, to: string): Promise<void> {
  for (const name of await readdir(from)) {
    const source = path.join(from, name)
    if (/\.(so|dylib)\b/.test(name) && (await stat(source)).isFile())
      await layLinked(source, path.join(to, name))
  }
}

async function layLinked(source: string, target: string): Promise<void> {
  await mkdir(path.dirname(target), { recursive: true, mode: 0o755 })
  if (!(await exists(target))) await layFile(await realpath(source), target)
}

async function link(to: string, at: string): Promise<void> {
  await mkdir(path.dirname(at), { recursive: true, mode: 0o755 })
  await symlink(path.relative(path.dirname(at), to), at)
}
