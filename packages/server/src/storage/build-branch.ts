// Building a branch: filled under a temporary name, flushed, and given its place by one rename; whole or not there.
import { mkdir, statfs } from 'node:fs/promises'
import type { AdminConnection } from '../postgres/index.ts'
import { isDiskFull } from '../base/disk-full.ts'
import { LakeletError } from '../base/errors.ts'
import { flushTree } from '../base/flush-tree.ts'
import type { Logger } from '../base/log.ts'
import { removeTree } from '../base/remove-tree.ts'
import { type BranchFiles, type BranchPaths, pathsIn } from './branch-files.ts'
import type { CloneResult } from './clone-tree.ts'
import { type BranchIdentity, type Manifest, writeFirstManifest } from './manifest.ts'

/** What a clone is, and how long it took. */
export interface BranchClone extends CloneResult {
  readonly durationMs: number
}

/** What the manifest of a new branch says beside its uid. */
export interface NewBranch extends BranchIdentity {
  readonly record: Manifest['record']
}

/** How a branch is cloned. */
export interface CloneOptions {
  /** How to connect to the parent, where its compute runs. */
  readonly connect?: (() => Promise<AdminConnection>) | undefined
  readonly branch?: NewBranch
}

/** A branch that belongs to nobody, for those that have no metadata. */
export const NOBODYS: NewBranch = { workspaceId: '', projectUid: '', record: {} }

/** What is built under a temporary name and then gets its place. */
export interface Build {
  readonly branchUid: string
  readonly branch: NewBranch
  /** The data directory that it comes from. */
  readonly from: string
  readonly fill: (to: BranchPaths) => Promise<CloneResult>
  readonly publish: (building: string) => Promise<void>
}

export interface BuildParts {
  readonly files: BranchFiles
  /** Whose file system it goes to. */
  readonly dataDir: string
  readonly log: Logger
}

/** Builds a branch under a temporary name and gives it its place; nothing is left behind when that fails. */
export async function buildBranch(parts: BuildParts, build: Build): Promise<BranchClone> {
  const { branchUid, branch, fill, publish } = build
  const { files, log } = parts
  const building = pathsIn(files.temporary(branchUid))
  const began = performance.now()
  try {
    await mkdir(building.directory, { mode: 0o711 })
    const result = await fill(building)
    const clone = { ...result, durationMs: Math.round(performance.now() - began) }
    const writtenAt = new Date().toISOString()
    await writeFirstManifest(building.manifest, {
      format: 1,
      ...branch,
      branchUid,
      sequence: 0,
      writtenAt,
      clone,
    })
    await flushTree(building.directory)
    await publish(building.directory)
    log.info({ branch: branchUid, ...clone }, 'created the storage of a branch')
    return clone
  } catch (cause) {
    await discardBuilding(parts, building.directory)
    throw await failure(parts, build, cause)
  }
}

/** What cannot be removed now is swept at the next start; why the clone failed matters more. */
async function discardBuilding({ log }: BuildParts, directory: string): Promise<void> {
  await removeTree(directory).catch((error: unknown) =>
    log.warn({ err: error, directory }, 'an unfinished clone cannot be removed'),
  )
}

async function failure(
  { files, dataDir: directory }: BuildParts,
  { branchUid, from }: Build,
  cause: unknown,
): Promise<LakeletError> {
  if (isDiskFull(cause)) {
    const [needed, free] = await Promise.all([files.sizeOf(from), freeBytes(directory)])
    const params = { directory, needed: megabytes(needed), free: megabytes(free) }
    return new LakeletError('branch_disk_full', params, { cause })
  }
  if (cause instanceof LakeletError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new LakeletError('branch_clone_failed', { branch: branchUid, reason }, { cause })
}

/** Bytes that may still be written to the file system of `directory`. */
async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1_048_576)
}
