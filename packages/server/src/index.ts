// The public face of the server package.
export { startWorkspace, type Workspace, type WorkspaceOptions } from './main/workspace.ts'
