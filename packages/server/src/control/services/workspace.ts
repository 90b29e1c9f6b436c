// Workspace files as callers see them: paths in their spelling, permissions, notebooks, limits.
import type { ExportQuery, ImportFormat, ObjectInfo } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import { because, LakeletError } from '../../base/errors.ts'
import { includes, levelOn, readableParts } from '../../files/access.ts'
import type { FileGrants, FileLevel } from '../../files/ports.ts'
import { jupyterOfSource, sourceOfJupyter } from '../../files/notebook-conversion.ts'
import {
  detectNotebook,
  headerOf,
  jupyterLanguage,
  type Language,
  languageOf,
  type Notebook,
  withHeader,
} from '../../files/notebooks.ts'
import { type AskedPath, homeOf, nameOf, parentOf, parsePath } from '../../files/paths.ts'
import { LARGEST_FILE, type TreePart, type WorkspaceTree } from '../../files/workspace-tree.ts'
import type { ObjectRow } from '../../metadata/files.ts'

export interface ImportRequest {
  readonly path: string
  readonly bytes: Uint8Array
  readonly format?: ImportFormat | undefined
  readonly language?: Language | undefined
  readonly overwrite?: boolean | undefined
}

/** The service behind `/api/2.0/workspace/…` and `/api/2.0/workspace-files/…`. */
export class WorkspaceFilesService {
  readonly #tree: WorkspaceTree
  readonly #grants: FileGrants

  constructor(tree: WorkspaceTree, grants: FileGrants) {
    this.#tree = tree
    this.#grants = grants
  }

  async getStatus(caller: Caller, text: string, withExportInfo = false): Promise<ObjectInfo> {
    const path = parsePath(text)
    const row = await this.#readable(caller, path)
    const exported = withExportInfo && row.format ? { repos_export_format: row.format } : {}
    return { ...infoOf(row, path), ...exported }
  }

  async list(
    caller: Caller,
    text: string,
    notebooksModifiedAfter?: number,
  ): Promise<{ objects?: ObjectInfo[] }> {
    const path = parsePath(text)
    const row = await this.#readable(caller, path)
    const rows = row.type === 'DIRECTORY' ? await this.#tree.list(path.key) : [row]
    const objects: ObjectInfo[] = []
    for (const each of rows) {
      const isOld = each.type === 'NOTEBOOK' && each.modified_at <= (notebooksModifiedAfter ?? -1)
      if (!isOld && (await this.#may(caller, each.path, 'CAN_READ'))) objects.push(infoOf(each, path))
    }
    return objects.length === 0 ? {} : { objects }
  }

  /** A folder and what of it the caller may read: what a deployment of theirs may copy. */
  async readableParts(
    caller: Caller,
    text: string,
  ): Promise<{ readonly path: string; readonly key: string; readonly parts: readonly TreePart[] }> {
    const path = parsePath(text)
    const row = await this.#readable(caller, path)
    if (row.type !== 'DIRECTORY') {
      const reason = because('no_folder')
      throw new LakeletError('path_invalid', { path: path.asked, reason })
    }
    const parts = await readableParts(this.#tree, this.#grants, caller, path.key)
    return { path: path.asked, key: path.key, parts }
  }

  /** Whether a folder is what a deployment was made of. */
  isAsInSnapshot(deployment: string, key: string, parts: readonly TreePart[]): Promise<boolean> {
    return this.#tree.isAsInSnapshot(deployment, key, parts)
  }

  async mkdirs(caller: Caller, text: string): Promise<void> {
    const path = parsePath(text)
    await this.#demand(caller, path, 'CAN_EDIT', 'create this folder')
    const inTheWay = await this.#tree.mkdirs(path.key)
    if (inTheWay !== undefined) throw new LakeletError('path_exists', { path: path.spell(inTheWay) })
  }

  async remove(caller: Caller, text: string, recursive: boolean): Promise<void> {
    const path = parsePath(text)
    const row = await this.#readable(caller, path)
    await this.#demand(caller, path, 'CAN_EDIT', 'delete this object')
    const isHome = parentOf(row.path) === '/Users' && row.path === homeOf(caller.name)
    if (row.object_id <= 3 || isHome) throw new LakeletError('folder_protected', { path: path.asked })
    const result = await this.#tree.remove(path.key, recursive)
    if (result === 'missing') throw new LakeletError('path_not_found', { path: path.asked })
    if (result === 'not_empty') throw new LakeletError('folder_not_empty', { path: path.asked })
  }

  /** `POST /workspace/import`. */
  async import(caller: Caller, request: ImportRequest): Promise<void> {
    const path = parsePath(request.path)
    const notebook = notebookToImport(request, nameOf(path.key))
    const result = await this.#write(caller, path, request.bytes, request.overwrite ?? false, notebook)
    if (result === 'no_parent') throw parentMissing('parent_folder_missing', path)
    if (result !== 'written') throw new LakeletError('path_exists', { path: path.asked })
  }

  /** `POST /workspace-files/import-file/{path}`: notebooks are told by their first line. */
  async importFile(caller: Caller, text: string, bytes: Uint8Array, overwrite: boolean): Promise<void> {
    const path = parsePath(text)
    const notebook = detectNotebook(nameOf(path.key), bytes)
    const result = await this.#write(caller, path, bytes, overwrite, notebook)
    if (result === 'no_parent') throw parentMissing('parent_folder_does_not_exist', path)
    if (result === 'file_exists') throw new LakeletError('file_exists', { path: path.asked })
    if (result === 'other_exists') throw new LakeletError('path_exists', { path: path.asked })
  }

  /** The bytes of a file or notebook, in the format asked for. */
  async export(caller: Caller, query: ExportQuery): Promise<{ bytes: Uint8Array; fileType: string }> {
    const path = parsePath(query.path)
    const row = await this.#readable(caller, path)
    if (row.type === 'DIRECTORY') throw new LakeletError('export_of_folder', { path: path.asked })
    const bytes = await this.#tree.read(row)
    if (row.type === 'FILE') return { bytes, fileType: nameOf(row.path).split('.').at(-1) ?? '' }
    const format = query.format === 'AUTO' ? row.format : (query.format ?? 'SOURCE')
    if (format !== 'JUPYTER' && format !== 'SOURCE') {
      const params = { path: path.asked, format: format ?? '', stored: row.format ?? '' }
      throw new LakeletError('export_format', params)
    }
    return notebookAs(format, row, bytes)
  }

  async read(caller: Caller, text: string): Promise<Uint8Array> {
    const path = parsePath(text)
    const row = await this.#readable(caller, path)
    if (row.type === 'DIRECTORY') throw new LakeletError('export_of_folder', { path: path.asked })
    return this.#tree.read(row)
  }

  async #write(
    caller: Caller,
    path: AskedPath,
    bytes: Uint8Array,
    overwrite: boolean,
    notebook: Notebook | undefined,
  ) {
    const key = notebook ? path.key.slice(0, path.key.length - notebook.extension.length) : path.key
    await this.#demand(caller, { ...path, key }, 'CAN_EDIT', 'write this file')
    if (bytes.length > LARGEST_FILE) {
      const params = { limit: LARGEST_FILE, path: path.asked, size: bytes.length }
      throw new LakeletError('file_too_large', params)
    }
    if (path.key === '') throw new LakeletError('path_exists', { path: path.asked })
    if (path.key.startsWith(`${homeOf(caller.name)}/`)) await this.#tree.ensureHome(caller.name)
    const { language, format } = notebook ?? {}
    const row = language && format ? { notebook: { language, format } } : {}
    return this.#tree.write({ key, bytes, overwrite, ...row })
  }

  async #readable(caller: Caller, path: AskedPath): Promise<ObjectRow> {
    // Homes come into being when their owners first look.
    if (path.key === homeOf(caller.name)) await this.#tree.ensureHome(caller.name)
    const row = await this.#tree.find(path.key)
    // Whether a path exists is itself only for those who may read it.
    if (!row || !(await this.#may(caller, path.key, 'CAN_READ'))) {
      throw new LakeletError('path_not_found', { path: path.asked })
    }
    return row
  }

  async #demand(caller: Caller, path: AskedPath, level: FileLevel, action: string): Promise<void> {
    if (!(await this.#may(caller, path.key, level))) {
      throw new LakeletError('permission_denied', { action: `${action}: ${path.asked}` })
    }
  }

  async #may(caller: Caller, key: string, level: FileLevel): Promise<boolean> {
    return includes(await levelOn(this.#tree, this.#grants, caller, key), level)
  }
}

function notebookAs(format: 'JUPYTER' | 'SOURCE', row: ObjectRow, bytes: Uint8Array) {
  const language = row.language ?? 'PYTHON'
  if (format === 'JUPYTER') {
    return { bytes: row.format === 'JUPYTER' ? bytes : jupyterOfSource(language, bytes), fileType: 'ipynb' }
  }
  const source = row.format === 'JUPYTER' ? sourceOfJupyter(language, bytes) : withHeader(language, bytes)
  return { bytes: source, fileType: FILE_TYPES[language] }
}

const FILE_TYPES: Readonly<Record<Language, string>> = { PYTHON: 'py', SQL: 'sql', SCALA: 'scala', R: 'r' }

function parentMissing(code: 'parent_folder_missing' | 'parent_folder_does_not_exist', path: AskedPath) {
  return new LakeletError(code, { path: path.spell(parentOf(path.key) ?? '') })
}

function infoOf(row: ObjectRow, path: AskedPath): ObjectInfo {
  return {
    path: path.spell(row.path),
    object_type: row.type,
    object_id: row.object_id,
    resource_id: String(row.object_id),
    ...(row.language === null ? {} : { language: row.language }),
    ...(row.size === null ? {} : { size: row.size }),
    created_at: row.created_at,
    modified_at: row.modified_at,
  }
}

/** What `format`, `language`, name and content make of an import; undefined is a plain file. */
function notebookToImport(request: ImportRequest, name: string): Notebook | undefined {
  const { format, bytes } = request
  switch (format) {
    case 'RAW':
      return undefined
    case undefined:
    case 'SOURCE':
      return sourceNotebook(request, name)
    case 'AUTO':
      return detectNotebook(name, bytes)
    case 'JUPYTER': {
      const language = jupyterLanguage(bytes)
      if (language) return { language, format, extension: extensionIn(name, '.ipynb') }
      throw new LakeletError('invalid_parameter', { reason: because('not_a_notebook') })
    }
    case 'HTML':
    case 'DBC':
    case 'R_MARKDOWN':
      throw new LakeletError('feature_disabled', { feature: `Importing the format ${format}` })
  }
}

/** SOURCE makes a notebook when a language is named or the first line says so, and a plain file otherwise. */
function sourceNotebook(request: ImportRequest, name: string): Notebook | undefined {
  const { language } = request
  if (!language) return detectNotebook(name, request.bytes)
  const extension = languageOf(name) === language ? (/\.[a-z]+$/i.exec(name)?.[0] ?? '') : ''
  const isNotebook = extension === '' || startsWith(request.bytes, headerOf(language))
  return isNotebook ? { language, format: 'SOURCE', extension } : undefined
}

function extensionIn(name: string, extension: string): string {
  return name.toLowerCase().endsWith(extension) ? name.slice(-extension.length) : ''
}

function startsWith(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.subarray(0, text.length)).toString('utf8') === text
}
