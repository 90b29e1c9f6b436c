// Keeps the manifest of each branch saying what the metadata says, so that the metadata could be made again from them.
import { isDeepStrictEqual } from 'node:util'
import { findSetting, putSetting } from '../../metadata/settings.ts'
import { type BranchRecord, loadRecords } from '../recovery/branch-record.ts'
import { MANIFEST_SEQUENCE } from '../recovery/survey.ts'
import type { ControlContext } from '../context.ts'

type Context = Pick<ControlContext, 'metadata' | 'storage' | 'workspaceId' | 'clock'>

/** What a record is made of. */
const TOPICS = ['projects', 'branches', 'endpoints', 'roles', 'databases'] as const

/** Gives the rounds of one reconciler; what the manifests say is read from disk once and remembered. */
export function manifestWriter(context: Context): () => Promise<void> {
  const written = new Map<string, BranchRecord>()
  let revision = -1
  return async () => {
    const now = context.metadata.changes.latestOf(TOPICS)
    if (now === revision) return
    const records = await loadRecords(context.metadata.db)
    for (const uid of written.keys()) if (!records.has(uid)) written.delete(uid)
    for (const [uid, { record }] of records) {
      const known = written.get(uid) ?? (await recordOnDisk(context, uid))
      if (!isDeepStrictEqual(known, record) && !(await write(context, uid, record))) continue
      written.set(uid, record)
    }
    // A change that came meanwhile is looked at in the next round.
    revision = now
  }
}

async function recordOnDisk({ storage }: Context, uid: string): Promise<unknown> {
  const known = await storage.files.manifest(uid)
  // One that was written when the branch was made is not confirmed yet.
  return known.kind === 'read' && known.manifest.sequence > 0 ? known.manifest.record : undefined
}

/** Writes the manifest of one branch now, whatever its state. */
export async function writeManifestOf(context: Context, branchUid: string): Promise<void> {
  const records = await loadRecords(context.metadata.db, { branchUid, withUnfinished: true })
  const found = records.get(branchUid)
  if (found) await write(context, branchUid, found.record)
}

/** The number is stored first: a crash in between must not leave a manifest that seems newer than the metadata. */
async function write(
  { metadata, storage, workspaceId, clock }: Context,
  branchUid: string,
  record: BranchRecord,
): Promise<boolean> {
  if (!(await storage.exists(branchUid))) return false
  const sequence = Number((await findSetting(metadata.db, MANIFEST_SEQUENCE)) ?? 0) + 1
  await putSetting(metadata.db, MANIFEST_SEQUENCE, String(sequence))
  return storage.files.writeManifest({
    workspaceId,
    projectUid: record.project.uid,
    branchUid,
    sequence,
    writtenAt: clock.now().toISOString(),
    record: { ...record },
  })
}
