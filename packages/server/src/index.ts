// The public face of the server package.
export { startWorkspace, type Workspace, type WorkspaceOptions } from './main/workspace.ts'
export { repairDataDirectory, type RepairReport } from './main/repair.ts'
export { initDisk } from './main/data-disk.ts'
export {
  type DiskStatus,
  diskStatus,
  estimateClone,
  ensureMounted,
  growDisk,
  removeDisk,
} from './storage/index.ts'
export { type LocalApp, readLocalApp, variablesOfPlatform } from './apps/local-app.ts'
export { writeTemplate } from './main/app-templates.ts'
export { tryHosting } from './apps/try-hosting.ts'
export { backUpDataDirectory } from './main/back-up.ts'
export { restoreBackup, type RestoreReport } from './main/restore-backup.ts'
export { partialOf, sweepOldPartials } from './base/bundle/partials.ts'
export { refuseTarget } from './base/bundle/write-bundle.ts'
export {
  type ArchivePlace,
  restoreFromObjects,
  takeOverObjects,
  verifyObjects,
} from './main/object-archive.ts'
