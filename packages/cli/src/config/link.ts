// The link of a project folder to a workspace elsewhere on this machine: `.databricks/lakelet.json`, which belongs to this machine and
// into no repository.
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Failure } from '../command/failure.ts'
import { isMissing, writePrivateFile } from './config-file.ts'
import { ancestorsOf } from './data-directory.ts'

const FOLDER = '.databricks'
const FILE = 'lakelet.json'

const content = z.object({ data_dir: z.string() })

export interface Link {
  /** The file that says so. */
  readonly file: string
  /** Absolute path of the linked data directory. */
  readonly dataDir: string
}

/** The link of `directory` or of the nearest one above it. */
export async function findLink(directory: string): Promise<Link | undefined> {
  for (const each of ancestorsOf(directory)) {
    const file = path.join(each, FOLDER, FILE)
    const text = await readFile(file, 'utf8').catch(ignoreMissing)
    if (text !== undefined) return { file, dataDir: path.resolve(each, dataDirIn(file, text)) }
  }
  return undefined
}

/** Links `directory` to the workspace in `dataDir`; gives the file written. */
export async function writeLink(directory: string, dataDir: string): Promise<string> {
  const folder = path.join(directory, FOLDER)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, '.gitignore'), '*\n')
  const file = path.join(folder, FILE)
  await writePrivateFile(file, `${JSON.stringify({ data_dir: dataDir }, null, 2)}\n`)
  return file
}

/** Takes the link of `directory` away. */
export async function removeLink(directory: string): Promise<void> {
  await rm(path.join(directory, FOLDER, FILE), { force: true })
}

function dataDirIn(file: string, text: string): string {
  try {
    return content.parse(JSON.parse(text)).data_dir
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
