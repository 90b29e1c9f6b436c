// The rules of a folder where git is not installed: the files that git would read, in git's order of precedence, as one list of
// patterns for the `ignore` library.
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { isMissing } from '../config/config-file.ts'
import type { Environment, IgnoreRules } from './ignore-rules.ts'

/** The rules of `folder`: the user's excludes, `.git/info/exclude`, and every .gitignore from the repository's root down. */
export async function libraryIgnore(folder: string, env: Environment): Promise<IgnoreRules> {
  const root = (await repositoryOf(folder)) ?? { top: folder }
  const rules = new LibraryRules(root.top, folder)
  rules.add('', await readOptional(await excludesFile(env)))
  if (root.gitDirectory) rules.add('', await readOptional(path.join(root.gitDirectory, 'info/exclude')))
  await rules.enterAll(path.relative(root.top, folder))
  return rules
}

class LibraryRules implements IgnoreRules {
  readonly #rules: Ignore = ignore()
  readonly #top: string
  /** Of the folder below the top; empty, or with a slash at its end. */
  readonly #prefix: string
  readonly #entered = new Set<string>()

  constructor(top: string, folder: string) {
    this.#top = top
    this.#prefix = asFolder(path.relative(top, folder).replaceAll(path.sep, '/'))
  }

  /** Adds the patterns of a file that lies in `folder`, a name below the top with a slash at its end. */
  add(folder: string, text: string): void {
    this.#rules.add(text.split(/\r?\n/).map((line) => anchored(folder, line)))
  }

  /** Reads the .gitignore of the top and of every folder on the way to `folder`. */
  async enterAll(folder: string): Promise<void> {
    await this.#enter('')
    let at = ''
    for (const name of folder.split(path.sep).filter((each) => each !== '')) {
      at += `${name}/`
      await this.#enter(at)
    }
  }

  async ignored(names: readonly string[]): Promise<ReadonlySet<string>> {
    for (const name of names)
      await this.#enter(`${this.#prefix}${name.slice(0, name.lastIndexOf('/', name.length - 2) + 1)}`)
    return new Set(names.filter((name) => this.#rules.ignores(`${this.#prefix}${name}`)))
  }

  async #enter(folder: string): Promise<void> {
    if (this.#entered.has(folder)) return
    this.#entered.add(folder)
    this.add(folder, await readOptional(path.join(this.#top, folder, '.gitignore')))
  }
}

/** A pattern of a file in `folder` as one of the top: git matches it below its own folder only. */
function anchored(folder: string, line: string): string {
  if (folder === '' || line.trim() === '' || line.startsWith('#')) return line
  const [sign, pattern] = line.startsWith('!') ? ['!', line.slice(1)] : ['', line]
  const base = `/${folder.replaceAll(/[\\*?[\]!# ]/g, '\\$&')}`
  const isAnchored = /\/(?!\s*$)/.test(pattern)
  return `${sign}${base}${isAnchored ? pattern.replace(/^\//, '') : `**/${pattern}`}`
}

function asFolder(name: string): string {
  return name === '' ? '' : `${name}/`
}

/** The working tree that `folder` lies in, and its git directory (that of the main tree for a linked one). */
async function repositoryOf(folder: string): Promise<{ top: string; gitDirectory?: string } | undefined> {
  for (let at = folder; ; at = path.dirname(at)) {
    const dotGit = path.join(at, '.git')
    const info = await stat(dotGit).catch(() => undefined)
    if (info?.isDirectory()) return { top: at, gitDirectory: dotGit }
    if (info) return { top: at, gitDirectory: await linkedGitDirectory(at, dotGit) }
    if (at === path.dirname(at)) return undefined
  }
}

async function linkedGitDirectory(top: string, dotGit: string): Promise<string> {
  const named = /^gitdir: (.+)$/m.exec(await readOptional(dotGit))?.[1] ?? '.git'
  const directory = path.resolve(top, named.trim())
  const common = (await readOptional(path.join(directory, 'commondir'))).trim()
  return path.resolve(directory, common === '' ? '.' : common)
}

/** The user's own excludes: `core.excludesFile`, or the file that git reads without it; empty without a home. */
async function excludesFile(env: Environment): Promise<string> {
  const home = env['HOME'] ?? ''
  if (home === '') return ''
  const xdg = env['XDG_CONFIG_HOME'] || path.join(home, '.config')
  for (const file of [
    env['GIT_CONFIG_GLOBAL'],
    path.join(home, '.gitconfig'),
    path.join(xdg, 'git/config'),
  ]) {
    const named = excludesIn(await readOptional(file ?? ''))
    if (named) return path.resolve(home, named.replace(/^~(?=\/)/, home))
  }
  return path.join(xdg, 'git/ignore')
}

function excludesIn(config: string): string | undefined {
  let section = ''
  let found: string | undefined
  for (const line of config.split(/\r?\n/)) {
    section = /^\s*\[\s*([^\]\s]+)[^\]]*\]/.exec(line)?.[1]?.toLowerCase() ?? section
    const value = /^\s*(?:\[[^\]]*\]\s*)?excludesfile\s*=\s*(.*?)\s*$/i.exec(line)?.[1]
    if (section === 'core' && value !== undefined) found = value.replace(/^"(.*)"$/, '$1')
  }
  return found
}

async function readOptional(file: string): Promise<string> {
  if (file === '') return ''
  try {
    return (await readFile(file, 'utf8')).replace(/^\ufeff/, '')
  } catch (error) {
    if (isMissing(error) || isFolder(error)) return ''
    throw error
  }
}

function isFolder(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EISDIR' || error.code === 'ENOTDIR')
}
