// `lakelet repair`: makes the metadata of a stopped workspace agree with the branches and snapshots that are on disk. It works on a copy that takes
// the place of the metadata at the end, in one rename; what was there before goes to the trash. Run again, it finds nothing to do.
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { LakeletError } from '../../base/errors.ts'
import { syncDirectory } from '../../base/files.ts'
import { backupsOf, copyWhole, newestGoodBackup } from '../../metadata/backups.ts'
import { checkMetadataFile } from '../../metadata/check-file.ts'
import { openMetadata } from '../../metadata/database.ts'
import { BranchFiles } from '../../storage/index.ts'
import { rebuild } from './rebuild.ts'
import type { Move, RepairBase, RepairOptions, RepairReport } from './repair-types.ts'
import { findBranches, type FoundBranch, workspaceOf } from './survey.ts'

/** LakeletErrors: `metadata_damaged` when `from` cannot be used, and what opening metadata throws. */
export async function repair(options: RepairOptions): Promise<RepairReport> {
  const file = path.join(options.dataDir, 'metadata.sqlite')
  const files = new BranchFiles(options.dataDir)
  const report: RepairReport = { done: [], warnings: [] }
  const found = await findBranches(files)
  const base = chooseBase(file, found, options.from)
  const draft = `${file}.repair.tmp`
  await removeMetadata(draft)
  try {
    if (base.file !== undefined) await copyFrom(base.file, draft)
    if (base.why !== undefined) report.done.push(base.why)
    const moves = await fillDraft({ ...options, draft, files, base, report })
    if (report.done.length === 0 || options.dryRun) return report
    for (const { from, uid, files: home } of moves) await home.bringBack(from, uid)
    await replaceMetadata(file, draft, files)
    return report
  } finally {
    await removeMetadata(draft)
  }
}

function chooseBase(file: string, found: readonly FoundBranch[], from: string | undefined): RepairBase {
  const owner = workspaceOf(found)
  if (from !== undefined) {
    const state = checkMetadataFile(from)
    if (state.kind === 'good')
      return { file: from, why: `took the metadata of ${from}`, workspaceId: state.workspaceId ?? owner }
    const reason = state.kind === 'damaged' ? state.reason : `it is ${state.kind}`
    throw new LakeletError('metadata_damaged', { file: from, reason, remedy: 'Name another backup.' })
  }
  const state = checkMetadataFile(file)
  const isOurs = owner === undefined || (state.kind === 'good' && isNamed(found, state.workspaceId))
  if (state.kind === 'good' && state.workspaceId !== undefined && isOurs)
    return { file, why: undefined, workspaceId: state.workspaceId }
  const what = state.kind === 'good' ? 'of another workspace' : state.kind
  const backup = newestGoodBackup(backupsOf(file), owner)
  if (backup === undefined)
    return {
      file: undefined,
      why: `made new metadata: ${file} is ${what}, and there is no good backup`,
      workspaceId: owner,
    }
  const why = `restored the backup ${backup}: ${file} is ${what}`
  const restored = checkMetadataFile(backup)
  return { file: backup, why, workspaceId: restored.kind === 'good' ? restored.workspaceId : owner }
}

function isNamed(found: readonly FoundBranch[], workspaceId: string | undefined): boolean {
  return found.some(({ state }) => state.kind === 'read' && state.manifest.workspaceId === workspaceId)
}

async function copyFrom(from: string, draft: string): Promise<void> {
  using sqlite = new DatabaseSync(from)
  await copyWhole(sqlite, draft)
}

async function fillDraft(
  parts: RepairOptions & {
    readonly draft: string
    readonly files: BranchFiles
    readonly base: RepairBase
    readonly report: RepairReport
  },
): Promise<Move[]> {
  await using metadata = await openMetadata(parts.draft)
  // Awaited here: the draft is closed when this returns.
  return await rebuild({ ...parts, metadata, isRestored: parts.base.why !== undefined })
}

/** The old file and what SQLite keeps beside it go to the trash together. */
async function replaceMetadata(file: string, draft: string, files: BranchFiles): Promise<void> {
  const old = [file, `${file}-wal`, `${file}-shm`].filter((each) => existsSync(each))
  if (old.length > 0) {
    const aside = path.join(path.dirname(file), 'metadata-replaced')
    await mkdir(aside, { recursive: true, mode: 0o700 })
    for (const each of old) await rename(each, path.join(aside, path.basename(each)))
    await files.trash.add(aside, 'replaced by `lakelet repair`')
  }
  await rename(draft, file)
  await syncDirectory(path.dirname(file))
}

async function removeMetadata(file: string): Promise<void> {
  for (const end of ['', '-wal', '-shm', '-journal']) await rm(`${file}${end}`, { force: true })
}
