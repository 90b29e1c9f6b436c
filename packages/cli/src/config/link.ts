// The link of a project folder: to a workspace, and to a project and a branch in it. It is `.databricks/lakelet.json`, which belongs to this
// machine and into no repository.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Failure } from '../command/failure.ts'
import { isMissing, writePrivateFile } from './config-file.ts'
import { ancestorsOf } from './data-directory.ts'

const FOLDER = '.databricks'
const FILE = 'lakelet.json'

const content = z.object({
  /** A workspace of this machine. */
  data_dir: z.string().optional(),
  /** A workspace elsewhere, and the profile that leads there. */
  host: z.string().optional(),
  profile: z.string().optional(),
  project: z.string().optional(),
  branch: z.string().optional(),
})

/** What a folder is linked to: a workspace by its data directory, or by its host, and perhaps what in it is meant. */
export interface LinkTarget {
  /** Absolute path of the data directory. */
  readonly dataDir?: string | undefined
  readonly host?: string | undefined
  readonly profile?: string | undefined
  /** Id of the project. */
  readonly project?: string | undefined
  /** Id of the branch. */
  readonly branch?: string | undefined
}

export interface Link extends LinkTarget {
  /** The file that says so. */
  readonly file: string
}

/** The link of `directory` or of the nearest one above it. */
export async function findLink(directory: string): Promise<Link | undefined> {
  for (const each of ancestorsOf(directory)) {
    const file = linkFile(each)
    const text = await readFile(file, 'utf8').catch(ignoreMissing)
    if (text === undefined) continue
    const { data_dir: dataDir, ...others } = contentOf(file, text)
    return { file, ...others, ...(dataDir === undefined ? {} : { dataDir: path.resolve(each, dataDir) }) }
  }
  return undefined
}

/** Links `directory`; gives the file written. What lies below the folder is named from there, so that both may move. */
export async function writeLink(directory: string, { dataDir, ...others }: LinkTarget): Promise<string> {
  const folder = path.join(directory, FOLDER)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, '.gitignore'), '*\n')
  const isBelow = dataDir?.startsWith(`${directory}${path.sep}`)
  const named = dataDir !== undefined && isBelow ? path.relative(directory, dataDir) : dataDir
  const file = linkFile(directory)
  await writePrivateFile(file, `${JSON.stringify({ data_dir: named, ...others }, null, 2)}\n`)
  return file
}

/** Takes the link of `directory` away; gives the file, or undefined where there was none. */
export async function removeLink(directory: string): Promise<string | undefined> {
  const file = linkFile(directory)
  return rm(file).then(() => file, ignoreMissing)
}

function linkFile(directory: string): string {
  return path.join(directory, FOLDER, FILE)
}

function contentOf(file: string, text: string): z.output<typeof content> {
  try {
    const found = content.parse(JSON.parse(text))
    if (found.data_dir !== undefined || found.host !== undefined) return found
    throw new Error('it names no workspace')
  } catch (error) {
    throw new Failure(`${file} is not a link to a workspace.`, {
      todo: "Delete it, or write it anew with 'lakelet link'.",
      cause: error,
    })
  }
}

function ignoreMissing(error: unknown): undefined {
  if (isMissing(error) || (error instanceof Error && 'code' in error && error.code === 'ENOTDIR'))
    return undefined
  throw error
}
