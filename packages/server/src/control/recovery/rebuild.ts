// Filling a draft of the metadata with what the branches say about themselves.
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { findBranchByUid } from '../../metadata/branches.ts'
import type { Metadata, Queries } from '../../metadata/database.ts'
import { putSetting } from '../../metadata/settings.ts'
import { BranchFiles, type Manifest, pathsIn, readManifest } from '../../storage/index.ts'
import { abandonOperations } from './abandon-operations.ts'
import { adopt } from './adopt.ts'
import { adoptSnapshots, endSnapshots, surveySnapshots } from './adopt-snapshots.ts'
import { type BranchRecord, parseRecord } from './branch-record.ts'
import { isCluster } from './check-start.ts'
import { makeRecord } from './make-record.ts'
import type { Move, RepairBase, RepairOptions, RepairReport } from './repair-types.ts'
import { repairDefaultBranches } from './default-branches.ts'
import { recoverPrincipals } from './recover-principals.ts'
import { MANIFEST_SEQUENCE, type Survey, survey } from './survey.ts'

interface Parts extends RepairOptions {
  readonly metadata: Metadata
  readonly files: BranchFiles
  readonly base: RepairBase
  readonly report: RepairReport
  /** The draft does not come from the metadata that was there. */
  readonly isRestored: boolean
}

/** A branch that is to be made known. */
interface Candidate {
  readonly uid: string
  readonly record: BranchRecord
  readonly sizeBytes: number
  readonly sequence: number
  readonly from: 'a newer manifest' | 'its manifest' | 'the trash' | 'its files alone'
}

export async function rebuild(parts: Parts): Promise<Move[]> {
  const { metadata, files, base, report } = parts
  const found = await survey(metadata.db, files, base.workspaceId)
  const workspaceId = found.workspaceId ?? String(Date.now())
  const trashed = await findInTrash(parts, workspaceId, found)
  const candidates = [
    ...(await readable(parts, found.newer, 'a newer manifest')),
    ...(await readable(parts, found.unknown, 'its manifest')),
    ...(await readable(parts, found.unfinished, 'its manifest')),
    ...trashed.candidates,
  ]
  const unclear = await findUnclear(parts, found, candidates)
  const there = new Set([...(await files.list()), ...trashed.moves.map(({ uid }) => uid)])
  const snapshotFiles = new BranchFiles(parts.dataDir, 'snapshots')
  const snapshots = await surveySnapshots(metadata.db, snapshotFiles, { workspaceId, report })
  const isStale = parts.isRestored || candidates.some(({ sequence }) => sequence > found.sequence)
  const moves = [...trashed.moves]
  await metadata.transaction(async (queries) => {
    if (base.file === undefined) await beginAnew(queries, parts, workspaceId)
    if (isStale) await abandon(queries, there, parts)
    await endSnapshots(queries, snapshots, { report, isStale })
    for (const each of [...candidates, ...unclear]) await adoptOne(queries, each, report)
    moves.push(...(await adoptSnapshots(queries, snapshots, report)))
    await repairDefaultBranches(queries)
    const highest = Math.max(found.sequence, ...candidates.map(({ sequence }) => sequence))
    await putSetting(queries, MANIFEST_SEQUENCE, String(highest))
  })
  await warnOfTheRest(parts, found, there)
  return moves
}

async function beginAnew(queries: Queries, parts: Parts, workspaceId: string): Promise<void> {
  await putSetting(queries, 'workspace_id', workspaceId)
  const identities = path.join(parts.dataDir, 'postgres', 'identities.json')
  const names = await recoverPrincipals(queries, identities, parts.now.toISOString())
  if (names.length > 0) parts.report.done.push(`made the principals ${names.join(', ')} again`)
  parts.report.warnings.push(
    'Without a backup these cannot be made again: tokens and secrets, groups and grants of other users, workspace files, apps. Files of both are kept where they are.',
  )
}

async function abandon(queries: Queries, there: ReadonlySet<string>, { report, now }: Parts): Promise<void> {
  const ended = await abandonOperations(queries, (uid) => there.has(uid), now.toISOString())
  if (ended > 0) report.done.push(`ended ${ended} operations whose end is not known`)
}

async function adoptOne(queries: Queries, candidate: Candidate, report: RepairReport): Promise<void> {
  const known = await findBranchByUid(queries, candidate.uid)
  const { projectId, branchId, lostEndpoints } = await adopt(queries, candidate.record, candidate.sizeBytes)
  const what = known ? 'brought up to date' : 'made known again'
  report.done.push(
    `${what}: projects/${projectId}/branches/${branchId} (${candidate.uid}), from ${candidate.from}`,
  )
  for (const uid of lostEndpoints)
    report.warnings.push(
      `Endpoint ${uid} of ${candidate.uid} belongs to another branch now; it was left out.`,
    )
}

async function readable(
  { files, report }: Parts,
  found: readonly { readonly uid: string; readonly state: Survey['known'][number]['state'] }[],
  from: Candidate['from'],
): Promise<Candidate[]> {
  const candidates: Candidate[] = []
  for (const { uid, state } of found) {
    const record = state.kind === 'read' ? parseRecord(state.manifest.record) : undefined
    if (!record || state.kind !== 'read' || !(await isCluster(files.paths(uid).data)))
      report.warnings.push(
        `${files.paths(uid).directory} has no whole manifest or no data; it was left as it is.`,
      )
    else {
      const sizeBytes = await files.sizeBytes(uid)
      candidates.push({ uid, record, sizeBytes, sequence: state.manifest.sequence, from })
    }
  }
  return candidates
}

/** Branches that were set aside although they are this workspace's; of several with one uid the newest. */
async function findInTrash(
  { files, metadata }: Parts,
  workspaceId: string,
  found: Survey,
): Promise<{ candidates: Candidate[]; moves: Move[] }> {
  const here = new Set(await files.list())
  const best = new Map<string, { path: string; manifest: Manifest; record: BranchRecord }>()
  for (const entry of await files.trash.list()) {
    const state = await readManifest(pathsIn(entry.path).manifest)
    if (state.kind !== 'read' || state.manifest.workspaceId !== workspaceId) continue
    const { manifest } = state
    const record = parseRecord(manifest.record)
    const isIts = entry.name === manifest.branchUid && record?.branch.uid === manifest.branchUid
    if (!isIts || !record || manifest.sequence === 0 || here.has(manifest.branchUid)) continue
    if (!(await isCluster(pathsIn(entry.path).data))) continue
    if ((best.get(manifest.branchUid)?.manifest.sequence ?? 0) < manifest.sequence)
      best.set(manifest.branchUid, { path: entry.path, manifest, record })
  }
  const candidates: Candidate[] = []
  for (const [uid, { path: at, manifest, record }] of best) {
    const isNewer = manifest.sequence > found.sequence || !(await findBranchByUid(metadata.db, uid))
    const sizeBytes = await files.sizeOf(pathsIn(at).data)
    if (isNewer) candidates.push({ uid, record, sizeBytes, sequence: manifest.sequence, from: 'the trash' })
  }
  return { candidates, moves: [...best].map(([uid, { path: from }]) => ({ from, uid, files })) }
}

/** Directories with data and no manifest that could be believed get a project of their own. */
async function findUnclear(
  parts: Parts,
  found: Survey,
  candidates: readonly Candidate[],
): Promise<Candidate[]> {
  const { files, report, now, dataDir } = parts
  const owners = candidates.map(({ record }) => record.project)
  const made: Candidate[] = []
  for (const { uid, state } of found.unclear) {
    const { data, directory } = files.paths(uid)
    const isOther = state.kind === 'read' && state.manifest.branchUid !== uid
    if (isOther || !(await isCluster(data))) {
      report.warnings.push(
        `${directory} ${isOther ? `is a copy of branch ${state.manifest.branchUid}` : 'holds no Postgres data'}; it was left as it is.`,
      )
      continue
    }
    const pgVersion = Number((await readFile(path.join(data, 'PG_VERSION'), 'utf8').catch(() => '')).trim())
    const owner = await ownerOf(owners, path.join(dataDir, 'postgres', 'identities.json'))
    const record = makeRecord({ uid, projectUid: randomUUID(), pgVersion, owner, now: now.toISOString() })
    made.push({ uid, record, sizeBytes: await files.sizeBytes(uid), sequence: 0, from: 'its files alone' })
    report.warnings.push(
      `The names and settings of branch ${uid} are not known any more: its manifest is ${state.kind}. Its project and endpoint have new names.`,
    )
  }
  return made
}

async function ownerOf(
  projects: readonly Readonly<Record<string, unknown>>[],
  identitiesFile: string,
): Promise<{ readonly name: string; readonly id: number }> {
  const known = projects.find((project) => typeof project['owner'] === 'string')
  if (known) return { name: String(known['owner']), id: Number(known['owner_id']) }
  const text = await readFile(identitiesFile, 'utf8').catch(() => '{}')
  const { identities = [] } = JSON.parse(text) as {
    identities?: { name: string; type: string; id: number }[]
  }
  return identities.find(({ type }) => type === 'USER') ?? { name: '', id: 0 }
}

async function warnOfTheRest(
  { files, report, metadata }: Parts,
  found: Survey,
  there: ReadonlySet<string>,
): Promise<void> {
  for (const { uid } of found.foreign)
    report.warnings.push(
      `${files.paths(uid).directory} is a branch of another workspace; it was left as it is.`,
    )
  for (const uid of found.withoutFiles) {
    if (there.has(uid) || !(await findBranchByUid(metadata.db, uid))) continue
    report.warnings.push(
      `Branch ${uid} is known but has no files in ${files.home}. Put them back, or delete the branch.`,
    )
  }
}
