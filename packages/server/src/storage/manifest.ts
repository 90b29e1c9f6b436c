// The manifest of a branch: one JSON file beside its data, from which `lakelet repair` makes the branch known again when the
// metadata is lost. Storage writes and checks who the branch is and how it was cloned; what the control plane needs to make its rows
// again is `record`, which storage only carries.
import { readFile, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { writeFileAtomic } from '../base/files.ts'

const clone = z.object({
  method: z.enum(['reflink', 'copy']),
  files: z.number(),
  bytes: z.number(),
  durationMs: z.number(),
  lsn: z.string(),
  timeline: z.number(),
  time: z.string(),
})

const manifest = z.object({
  format: z.literal(1),
  workspaceId: z.string(),
  projectUid: z.string(),
  branchUid: z.string(),
  /** Grows with every change of any manifest of the workspace; 0 until the branch was ready for the first time. */
  sequence: z.number().int().nonnegative(),
  writtenAt: z.string(),
  /** Absent for a branch that was made before there were manifests. */
  clone: clone.optional(),
  record: z.record(z.string(), z.unknown()),
})

export type Manifest = Readonly<z.output<typeof manifest>>

/** Whose branch it is: what must agree before its directory is removed. */
export type BranchIdentity = Pick<Manifest, 'workspaceId' | 'projectUid'>

export type ManifestState =
  | { readonly kind: 'read'; readonly manifest: Manifest }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly reason: string }

/** Reads a manifest; what is wrong with one is an answer, not an error. */
export async function readManifest(file: string): Promise<ManifestState> {
  try {
    const parsed = manifest.safeParse(JSON.parse(await readFile(file, 'utf8')))
    if (parsed.success) return { kind: 'read', manifest: parsed.data }
    return { kind: 'damaged', reason: z.prettifyError(parsed.error) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'missing' }
    return { kind: 'damaged', reason: error instanceof Error ? error.message : String(error) }
  }
}

/** Replaces a manifest durably. */
export async function writeManifest(file: string, content: Manifest): Promise<void> {
  await writeFileAtomic(file, textOf(content), { mode: 0o600 })
}

/** Writes the manifest of a branch that is being built, which is flushed as a whole before it gets its name. */
export async function writeFirstManifest(file: string, content: Manifest): Promise<void> {
  await writeFile(file, textOf(content), { mode: 0o600, flag: 'wx' })
}

function textOf(content: Manifest): string {
  return `${JSON.stringify(content, undefined, 2)}\n`
}
