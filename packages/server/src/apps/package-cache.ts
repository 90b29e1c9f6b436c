// Installed packages, kept by what decides them. A copy of node_modules is moved into a build; a virtual environment holds its own
// path in its scripts, so it is made in the cache and used there.
import { createHash } from 'node:crypto'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { ensureDirectory } from '../base/files.ts'
import { randomToken } from '../base/ids.ts'
import { KeyedMutex } from '../base/mutex.ts'
import type { SourceFolder } from './start-command.ts'

const ENTRIES_KEPT = 12
const COMPLETE = '.lakelet-complete'

export class PackageCache {
  readonly #directory: string
  readonly #mutex = new KeyedMutex<string>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Copies the packages of `key` to `modules`; false when there are none. */
  async restoreNode(key: string, modules: string): Promise<boolean> {
    const entry = path.join(this.#directory, 'node', key)
    if (!existsSync(entry)) return false
    await copyTree(entry, modules)
    const now = new Date()
    await utimes(entry, now, now)
    return true
  }

  /** Keeps a copy of `modules` under `key`. */
  async storeNode(key: string, modules: string): Promise<void> {
    const entry = path.join(this.#directory, 'node', key)
    if (!existsSync(modules) || existsSync(entry)) return
    const temporary = `${entry}.${randomToken(8)}.tmp`
    await ensureDirectory(path.dirname(entry))
    await copyTree(modules, temporary)
    await rename(temporary, entry).catch(() => rm(temporary, { recursive: true, force: true }))
  }

  /** The virtual environment of `key`, made by `install` unless it is there whole; returns its directory. */
  async pythonEnvironment(
    key: string,
    install: (directory: string) => Promise<void>,
    onLine: (line: string) => void,
  ): Promise<string> {
    const entry = path.join(this.#directory, 'python', key)
    return this.#mutex.run(entry, async () => {
      if (existsSync(path.join(entry, COMPLETE))) {
        onLine('Python packages: unchanged, taken from the cache')
        const now = new Date()
        await utimes(entry, now, now)
        return entry
      }
      await rm(entry, { recursive: true, force: true })
      await mkdir(path.dirname(entry), { recursive: true })
      await install(entry)
      await writeFile(path.join(entry, COMPLETE), '')
      return entry
    })
  }

  /** Removes the oldest entries beyond a dozen, but none that a directory of `used` lies in. */
  async prune(used: readonly string[]): Promise<void> {
    for (const kind of ['node', 'python']) {
      const directory = path.join(this.#directory, kind)
      const names = await readdir(directory).catch(() => [])
      const entries = await Promise.all(
        names.map(async (name) => {
          const entry = path.join(directory, name)
          return { entry, time: (await stat(entry)).mtimeMs }
        }),
      )
      const idle = entries.filter(({ entry }) => !used.some((each) => each.startsWith(`${entry}${path.sep}`)))
      for (const { entry } of idle.sort((a, b) => b.time - a.time).slice(ENTRIES_KEPT)) {
        await rm(entry, { recursive: true, force: true })
      }
    }
  }
}

/** What decides the Node packages of a source folder; undefined where an install may do more than bring packages. */
export async function nodePackagesKey(source: SourceFolder): Promise<string | undefined> {
  const { packageJson, directory } = source
  if (!packageJson || packageJson.workspaces !== undefined) return undefined
  const scripts = [
    'preinstall',
    'install',
    'postinstall',
    'prepublish',
    'preprepare',
    'prepare',
    'postprepare',
  ]
  if (scripts.some((name) => packageJson.scripts?.[name] !== undefined)) return undefined
  const hash = createHash('sha256').update(`node ${process.version} ${process.platform}-${process.arch}`)
  for (const name of [
    'package.json',
    'package-lock.json',
    'npm-shrinkwrap.json',
    'pnpm-lock.yaml',
    '.npmrc',
  ]) {
    hash.update(`\0${name}\0`).update(await readFile(path.join(directory, name)).catch(() => ''))
  }
  const all = {
    ...packageJson.dependencies,
    ...packageJson.devDependencies,
    ...packageJson.optionalDependencies,
  }
  for (const wanted of Object.values(all)) {
    const local = /^(?:file:|link:|\.{1,2}\/)(.*)/.exec(wanted)
    if (!local) continue
    const file = path.resolve(directory, wanted.replace(/^(file|link):/, ''))
    const isFile = await stat(file).then(
      (found) => found.isFile(),
      () => false,
    )
    if (!isFile) return undefined
    hash.update(await readFile(file))
  }
  return hash.digest('hex').slice(0, 32)
}

/** What decides the Python packages of a source folder; undefined where requirements.txt names files of the folder as packages. */
export async function pythonPackagesKey(source: SourceFolder, identity: string): Promise<string | undefined> {
  const hash = createHash('sha256').update(`python ${identity} ${process.platform}-${process.arch}`)
  if (source.python === 'requirements') {
    const texts = await readRequirements(source.directory, 'requirements.txt', new Set())
    if (texts === undefined) return undefined
    for (const text of texts) hash.update('\0').update(text)
  }
  return hash.digest('hex').slice(0, 32)
}

/** The file and those it includes with -r and -c. */
async function readRequirements(
  directory: string,
  file: string,
  seen: Set<string>,
): Promise<string[] | undefined> {
  if (seen.has(file)) return []
  seen.add(file)
  const text = await readFile(path.join(directory, file), 'utf8').catch(() => '')
  const texts = [text]
  for (const line of text.split('\n').map((each) => each.trim())) {
    if (/^(-e|--editable|\.|\/|file:)|@\s*file:/.test(line)) return undefined
    const included = /^(?:-r|-c|--requirement|--constraint)[ =]\s*(\S+)/.exec(line)?.[1]
    if (included === undefined) continue
    const more = await readRequirements(directory, path.join(path.dirname(file), included), seen)
    if (more === undefined) return undefined
    texts.push(...more)
  }
  return texts
}

/** Copies with links as links; the system's own `cp` is several times faster than a loop here. */
async function copyTree(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['-RPp', from, to])
}
