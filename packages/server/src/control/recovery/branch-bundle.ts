// A branch as one file that is carried about (`base/bundle`): its cluster as it was at one moment, shut down cleanly, with the ids of its roles and
// databases. Whose password is what goes along as Postgres keeps it; the past of the branch stays where it is.
import path from 'node:path'
import { z } from 'zod'
import { BUNDLE_VERSION, bundleHeader, type BundleHeader } from '../../base/bundle/bundle.ts'
import { readBundle } from '../../base/bundle/read-bundle.ts'
import { streamBundle } from '../../base/bundle/write-bundle.ts'
import { LakeletError } from '../../base/errors.ts'
import type { BranchPaths } from '../../storage/index.ts'

/** Where in the bundle the branch is. */
export const PART = 'branch'

const branchHeader = z.looseObject({
  ...bundleHeader.shape,
  workspace_id: z.string(),
  /** Full name of the branch. */
  branch: z.string(),
  pg_version: z.number().int(),
  lsn: z.string(),
  time: z.string(),
})

export type BranchHeader = z.output<typeof branchHeader>

/** Beside the cluster in the manifest: what `snapshot-catalog.ts` keeps. */
const branchRecord = z.looseObject({ catalog: z.string() })

/** The bytes of the file. Nothing may write to `staged`. */
export function exportedBytes(
  staged: BranchPaths,
  options: {
    readonly header: Omit<BranchHeader, 'format' | 'bundle_version'>
    readonly postgresUid: number | undefined
    readonly signal: AbortSignal
  },
): AsyncGenerator<Buffer> {
  const { header, postgresUid, signal } = options
  const whole = { format: 'lakelet-branch', bundle_version: BUNDLE_VERSION, ...header } as BundleHeader
  return streamBundle({ header: whole, postgresUid, signal }, async (bundle) => {
    await bundle.addDirectory(staged.directory, PART)
    await bundle.add(staged.manifest, `${PART}/${path.basename(staged.manifest)}`)
    await bundle.add(staged.data, `${PART}/${path.basename(staged.data)}`, isMadeAnew)
  })
}

/** The way to the identities of its workspace, which each start makes. */
export function isMadeAnew(name: string): boolean {
  return name.endsWith('/data/databricks_auth/identities.json')
}

/** Unpacks a file as it comes; `check` may refuse it by its header before anything is written. LakeletErrors as those of `readBundle`. */
export async function unpackBranch(
  bytes: AsyncIterable<Uint8Array>,
  options: {
    readonly file: string
    readonly to: string
    readonly check: (header: BranchHeader) => void
    readonly signal: AbortSignal
  },
): Promise<{ readonly header: BranchHeader; readonly bytes: number }> {
  const { file, to, check, signal } = options
  const read = (header: BundleHeader): BranchHeader => {
    const parsed = branchHeader.safeParse(header)
    if (parsed.success) return parsed.data
    throw new LakeletError('bundle_damaged', { file, reason: 'its header does not say what branch it is' })
  }
  const unpacked = await readBundle({
    from: file,
    bytes,
    format: 'lakelet-branch',
    to,
    check: (header) => check(read(header)),
    signal,
  })
  return { header: read(unpacked.header), bytes: unpacked.bytes }
}

/** The catalog in the manifest of an unpacked branch. */
export function catalogIn(record: unknown): string {
  return branchRecord.parse(record).catalog
}
