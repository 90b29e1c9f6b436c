// The face of this room: what other rooms may import.
export type { CloneMethod } from './clone-tree.ts'
export { type BranchClone, Storage, type StorageOptions, startStorage } from './storage.ts'
