import { workspaceFilesRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { WorkspaceFilesService } from '../services/workspace.ts'

/** Handlers of `/api/2.0/workspace-files/…`. */
export function implementWorkspaceFiles(service: WorkspaceFilesService): ImplementedRoute[] {
  return implementRoutes(workspaceFilesRoutes, {
    importFile: async ({ caller, params, query, body }) => {
      await service.importFile(caller, absolute(params['*']), body, query.overwrite ?? false)
      return {}
    },
    readFile: ({ caller, params }) => service.read(caller, absolute(params['*'])),
  })
}

/** Clients leave the first slash out; one that is there stays. */
function absolute(path: string): string {
  return path.startsWith('/') ? path : `/${path}`
}
