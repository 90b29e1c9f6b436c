// The files of a folder that `sync` uploads: all but what git ignores and --exclude leaves out, and what --include brings back.
import { access, readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { isMissing } from '../config/config-file.ts'
import { isDataDirectory } from '../config/data-directory.ts'
import type { Environment, IgnoreRules } from './ignore-rules.ts'
import { ignoreRulesOf } from './ignored-by-git.ts'
import { PatternList } from './patterns.ts'

export interface LocalFile {
  /** Relative to the folder, with `/`. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly modifiedMs: number
}

export interface Selection {
  /** Patterns, as in .gitignore, that leave files out. */
  readonly exclude: readonly string[]
  /** Patterns that bring files back which git ignores, and those that are left out unasked. */
  readonly include: readonly string[]
}

/** The files of a folder that are uploaded, and the names of what git does not ignore and was left out all the same. */
export interface LocalFiles {
  readonly files: readonly LocalFile[]
  readonly leftOut: readonly string[]
}

/** Never uploaded: they belong to tools. */
const ALWAYS_LEFT_OUT: readonly string[] = ['.git', '.databricks']

/** Left out unless --include names them: installed packages, and secrets but for their examples. */
const LEFT_OUT_UNASKED = /(^|\/)(node_modules\/|\.env(\.(?!example$|sample$|template$)[^/]+)?)$/

interface Folder {
  /** Relative to the root, with a slash at its end; empty for the root. */
  readonly name: string
  readonly isIgnored: boolean
  readonly rules: IgnoreRules
  /** Relative to the root: where `rules` are at home. */
  readonly rulesBase: string
}

interface Entry {
  /** Relative to the root; that of a folder with a slash at its end. */
  readonly name: string
  readonly isFolder: boolean
  /** The folder it lies in. */
  readonly folder: Folder
}

/** Lists the files below `root`, sorted by name. Links are left out, whatever they point at. */
export async function listLocalFiles(
  root: string,
  selection: Selection,
  env: Environment,
): Promise<LocalFiles> {
  const top = await realpath(root)
  const exclude = new PatternList(selection.exclude)
  const include = new PatternList(selection.include)
  const files: LocalFile[] = []
  const leftOut: string[] = []
  let level = [await rootFolder(top, env)]
  while (level.length > 0) {
    const entries = await ignoredOrNot(await entriesOfAll(top, level))
    const next: Folder[] = []
    for (const { name, isFolder, folder, ...verdict } of entries) {
      const isPrivate = LEFT_OUT_UNASKED.test(name) && !verdict.isIgnored
      const isIgnored = verdict.isIgnored || isPrivate
      if (isPrivate && !include.matches(name) && !exclude.matches(name)) leftOut.push(name)
      if (!isFolder) {
        const isWanted = (!isIgnored || include.matches(name)) && !exclude.matches(name)
        if (isWanted) files.push(...(await fileOf(top, name)))
      } else if ((!isIgnored || !include.isEmpty) && !(await isDataDirectory(path.join(top, name)))) {
        next.push(await childOf(top, folder, name, isIgnored, env))
      }
    }
    level = next
  }
  return { files: files.sort((a, b) => (a.name < b.name ? -1 : 1)), leftOut }
}

async function rootFolder(top: string, env: Environment): Promise<Folder> {
  const [isIgnored, rules] = await Promise.all([isIgnoredItself(top, env), ignoreRulesOf(top, env)])
  return { name: '', isIgnored, rules, rulesBase: '' }
}

async function entriesOfAll(top: string, folders: readonly Folder[]): Promise<Entry[]> {
  const entries: Entry[] = []
  for (const folder of folders) entries.push(...(await entriesOf(top, folder)))
  return entries
}

/** Regular files and folders of a folder, by their names below `top`; those of folders end in `/`. */
async function entriesOf(top: string, folder: Folder): Promise<Entry[]> {
  const entries = await readdir(path.join(top, folder.name), { withFileTypes: true })
  return entries
    .filter((entry) => !ALWAYS_LEFT_OUT.includes(entry.name) && (entry.isDirectory() || entry.isFile()))
    .map((entry) => ({
      name: `${folder.name}${entry.name}${entry.isDirectory() ? '/' : ''}`,
      isFolder: entry.isDirectory(),
      folder,
    }))
}

/** The entries of a level with the verdict of the rules; each set of rules is asked once. */
async function ignoredOrNot(
  entries: readonly Entry[],
): Promise<readonly (Entry & { readonly isIgnored: boolean })[]> {
  const ignored = new Set<Entry>()
  for (const [rules, own] of Map.groupBy(entries, ({ folder }) => folder.rules)) {
    // Everything below an ignored folder is ignored.
    const asked = own.filter(({ folder }) => !folder.isIgnored)
    const local = ({ name, folder }: Entry) => name.slice(folder.rulesBase.length)
    const found = await rules.ignored(asked.map(local))
    for (const each of own) if (each.folder.isIgnored || found.has(local(each))) ignored.add(each)
  }
  return entries.map((each) => ({ ...each, isIgnored: ignored.has(each) }))
}

/** A repository inside the folder has rules of its own. */
async function childOf(
  top: string,
  parent: Folder,
  name: string,
  isIgnored: boolean,
  env: Environment,
): Promise<Folder> {
  const isRepository = !isIgnored && (await isThere(path.join(top, name, '.git')))
  if (!isRepository) return { ...parent, name, isIgnored }
  return { name, isIgnored, rules: await ignoreRulesOf(path.join(top, name), env), rulesBase: name }
}

/** Whether a repository around the folder ignores the folder. */
async function isIgnoredItself(top: string, env: Environment): Promise<boolean> {
  const parent = path.dirname(top)
  if (parent === top || (await isThere(path.join(top, '.git')))) return false
  const name = `${path.basename(top)}/`
  const isBelow = await isInRepository(parent)
  return isBelow && (await (await ignoreRulesOf(parent, env)).ignored([name])).has(name)
}

async function isInRepository(folder: string): Promise<boolean> {
  for (let at = folder; ; at = path.dirname(at)) {
    if (await isThere(path.join(at, '.git'))) return true
    if (at === path.dirname(at)) return false
  }
}

/** The file, or nothing when it has gone in the meantime. */
async function fileOf(top: string, name: string): Promise<LocalFile[]> {
  try {
    return [{ name, modifiedMs: (await stat(path.join(top, name))).mtimeMs }]
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
