// Disks of data directories: what other rooms may import.
export { type DiskStatus, diskStatus, growDisk, removeDisk } from './disk-status.ts'
export { DiskSpace, type Problem } from './disk-space.ts'
export { checkDisk, makeDisk, type MadeDisk, type MakeDiskOptions } from './make-disk.ts'
export { ensureMounted } from './mount-disk.ts'
