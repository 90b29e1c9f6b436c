// The workspace file tree: rows in the metadata, contents in the blob store. It knows paths and kinds of objects; who may do what is
// decided by those who call it.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import type { Clock } from '../base/clock.ts'
import { LakeletError } from '../base/errors.ts'
import { randomNumericId } from '../base/ids.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata, Queries } from '../metadata/database.ts'
import {
  deleteDeploymentFiles,
  type DeploymentFileRow,
  insertDeploymentFiles,
  listDeploymentFiles,
} from '../metadata/deployment-files.ts'
import {
  deleteObject,
  findObject,
  insertObject,
  isBlobUsed,
  listBelow,
  listBlobs,
  listChildren,
  type ObjectRow,
  updateObject,
} from '../metadata/files.ts'
import { BlobStore } from './blobs.ts'
import { dataDirectoriesAmong } from './data-directories.ts'
import { fileExtensionOf, notebookNameOf } from './notebooks.ts'
import { homeOf, lineOf, nameOf, parentOf } from './paths.ts'

/** Largest file, in bytes. */
export const LARGEST_FILE = 10 * 1024 * 1024

export interface WorkspaceTreeOptions {
  readonly directory: string
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
}

export interface FileToWrite {
  /** Key of the object, as `parsePath` gives it. */
  readonly key: string
  readonly bytes: Uint8Array
  readonly notebook?: Pick<ObjectRow, 'language' | 'format'>
  readonly overwrite: boolean
}

/** An object of the tree, alone or with all that is below it. */
export interface TreePart {
  readonly key: string
  readonly isWhole: boolean
}

/** What `write` found in the way; the caller words it for its API. */
export type WriteResult = 'written' | 'no_parent' | 'file_exists' | 'other_exists'

/** Opens the tree under `directory` and removes what a crash left there. */
export async function openWorkspaceTree(options: WorkspaceTreeOptions): Promise<WorkspaceTree> {
  const blobs = new BlobStore(path.join(options.directory, 'blobs'))
  const removed = await blobs.sweep(await listBlobs(options.metadata.db))
  if (removed > 0) options.log.info({ removed }, 'removed file contents that nothing names')
  return new WorkspaceTree(options, blobs)
}

export class WorkspaceTree {
  readonly #metadata: Metadata
  readonly #clock: Clock
  readonly #blobs: BlobStore

  constructor(options: WorkspaceTreeOptions, blobs: BlobStore) {
    this.#metadata = options.metadata
    this.#clock = options.clock
    this.#blobs = blobs
  }

  async find(key: string): Promise<ObjectRow | undefined> {
    return findObject(this.#metadata.db, key)
  }

  /** Children of a folder, by name. */
  async list(key: string): Promise<ObjectRow[]> {
    return listChildren(this.#metadata.db, key)
  }

  /** Creates the folder and its parents; returns the key of a file that is in the way, if there is one. */
  async mkdirs(key: string): Promise<string | undefined> {
    return this.#metadata.transaction((queries) => this.#mkdirs(queries, key))
  }

  /** Creates the home folder of a principal. */
  async ensureHome(principal: string): Promise<void> {
    await this.mkdirs(homeOf(principal))
  }

  /** Writes a file or notebook as a whole; a reader sees the old or the new content. */
  async write(file: FileToWrite): Promise<WriteResult> {
    const outcome = await this.#blobs.keep(file.bytes, (blob) =>
      this.#metadata.transaction((queries) => this.#record(queries, file, blob)),
    )
    if (typeof outcome === 'object') await this.#discard([outcome.replaced])
    return typeof outcome === 'object' ? 'written' : outcome
  }

  /** The content of a file or notebook as stored. */
  async read(row: ObjectRow): Promise<Uint8Array> {
    try {
      return await this.#blobs.read(row.blob ?? '')
    } catch (error) {
      // Overwritten between the row and its content: the row of now has the content of now.
      const again = await this.find(row.path)
      if (again?.blob && again.blob !== row.blob) return this.#blobs.read(again.blob)
      if (!again) throw new LakeletError('path_not_found', { path: row.path }, { cause: error })
      throw error
    }
  }

  /** Removes an object; `not_empty` for a folder with children unless `recursive`. */
  async remove(key: string, recursive: boolean): Promise<'removed' | 'missing' | 'not_empty'> {
    const result = await this.#metadata.transaction(async (queries) => {
      const row = await findObject(queries, key)
      if (!row) return 'missing' as const
      const below = row.type === 'DIRECTORY' ? await listBelow(queries, key) : []
      if (below.length > 0 && !recursive) return 'not_empty' as const
      for (const each of [...below.reverse(), row]) await deleteObject(queries, each.object_id)
      return [...below, row]
    })
    if (typeof result === 'string') return result
    await this.#discard(result.map((row) => row.blob))
    return 'removed'
  }

  /**
   * Keeps `parts`, which lie below `folder`, as the files of a deployment, in a transaction of the caller: contents are shared, not
   * copied, and what changes meanwhile is there as a whole or not. LakeletError `source_name_clash` where two objects would have one
   * name on disk.
   */
  async keepSnapshot(
    queries: Queries,
    id: string,
    folder: string,
    parts: readonly TreePart[],
  ): Promise<void> {
    await insertDeploymentFiles(queries, await snapshotRows(queries, id, folder, parts))
  }

  /** Whether `parts` of `folder` are as they were when the deployment was made. LakeletErrors as `keepSnapshot`. */
  async isAsInSnapshot(id: string, folder: string, parts: readonly TreePart[]): Promise<boolean> {
    return this.#metadata.transaction(async (queries) => {
      const textOf = (rows: readonly DeploymentFileRow[]) =>
        rows
          .map(({ path, blob }) => JSON.stringify([path, blob]))
          .sort()
          .join()
      const now = await snapshotRows(queries, id, folder, parts)
      return textOf(now) === textOf(await listDeploymentFiles(queries, id))
    })
  }

  /** Writes the files of a deployment into a directory of the disk, which must be empty. */
  async writeSnapshot(id: string, directory: string): Promise<void> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    for (const { path: name, blob } of await listDeploymentFiles(this.#metadata.db, id)) {
      const target = path.join(directory, name)
      if (blob === null) await mkdir(target, { recursive: true })
      else await this.#blobs.copyTo(blob, target)
    }
  }

  /** Removes the files of a deployment. */
  async removeSnapshot(id: string): Promise<void> {
    const rows = await listDeploymentFiles(this.#metadata.db, id)
    await deleteDeploymentFiles(this.#metadata.db, id)
    await this.#discard(rows.map((row) => row.blob))
  }

  async #mkdirs(queries: Queries, key: string): Promise<string | undefined> {
    const now = this.#clock.now().getTime()
    for (const each of lineOf(key)) {
      const row = await findObject(queries, each)
      if (row && row.type !== 'DIRECTORY') return each
      if (!row) await insertObject(queries, { ...folderRow(each), created_at: now, modified_at: now })
    }
    return undefined
  }

  async #record(
    queries: Queries,
    file: FileToWrite,
    blob: string,
  ): Promise<Exclude<WriteResult, 'written'> | { readonly replaced: string | null }> {
    const parent = parentOf(file.key)
    const folder = parent === undefined ? undefined : await findObject(queries, parent)
    if (folder?.type !== 'DIRECTORY') return 'no_parent'
    const type = file.notebook ? 'NOTEBOOK' : 'FILE'
    const now = this.#clock.now().getTime()
    const content = {
      language: file.notebook?.language ?? null,
      format: file.notebook?.format ?? null,
      blob,
      size: file.bytes.length,
      modified_at: now,
    }
    const existing = await findObject(queries, file.key)
    if (await sharesName(queries, file)) return 'other_exists'
    if (!existing) {
      const place = { object_id: randomNumericId(), path: file.key, parent: folder.path, type } as const
      await insertObject(queries, { ...place, ...content, created_at: now })
      return { replaced: null }
    }
    if (existing.type !== type) return 'other_exists'
    if (!file.overwrite) return type === 'FILE' ? 'file_exists' : 'other_exists'
    await updateObject(queries, existing.object_id, content)
    return { replaced: existing.blob }
  }

  async #discard(blobs: readonly (string | null)[]): Promise<void> {
    for (const blob of new Set(blobs)) {
      if (blob !== null) await this.#blobs.discard(blob, () => isBlobUsed(this.#metadata.db, blob))
    }
  }
}

async function rowsOf(queries: Queries, parts: readonly TreePart[]): Promise<ObjectRow[]> {
  const rows: ObjectRow[] = []
  for (const { key, isWhole } of parts) {
    const row = await findObject(queries, key)
    if (row) rows.push(row)
    if (row && isWhole) rows.push(...(await listBelow(queries, key)))
  }
  return rows
}

function folderRow(key: string): Omit<ObjectRow, 'created_at' | 'modified_at'> {
  return {
    object_id: randomNumericId(),
    path: key,
    parent: parentOf(key) ?? null,
    type: 'DIRECTORY',
    language: null,
    format: null,
    blob: null,
    size: null,
  }
}

/** Notebooks are stored without their extension; on a disk they need it again. */
function sourceExtension(row: ObjectRow): string {
  return row.type !== 'NOTEBOOK' || nameOf(row.path) === '' ? '' : fileExtensionOf(row)
}

/** Whether a notebook and a file would have one name as files: `a` is a notebook of Python and `a.py` a file. */
async function sharesName(queries: Queries, { key, notebook }: FileToWrite): Promise<boolean> {
  if (notebook) return (await findObject(queries, key + fileExtensionOf(notebook)))?.type === 'FILE'
  const name = notebookNameOf(key)
  const other = name === undefined ? undefined : await findObject(queries, name)
  return other?.type === 'NOTEBOOK' && key === other.path + fileExtensionOf(other)
}

/** What of `parts` of a folder a deployment is made of; where data directories of workspaces lie among them, without those. */
async function snapshotRows(
  queries: Queries,
  id: string,
  folder: string,
  parts: readonly TreePart[],
): Promise<DeploymentFileRow[]> {
  const source = await findObject(queries, folder)
  if (source?.type !== 'DIRECTORY') throw new LakeletError('path_not_found', { path: folder })
  const files = new Map<string, DeploymentFileRow>()
  for (const row of await rowsOf(queries, parts)) {
    const name = row.path.slice(folder.length + 1) + sourceExtension(row)
    if (files.has(name)) throw new LakeletError('source_name_clash', { path: `${folder}/${name}` })
    if (name !== '') files.set(name, { deployment_id: id, path: name, blob: row.blob })
  }
  const leftOut = dataDirectoriesAmong(new Set(files.keys()))
  const kept = [...files].filter(([name]) => !leftOut.some((each) => `${name}/`.startsWith(each)))
  return kept.map(([, row]) => row)
}
