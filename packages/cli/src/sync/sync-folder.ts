// One pass of `sync`: list the folder, compare with the last pass, create folders, upload, delete, remember.
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { ApiError, type Client, workspaceFilesRoutes, workspaceRoutes } from '@lakelet/api'
import type { Output } from '../command/output.ts'
import { isMissing } from '../config/config-file.ts'
import type { Environment } from './ignore-rules.ts'
import { type Selection, listLocalFiles } from './local-files.ts'
import { type SyncPlan, foldersOf, planSync } from './plan.ts'
import { remoteNameOf } from './remote-name.ts'
import { Reporter } from './reporter.ts'
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
  /** Where git looks for its settings. */
  readonly env: Environment
  readonly snapshot: Snapshot
  readonly isDryRun: boolean
  readonly out: Output
  readonly signal: AbortSignal
}

/** Does pass number `pass` (0 is the first) and gives what it did. */
export async function syncFolder(options: SyncOptions, pass: number): Promise<SyncPlan> {
  const { source, selection, snapshot, isDryRun, env } = options
  const { files, leftOut } = await listLocalFiles(source, selection, env)
  if (pass === 0) sayLeftOut(leftOut, options.out)
  const plan = await planSync(files, snapshot.files, (name) => remoteNameOf(source, name))
  const report = new Reporter(options.out, pass, isDryRun)
  report.start(plan)
  // What is gone goes first: a folder may come where a file was, and a file where a folder was.
  await inParallel(plan.delete, (name) => remove(options, name, report))
  for (const folder of plan.rmdir) await remove(options, folder, report)
  await makeFolders(options, plan)
  await inParallel(plan.put, (name) => upload(options, name, report))
  report.complete(plan)
  if (!isDryRun) {
    snapshot.files.clear()
    for (const [name, file] of plan.files) snapshot.files.set(name, file)
    await snapshot.save()
  }
  return plan
}

/** Names that are said one by one. */
const SAID = 5

/** A remark on what stays here although git would give it. */
export function sayLeftOut(names: readonly string[], out: Output): void {
  if (names.length === 0) return
  const more = names.length > SAID ? ` and ${names.length - SAID} more` : ''
  out.note(
    `Left out: ${names.slice(0, SAID).join(', ')}${more}. Secrets and installed packages stay here; --include takes them in.`,
  )
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
    const body = await contentOf(path.join(options.source, name))
    // Removed since the folder was listed: the next pass sees that it is gone.
    if (!body) return
    const send = () =>
      options.client.call(
        workspaceFilesRoutes.importFile,
        { params: { '*': file.slice(1) }, query: { overwrite: true }, body },
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

async function contentOf(file: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(file)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
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

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404
}

function isNotEmpty(error: unknown): boolean {
  return error instanceof ApiError && error.errorCode === 'DIRECTORY_NOT_EMPTY'
}

/** Runs `work` for each item, at most PARALLEL at a time; the first failure ends it. */
export async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values()
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL, items.length) }, worker))
}
