// Before anything uses the metadata: does it belong to the branches that are here? Data that the metadata does not know is never
// taken for rubbish. Lost or foreign metadata stops the start; metadata that is a little older is brought up to date.
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { LakeletError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import { checkMetadataFile } from '../../metadata/check-file.ts'
import { type Metadata, remedyFor } from '../../metadata/database.ts'
import { putSetting } from '../../metadata/settings.ts'
import { type BranchFiles, TRASH_DAYS } from '../../storage/index.ts'
import { abandonOperations } from './abandon-operations.ts'
import { adopt } from './adopt.ts'
import { parseRecord } from './branch-record.ts'
import {
  findBranches,
  type FoundBranch,
  MANIFEST_SEQUENCE,
  type Survey,
  survey,
  workspaceOf,
} from './survey.ts'

/**
 * Looks at the metadata file before it is opened. LakeletErrors: `metadata_lost` when it is missing or new and there are branches,
 * `metadata_foreign` when it is another workspace's. What is damaged is refused by `openMetadata`.
 */
export async function refuseLostMetadata(metadataFile: string, files: BranchFiles): Promise<void> {
  const found = await findBranches(files)
  if (found.length === 0) return
  const state = checkMetadataFile(metadataFile)
  const owner = workspaceOf(found)
  if (state.kind === 'missing') throw lost('is missing', metadataFile, files, found, owner)
  if (state.kind === 'empty' || (state.kind === 'good' && state.workspaceId === undefined))
    throw lost('is empty', metadataFile, files, found, owner)
  if (state.kind !== 'good' || owner === undefined) return
  const isKnown = found.some(
    (each) => each.state.kind === 'read' && each.state.manifest.workspaceId === state.workspaceId,
  )
  if (!isKnown)
    throw new LakeletError('metadata_foreign', {
      file: metadataFile,
      owner: `workspace ${state.workspaceId}`,
      directory: files.home,
      remedy: remedyFor(metadataFile, owner),
    })
}

function lost(
  what: string,
  file: string,
  files: BranchFiles,
  found: readonly FoundBranch[],
  workspaceId?: string,
): LakeletError {
  const remedy = remedyFor(file, workspaceId)
  return new LakeletError('metadata_lost', {
    file,
    what,
    directory: files.home,
    count: found.length,
    remedy,
  })
}

export interface StartCheck {
  readonly metadata: Metadata
  readonly metadataFile: string
  readonly files: BranchFiles
  readonly log: Logger
  readonly now: Date
}

/**
 * Makes metadata and branches agree before anything runs: rows that are older than the manifest of their branch become what that
 * says, and directories that have no row are set aside. Returns what a person should know, one sentence each. LakeletError
 * `metadata_lost` when the metadata knows none of the branches.
 */
export async function agreeWithBranches(check: StartCheck): Promise<string[]> {
  const { metadata, metadataFile, files, log } = check
  const found = await survey(metadata.db, files)
  const strangers = [...found.unknown, ...found.foreign, ...found.unclear, ...found.unfinished]
  const isAnyKnown = found.known.length + found.newer.length > 0
  if (!isAnyKnown && (found.unknown.length > 0 || (await areAnyClusters(files, found.unclear))))
    throw lost('knows none of them', metadataFile, files, strangers, found.workspaceId)
  const notices: string[] = []
  const isOlder = found.newer.length > 0 || found.unknown.some(isNewerThan(found.sequence))
  if (isOlder) {
    await bringUpToDate(check, found)
    log.warn({ branches: found.newer.map(({ uid }) => uid) }, 'the metadata was older than the branches')
    notices.push(
      `The metadata was older than the branches; ${found.newer.length} of them were brought up to date from their manifests.`,
    )
  }
  for (const { uid, state } of strangers) {
    const to = await files.setAside(uid, `the metadata knows no branch of this uid (manifest: ${state.kind})`)
    log.warn(
      { branch: uid, to, manifest: state.kind },
      'set aside a directory that the metadata does not know',
    )
  }
  if (strangers.length > 0)
    notices.push(
      `${strangers.length} directories in ${files.home} are of no branch that the metadata knows. They are in the trash for ${TRASH_DAYS} days; stop the workspace and run \`lakelet repair --data-dir ${path.dirname(files.home)}\` to have them back.`,
    )
  return notices
}

function isNewerThan(sequence: number) {
  return ({ manifest }: Survey['unknown'][number]) => manifest.sequence > sequence
}

async function bringUpToDate({ metadata, files, now }: StartCheck, found: Survey): Promise<void> {
  const sizes = new Map<string, number>()
  for (const { uid } of found.newer) sizes.set(uid, await files.sizeBytes(uid))
  const there = new Set([...found.known, ...found.newer].map(({ uid }) => uid))
  await metadata.transaction(async (queries) => {
    for (const { uid, manifest } of found.newer) {
      const record = parseRecord(manifest.record)
      if (record) await adopt(queries, record, sizes.get(uid) ?? 0)
    }
    await abandonOperations(queries, (uid) => there.has(uid), now.toISOString())
    const sequences = [...found.newer, ...found.unknown].map(({ manifest }) => manifest.sequence)
    await putSetting(queries, MANIFEST_SEQUENCE, String(Math.max(found.sequence, ...sequences)))
  })
}

async function areAnyClusters(files: BranchFiles, found: readonly FoundBranch[]): Promise<boolean> {
  for (const { uid } of found) if (await isCluster(files.paths(uid).data)) return true
  return false
}

/** Whether there is a Postgres data directory. */
export async function isCluster(dataDirectory: string): Promise<boolean> {
  return stat(path.join(dataDirectory, 'global', 'pg_control')).then(
    (file) => file.isFile(),
    () => false,
  )
}
