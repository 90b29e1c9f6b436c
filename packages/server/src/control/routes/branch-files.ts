import { branchFileRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { BranchFilesService } from '../services/branch-files.ts'

/** `stopping` ends what is being sent or received: it would hold up the end of the server. */
export function implementBranchFiles(files: BranchFilesService, stopping: AbortSignal): ImplementedRoute[] {
  return implementRoutes(branchFileRoutes, {
    exportBranch: ({ params, signal, http }) => {
      http.reply.header('content-disposition', `attachment; filename="${params.branch}.tar.zst"`)
      return files.export(params, AbortSignal.any([signal, stopping]))
    },
    importBranch: ({ caller, params, query, body, signal }) =>
      files.import(caller, params.project, query, {
        bytes: body,
        signal: AbortSignal.any([signal, stopping]),
      }),
  })
}
