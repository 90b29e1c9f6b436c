import type { Problem } from './disk/index.ts'

export interface BranchProblem extends Problem {
  readonly kind: 'disk_full' | 'archive'
}

/** The disk first: a full one is what an archive cannot be written for, too. */
export function branchProblem(
  disk: Problem | undefined,
  archive: Problem | undefined,
): BranchProblem | undefined {
  if (disk) return { kind: 'disk_full', ...disk }
  if (!archive) return undefined
  const message = `The log of this branch is not archived: ${archive.message}. Nothing is lost, as Postgres keeps its log meanwhile; the past cannot be reached until this is mended.`
  return { kind: 'archive', since: archive.since, message }
}
