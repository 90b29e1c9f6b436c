// The face of this room: what other rooms may import.
export { BranchFiles, type BranchPaths, besideData, pathsIn } from './branch-files.ts'
export { type BranchIdentity, type Manifest, type ManifestState, readManifest } from './manifest.ts'
export type { BranchClone, NewBranch } from './build-branch.ts'
export type { ReceivedBranch } from './imports.ts'
export { type Storage, startStorage } from './storage.ts'
export { type ArchiveFollower, type Archiver, Archives } from './archive/archives.ts'
export type { PastMoment } from './history/go-back.ts'
export { type HistoryLimits, isBaseDue, oldestKept } from './history/policy.ts'
export { microsecondsOf, utcOf } from './history/recovery-times.ts'
export type { PreparedReplica, ReplicaSource } from './replicas.ts'
export { TRASH_DAYS } from './trash.ts'
export {
  checkDisk,
  type DiskStatus,
  diskStatus,
  ensureMounted,
  growDisk,
  type MadeDisk,
  makeDisk,
  type MakeDiskOptions,
  removeDisk,
} from './disk/index.ts'
export type { Problem } from './disk/index.ts'
export { estimateClone } from './clone-estimate.ts'
export { isArchivedName, isSegment, positionOf, timelineOf } from './archive/wal-names.ts'
export { listBases } from './history/bases.ts'
export { rebuildBranch } from './history/rebuild.ts'
export { isGapless } from './history/share.ts'
