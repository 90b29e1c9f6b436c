// One pass of `sync`: list the folder, compare with the last pass, create folders, upload, delete, remember.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { ApiError, type Client, workspaceFilesRoutes, workspaceRoutes } from '@lakelet/api'
import type { Output } from '../command/output.ts'
import { type Selection, listLocalFiles } from './local-files.ts'
import { type SyncPlan, foldersOf, planSync } from './plan.ts'
import { remoteNameOf } from './remote-name.ts'
import type { Snapshot } from './snapshot.ts'

/** Uploads under way at a time. */
const PARALLEL = 20

export interface SyncOptions {
  readonly client: Client
  /** Absolute path of the local folder. */
  readonly source: string
  /** Absolute path of the workspace folder, which exists. */
  readonly target: string
  readonly selection: Selection
  readonly snapshot: Snapshot
  readonly isDryRun: boolean
  readonly out: Output
  readonly signal: AbortSignal
}

/** Does pass number `pass` (0 is the first) and gives what it did. */
export async function syncFolder(options: SyncOptions, pass: number): Promise<SyncPlan> {
  const { source, selection, snapshot, isDryRun } = options
  const local = await listLocalFiles(source, selection)
  const plan = await planSync(local, snapshot.files, (name) => remoteNameOf(source, name))
  const report = new Reporter(options.out, pass, isDryRun)
  report.start(plan)
  await makeFolders(options, plan)
  await inParallel(plan.delete, (name) => remove(options, name, report))
  for (const folder of plan.rmdir) await remove(options, folder, report)
  await inParallel(plan.put, (name) => upload(options, name, report))
  report.complete(plan)
  if (!isDryRun) {
    snapshot.files.clear()
    for (const [name, file] of plan.files) snapshot.files.set(name, file)
    await snapshot.save()
  }
  return plan
}

async function makeFolders(options: SyncOptions, plan: SyncPlan): Promise<void> {
  if (options.isDryRun) return
  const names = plan.put.map((name) => plan.files.get(name)?.remoteName ?? name)
  const folders = [...new Set(names.flatMap(foldersOf))]
  // A folder brings its parents along, so only the deepest of each line are asked for.
  const deepest = folders.filter((folder) => !folders.some((other) => other.startsWith(`${folder}/`)))
  await inParallel(deepest, (folder) => makeFolder(options, `${options.target}/${folder}`))
}

async function makeFolder({ client, signal }: SyncOptions, folder: string): Promise<void> {
  await client.call(workspaceRoutes.mkdirs, { body: { path: folder } }, signal)
}

async function upload(options: SyncOptions, name: string, report: Reporter): Promise<void> {
  report.progress('put', name, 0)
  if (!options.isDryRun) {
    // The service strips a notebook's extension itself, so the local name is sent.
    const file = `${options.target}/${name}`
    const body = await readFile(path.join(options.source, name))
    const send = () =>
      options.client.call(
        workspaceFilesRoutes.importFile,
        { params: { path: file.slice(1) }, query: { overwrite: true }, body },
        options.signal,
      )
    try {
      await send()
    } catch (error) {
      if (!isNotFound(error)) throw error
      // Somebody deleted the folder after it was made.
      await makeFolder(options, path.posix.dirname(file))
      await send()
    }
  }
  report.progress('put', name, 1)
}

async function remove(
  { client, target, isDryRun, signal }: SyncOptions,
  name: string,
  report: Reporter,
): Promise<void> {
  report.progress('delete', name, 0)
  if (!isDryRun) {
    try {
      await client.call(workspaceRoutes.delete, { body: { path: `${target}/${name}` } }, signal)
    } catch (error) {
      // Gone already, or a folder with files that are not ours: both leave what was asked for.
      if (!isNotFound(error) && !isNotEmpty(error)) throw error
    }
  }
  report.progress('delete', name, 1)
}

function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

function isNotEmpty(error: unknown): boolean {
  return error instanceof ApiError && error.errorCode === 'DIRECTORY_NOT_EMPTY'
}

/** Runs `work` for each item, at most PARALLEL at a time; the first failure ends it. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values()
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker))
}

/** Says what happens: lines of text, or one JSON event a line, as the official tool words them. */
class Reporter {
  readonly #out: Output
  readonly #pass: number
  readonly #isDryRun: boolean

  constructor(out: Output, pass: number, isDryRun: boolean) {
    this.#out = out
    this.#pass = pass
    this.#isDryRun = isDryRun
  }

  start(plan: SyncPlan): void {
    const parts = [
      plan.put.length > 0 ? `PUT: ${plan.put.join(', ')}` : '',
      plan.delete.length > 0 ? `DELETE: ${plan.delete.join(', ')}` : '',
    ].filter((part) => part !== '')
    const action = `${this.#isDryRun ? '[DRY-RUN MODE] ' : ''}Action: ${parts.join(', ')}`
    this.#emit('start', changesOf(plan), parts.length > 0 ? action : '')
  }

  progress(action: 'put' | 'delete', path: string, progress: 0 | 1): void {
    const done = action === 'put' ? `Uploaded ${path}` : `Deleted ${path}`
    const would = action === 'put' ? `[DRY-RUN] Would upload: ${path}` : `[DRY-RUN] Would delete: ${path}`
    this.#emit('progress', { action, path, progress }, progress === 0 ? '' : this.#isDryRun ? would : done)
  }

  complete(plan: SyncPlan): void {
    const prefix = this.#isDryRun ? '[DRY-RUN] ' : ''
    const isEmpty = plan.put.length === 0 && plan.delete.length === 0
    const text = this.#pass === 0 ? 'Initial Sync Complete' : isEmpty ? '' : 'Complete'
    this.#emit('complete', changesOf(plan), text === '' ? '' : `${prefix}${text}`)
  }

  #emit(type: string, fields: object, text: string): void {
    const base = { timestamp: new Date().toISOString(), seq: this.#pass, type }
    this.#out.event({ ...base, ...(this.#isDryRun ? { dry_run: true } : {}), ...fields }, text)
  }
}

function changesOf(plan: SyncPlan): object {
  return {
    ...(plan.put.length > 0 ? { put: plan.put } : {}),
    ...(plan.delete.length > 0 ? { delete: plan.delete } : {}),
  }
}
