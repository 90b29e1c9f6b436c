// The files of a folder that `sync` uploads: all but the ones that .gitignore files and --exclude leave out.
import { readFile, readdir, stat } from 'node:fs/promises'
import path from 'node:path'
import ignore, { type Ignore } from 'ignore'
import { isMissing } from '../config/config-file.ts'

export interface LocalFile {
  /** Relative to the folder, with `/`. */
  readonly name: string
  /** Milliseconds since 1970. */
  readonly modifiedMs: number
}

export interface Selection {
  /** Patterns, as in .gitignore, that leave files out. */
  readonly exclude: readonly string[]
  /** Patterns that bring files back which .gitignore leaves out. */
  readonly include: readonly string[]
}

/** Never uploaded: they belong to tools. */
const ALWAYS_LEFT_OUT = ['.git', '.databricks']

/** Lists the files below `root`, sorted by name. */
export async function listLocalFiles(root: string, selection: Selection): Promise<LocalFile[]> {
  const excluded = ignore().add([...selection.exclude])
  const included = ignore().add([...selection.include])
  const files: LocalFile[] = []
  await walk(
    root,
    '',
    [],
    (name, isIgnored) => {
      if (excluded.ignores(name)) return false
      return !isIgnored || (selection.include.length > 0 && included.ignores(name))
    },
    files,
    selection.include.length > 0,
  )
  return files.sort((a, b) => (a.name < b.name ? -1 : 1))
}

interface Rules {
  /** Folder of the .gitignore file, relative, with a trailing slash; empty for the root. */
  readonly base: string
  readonly rules: Ignore
}

async function walk(
  root: string,
  folder: string,
  inherited: readonly Rules[],
  isWanted: (name: string, isIgnored: boolean) => boolean,
  files: LocalFile[],
  entersIgnored: boolean,
): Promise<void> {
  const own = await readRules(root, folder)
  const rules = own ? [...inherited, own] : inherited
  for (const entry of await readdir(path.join(root, folder), { withFileTypes: true })) {
    const name = `${folder}${entry.name}`
    if (ALWAYS_LEFT_OUT.includes(entry.name)) continue
    const kind = await kindOf(path.join(root, name), entry)
    if (kind === 'folder') {
      if (entersIgnored || !isIgnored(`${name}/`, rules)) {
        await walk(root, `${name}/`, rules, isWanted, files, entersIgnored)
      }
    } else if (kind && isWanted(name, isIgnored(name, rules)))
      files.push({ name, modifiedMs: kind.modifiedMs })
  }
}

/** What a directory entry is, links followed; undefined for sockets and the like and for broken links. */
async function kindOf(
  file: string,
  entry: { isDirectory(): boolean },
): Promise<'folder' | { readonly modifiedMs: number } | undefined> {
  if (entry.isDirectory()) return 'folder'
  try {
    const info = await stat(file)
    // A link to a folder could lead in a circle, so it is left out.
    return info.isFile() ? { modifiedMs: info.mtimeMs } : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** A deeper .gitignore decides over the ones above it; an ignored folder takes everything in it along. */
function isIgnored(name: string, rules: readonly Rules[]): boolean {
  for (const { base, rules: own } of rules.toReversed()) {
    const verdict = own.test(name.slice(base.length))
    if (verdict.ignored) return true
    if (verdict.unignored) return false
  }
  return false
}

async function readRules(root: string, folder: string): Promise<Rules | undefined> {
  try {
    const text = await readFile(path.join(root, folder, '.gitignore'), 'utf8')
    return { base: folder, rules: ignore().add(text) }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
