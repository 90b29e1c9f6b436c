// The face of this room: what other rooms may import.
export { BranchFiles, besideData, pathsIn } from './branch-files.ts'
export { type BranchIdentity, type Manifest, type ManifestState, readManifest } from './manifest.ts'
export { type NewBranch, type Storage, startStorage } from './storage.ts'
export { TRASH_DAYS } from './trash.ts'
