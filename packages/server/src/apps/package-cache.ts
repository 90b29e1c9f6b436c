// Installed packages, kept by what decides them. A copy of node_modules is moved into a build; a virtual environment holds its own
// path in its scripts, so it is made in the cache and used there.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ensureDirectory } from '../base/files.ts'
import { randomToken } from '../base/ids.ts'
import { KeyedMutex } from '../base/mutex.ts'
import { type Account, ownDirectory, passageFor } from './account.ts'
import { removeTree, runAs } from './remove-tree.ts'
import type { SourceFolder } from './start-command.ts'

const ENTRIES_KEPT = 12
/** Bytes of a file that is read to decide what packages it stands for. */
const LARGEST_READ = 64 * 1024 * 1024

export class PackageCache {
  readonly #directory: string
  readonly #account: Account | undefined
  readonly #mutex = new KeyedMutex<string>()

  constructor(directory: string, account?: Account) {
    this.#directory = directory
    this.#account = account
  }

  /** Copies the packages of `key` to `modules`; false when there are none. */
  async restoreNode(key: string, modules: string): Promise<boolean> {
    const entry = path.join(this.#directory, 'node', key)
    if (!existsSync(entry)) return false
    if (!(await this.#copy(entry, modules))) return false
    await touch(entry)
    return true
  }

  /** Keeps a copy of `modules` under `key`, if they can be copied. */
  async storeNode(key: string, modules: string): Promise<void> {
    const entry = path.join(this.#directory, 'node', key)
    if (!existsSync(modules) || existsSync(entry)) return
    await passageFor(path.dirname(entry), this.#account)
    const temporary = await ownDirectory(`${entry}.${randomToken(8)}.tmp`, this.#account)
    const isWhole = await this.#copy(`${modules}/.`, temporary)
    const isKept =
      isWhole &&
      (await rename(temporary, entry).then(
        () => true,
        () => false,
      ))
    if (!isKept) await removeTree(temporary, this.#account)
  }

  /** The virtual environment of `key`, made by `install` unless it is there whole; returns its directory. */
  async pythonEnvironment(
    key: string,
    install: (directory: string) => Promise<void>,
    onLine: (line: string) => void,
  ): Promise<string> {
    const entry = path.join(this.#directory, 'python', key)
    const complete = this.#completeMark(key)
    return this.#mutex.run(entry, async () => {
      // Its scripts name the place where it was made: one that was moved with the data directory is of no use.
      if ((await readFile(complete, 'utf8').catch(() => '')) === entry && existsSync(entry)) {
        onLine('Python packages: unchanged, taken from the cache')
        await touch(entry)
        return entry
      }
      await removeTree(entry, this.#account)
      await passageFor(path.dirname(entry), this.#account)
      await ownDirectory(entry, this.#account)
      await install(entry)
      await ensureDirectory(path.dirname(complete))
      await writeFile(complete, entry)
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
          return { entry, time: (await lstat(entry)).mtimeMs }
        }),
      )
      const idle = entries.filter(({ entry }) => !used.some((each) => each.startsWith(`${entry}${path.sep}`)))
      for (const { entry } of idle.sort((a, b) => b.time - a.time).slice(ENTRIES_KEPT)) {
        if (kind === 'python') await rm(this.#completeMark(path.basename(entry)), { force: true })
        await removeTree(entry, this.#account)
      }
    }
  }

  /** Beside the environment, where whoever runs in it cannot write. */
  #completeMark(key: string): string {
    return path.join(this.#directory, 'python-complete', key)
  }

  /** With links as links; the system's own `cp` is several times faster than a loop here, and it copies as the app. */
  #copy(from: string, to: string): Promise<boolean> {
    return runAs(this.#account, 'cp', ['-RPp', from, to])
  }
}

async function touch(entry: string): Promise<void> {
  const now = new Date()
  await utimes(entry, now, now)
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
    const content = await readWithin(directory, wanted.replace(/^(file|link):/, ''))
    if (content === undefined) return undefined
    hash.update(content)
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
  const content = await readWithin(directory, file)
  // What is not a file of the folder decides too, and may be another one next time.
  if (content === undefined) return undefined
  const text = content.toString('utf8')
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

/** The content of a file of the source folder; undefined for what lies outside, is none, or is too large to be read for a key. */
async function readWithin(directory: string, file: string): Promise<Buffer | undefined> {
  const target = path.resolve(directory, file)
  if (!target.startsWith(`${path.resolve(directory)}${path.sep}`)) return undefined
  const found = await lstat(target).catch(() => undefined)
  return found?.isFile() && found.size <= LARGEST_READ ? readFile(target) : undefined
}
