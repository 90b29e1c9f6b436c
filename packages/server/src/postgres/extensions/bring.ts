// Brings an extension into a prefix: from a Postgres of the same major version that is installed on the machine, else from a package.
import { randomBytes } from 'node:crypto'
import { access, readFile, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import path from 'node:path'
import { LakeletError } from '../../base/errors.ts'
import { ensureDirectory, writeFileAtomic } from '../../base/files.ts'
import { extensionDirectory } from './control-files.ts'
import { type ExtensionPackage, packageFor } from './packages.ts'
import { downloadFile } from './python-index.ts'

export interface ExtensionTarget {
  readonly prefix: string
  readonly major: number
}

/** Where the extension was found; undefined when it was there already. */
export type ExtensionSource = string | undefined

/** Whether a prefix can create the extension. */
export async function hasExtension({ prefix }: ExtensionTarget, name: string): Promise<boolean> {
  return isThere(path.join(extensionDirectory(prefix), `${name}.control`))
}

/** Brings `name` into the prefix. Throws `extension_unknown` with the package to install by hand where there is no way. */
export async function bringExtension(
  target: ExtensionTarget,
  name: string,
  signal: AbortSignal,
): Promise<ExtensionSource> {
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(name)) throw unknown(name, target.major, 'no extension has this name')
  if (await hasExtension(target, name)) return undefined
  const system = await findInstalled(name, target.major)
  if (system) {
    await copyExtension(system, target, name)
    return system.library
  }
  const found = packageFor(name, target.major)
  if (!found) throw unknown(name, target.major, 'nothing on this machine and no known package has it')
  const lacking = await missingFeatures(found)
  if (lacking.length > 0) {
    throw unknown(name, target.major, `${found.file} needs a processor with ${lacking.join(', ')}`)
  }
  const cached = await cachePackage(found, target.major, signal)
  await copyExtension({ library: cached, share: cached }, target, name)
  return found.file
}

function unknown(name: string, major: number, reason: string, cause?: unknown): LakeletError {
  const suggested = name === 'vector' ? 'pgvector' : name.replaceAll('_', '-')
  return new LakeletError(
    'extension_unknown',
    { extension: name, major, reason, package: `postgresql-${major}-${suggested}` },
    { cause },
  )
}

interface ExtensionFiles {
  /** Directory of the library. */
  readonly library: string
  /** Directory of control file and scripts. */
  readonly share: string
}

/** Directories where the packages of distributions put a Postgres of `major`. */
function systemDirectories(major: number): ExtensionFiles[] {
  const of = (library: string, share: string) => ({ library, share })
  return [
    of(`/usr/lib/postgresql/${major}/lib`, `/usr/share/postgresql/${major}/extension`),
    of(`/usr/pgsql-${major}/lib`, `/usr/pgsql-${major}/share/extension`),
    of(`/usr/lib/postgresql${major}`, `/usr/share/postgresql${major}/extension`),
    ...['/opt/homebrew', '/usr/local'].map((brew) =>
      of(`${brew}/lib/postgresql@${major}`, `${brew}/share/postgresql@${major}/extension`),
    ),
  ]
}

async function findInstalled(name: string, major: number): Promise<ExtensionFiles | undefined> {
  for (const place of systemDirectories(major)) {
    if (await isThere(path.join(place.share, `${name}.control`))) return place
  }
  return undefined
}

/** Scripts first and the control file last: with it the extension is there. */
async function copyExtension(from: ExtensionFiles, { prefix }: ExtensionTarget, name: string): Promise<void> {
  const libraries = path.join(prefix, 'lib', 'postgresql')
  for (const file of await readdir(from.library)) {
    if (isLibraryOf(name, file))
      await copyPublished(path.join(from.library, file), path.join(libraries, file))
  }
  const share = extensionDirectory(prefix)
  const scripts = (await readdir(from.share)).filter((file) => file.startsWith(`${name}--`))
  for (const file of scripts) await copyPublished(path.join(from.share, file), path.join(share, file))
  await copyPublished(path.join(from.share, `${name}.control`), path.join(share, `${name}.control`))
}

function isLibraryOf(name: string, file: string): boolean {
  return new RegExp(`^${name}(-[0-9.]+)?\\.(so|dylib)$`).test(file)
}

async function copyPublished(from: string, to: string): Promise<void> {
  await writeFileAtomic(to, await readFile(from), { mode: 0o644 })
}

/** Features of the processor that the package takes for granted and this one lacks. */
async function missingFeatures({ cpu = [] }: ExtensionPackage): Promise<string[]> {
  if (cpu.length === 0) return []
  const info = await readFile('/proc/cpuinfo', 'utf8').catch(() => '')
  const flags = new Set(/^flags\s*:(.*)$/m.exec(info)?.[1]?.split(' '))
  return cpu.filter((flag) => !flags.has(flag))
}

/** The extension's files of a package in one directory of the user's cache, downloaded once per machine. */
async function cachePackage(found: ExtensionPackage, major: number, signal: AbortSignal): Promise<string> {
  const directory = path.join(cacheDirectory(), `${found.extension}-${major}-${found.sha256.slice(0, 12)}`)
  if (await isThere(path.join(directory, `${found.extension}.control`))) return directory
  let bytes: Uint8Array
  try {
    bytes = await downloadFile(found, process.env, signal)
  } catch (cause) {
    const reason = `${found.file} could not be downloaded: ${reasonOf(cause)}`
    throw unknown(found.extension, major, reason, cause)
  }
  const building = `${directory}.${randomBytes(4).toString('hex')}.tmp`
  await ensureDirectory(building)
  try {
    for (const [name, content] of await filesOf(bytes, found)) {
      await writeFileAtomic(path.join(building, name), content, { mode: 0o644 })
    }
    await rename(building, directory)
  } catch (error) {
    // Another workspace was faster.
    if (!(await isThere(path.join(directory, `${found.extension}.control`)))) throw error
  } finally {
    await rm(building, { recursive: true, force: true })
  }
  return directory
}

function cacheDirectory(): string {
  return path.join(process.env['XDG_CACHE_HOME'] || path.join(homedir(), '.cache'), 'lakelet', 'extensions')
}

async function filesOf(
  wheel: Uint8Array,
  { extension, within = '' }: ExtensionPackage,
): Promise<[name: string, content: Uint8Array][]> {
  // Few starts bring an extension; the others need not load it.
  const { unzipSync } = await import('fflate')
  const isWanted = (name: string) => {
    const base = path.posix.basename(name)
    const isIts =
      base === `${extension}.control` || base.startsWith(`${extension}--`) || isLibraryOf(extension, base)
    return isIts && name.startsWith(within)
  }
  const files = unzipSync(wheel, { filter: ({ name }) => isWanted(name) })
  return Object.entries(files).map(([name, content]) => [path.posix.basename(name), content])
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error instanceof Error ? error.message : String(error)}${cause}`
}
