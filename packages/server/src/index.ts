// The public face of the server package.
export { startWorkspace, type Workspace, type WorkspaceOptions } from './main/workspace.ts'
export { repairDataDirectory, type RepairReport } from './main/repair.ts'
