import type { BranchFiles } from '../../storage/index.ts'

export interface RepairOptions {
  /** The data directory; the caller holds its lock. */
  readonly dataDir: string
  /** Only says what would be done. */
  readonly dryRun: boolean
  /** A metadata file to take instead of the one that is there or its newest backup. */
  readonly from?: string | undefined
  readonly now: Date
}

/** What was done, or would be; one sentence each. Nothing in `done`: there was nothing to do. */
export interface RepairReport {
  readonly done: string[]
  /** What could not be made again, and what a person should look at. */
  readonly warnings: string[]
}

/** What the repaired metadata begins with. */
export interface RepairBase {
  /** Undefined: nothing, all is made again. */
  readonly file: string | undefined
  /** Why it is not the metadata that is there. */
  readonly why: string | undefined
  readonly workspaceId: string | undefined
}

/** A directory that comes back from the trash when the draft takes its place. */
export interface Move {
  readonly from: string
  readonly uid: string
  /** Where it belongs. */
  readonly files: BranchFiles
}
