// What lies in the directories of branches, compared with what the metadata knows.
import { allBranches } from '../../metadata/branches.ts'
import type { Queries } from '../../metadata/database.ts'
import { findSetting } from '../../metadata/settings.ts'
import type { BranchFiles, Manifest, ManifestState } from '../../storage/index.ts'

/** Setting: the highest sequence number that a manifest was ever given. A manifest with a higher one is newer than the metadata. */
export const MANIFEST_SEQUENCE = 'manifest_sequence'

export interface FoundBranch {
  /** Name of its directory. */
  readonly uid: string
  readonly state: ManifestState
}

export interface Survey {
  readonly workspaceId: string | undefined
  readonly sequence: number
  /** With a row, and a manifest that is not newer. */
  readonly known: readonly FoundBranch[]
  /** With a row that is older than the manifest. */
  readonly newer: readonly (FoundBranch & { readonly manifest: Manifest })[]
  /** Without a row, made by this workspace and in use since. */
  readonly unknown: readonly (FoundBranch & { readonly manifest: Manifest })[]
  /** Without a row, of another workspace. */
  readonly foreign: readonly FoundBranch[]
  /** Without a row and without a manifest that could be believed. */
  readonly unclear: readonly FoundBranch[]
  /** Without a row, from an operation that did not come to its end. */
  readonly unfinished: readonly FoundBranch[]
  /** Uids of rows that have no directory. */
  readonly withoutFiles: readonly string[]
}

/** Compares; `workspaceId` is for metadata that has none of its own yet. */
export async function survey(queries: Queries, files: BranchFiles, workspaceId?: string): Promise<Survey> {
  const own = (await findSetting(queries, 'workspace_id')) ?? workspaceId
  const sequence = Number((await findSetting(queries, MANIFEST_SEQUENCE)) ?? 0)
  const rows = new Set((await allBranches(queries)).map(({ uid }) => uid))
  const found = await findBranches(files)
  const sorted = Map.groupBy(found, (each) => kindOf(each, rows.has(each.uid), own, sequence))
  const withManifest = (kind: Kind) =>
    (sorted.get(kind) ?? []).flatMap((each) =>
      each.state.kind === 'read' ? [{ ...each, manifest: each.state.manifest }] : [],
    )
  const there = new Set(found.map(({ uid }) => uid))
  return {
    workspaceId: own,
    sequence,
    known: sorted.get('known') ?? [],
    newer: withManifest('newer').sort((a, b) => a.manifest.sequence - b.manifest.sequence),
    unknown: withManifest('unknown').sort((a, b) => a.manifest.sequence - b.manifest.sequence),
    foreign: sorted.get('foreign') ?? [],
    unclear: sorted.get('unclear') ?? [],
    unfinished: sorted.get('unfinished') ?? [],
    withoutFiles: [...rows].filter((uid) => !there.has(uid)),
  }
}

/** All directories of branches with their manifests. */
export async function findBranches(files: BranchFiles): Promise<FoundBranch[]> {
  const uids = await files.list()
  return Promise.all(uids.map(async (uid) => ({ uid, state: await files.manifest(uid) })))
}

/** The workspace that most manifests name; undefined where none names one. */
export function workspaceOf(found: readonly FoundBranch[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { state } of found) {
    const id = state.kind === 'read' ? state.manifest.workspaceId : ''
    if (id !== '') counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]
}

type Kind = 'known' | 'newer' | 'unknown' | 'foreign' | 'unclear' | 'unfinished'

function kindOf(
  { uid, state }: FoundBranch,
  hasRow: boolean,
  workspaceId: string | undefined,
  sequence: number,
): Kind {
  const manifest = state.kind === 'read' && state.manifest.branchUid === uid ? state.manifest : undefined
  const isOwn = manifest?.workspaceId === workspaceId
  if (hasRow) return manifest && isOwn && manifest.sequence > sequence ? 'newer' : 'known'
  if (!manifest) return 'unclear'
  if (!isOwn) return 'foreign'
  return manifest.sequence === 0 ? 'unfinished' : 'unknown'
}
