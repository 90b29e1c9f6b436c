// What the service allows at most, and what holds when nothing else is said.

/** What a project gets when nothing else is said. */
export interface ControlDefaults {
  readonly minCu: number
  readonly maxCu: number
  /** Idle time until an endpoint is suspended. */
  readonly suspendSeconds: number
  /** Whether idle sessions outlive the sleep of their computes. */
  readonly parksSessions: boolean
  /** For how long one that cannot keeps its compute awake. */
  readonly keepAwakeSeconds: number
  /** Of all parked sessions together. */
  readonly parkedBytes: number
  readonly historyRetentionSeconds: number
  /** How long a deleted project or branch can be undeleted. */
  readonly undeleteSeconds: number
  /** Most that the past of a branch may take on disk. */
  readonly historyBytes: number
}

export const DEFAULTS: ControlDefaults = {
  minCu: 1,
  maxCu: 1,
  suspendSeconds: 86_400,
  parksSessions: false,
  keepAwakeSeconds: 3600,
  parkedBytes: 256_000_000,
  historyRetentionSeconds: 604_800,
  undeleteSeconds: 604_800,
  historyBytes: 16_000_000_000,
}

/** Limits of the service, per workspace, project or branch. */
export const LIMITS = {
  projects: 1000,
  branchesPerProject: 500,
  replicasPerBranch: 6,
  /** Those that were not made from another branch: the first one, and those of snapshots. */
  rootBranchesPerProject: 3,
  /** Those of schedules are not counted. */
  manualSnapshotsPerProject: 10,
  rolesPerBranch: 500,
  databasesPerBranch: 500,
  branchSizeBytes: 8_796_093_022_208,
  ttlSeconds: 30 * 86_400,
  leastSnapshotRetentionSeconds: 3600,
} as const
