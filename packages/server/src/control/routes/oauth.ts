import { oauthRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'

/** Handlers of the discovery of the workspace. */
export function implementOAuth(workspace: {
  readonly workspaceId: string
  readonly baseUrl: () => string
}): ImplementedRoute[] {
  return implementRoutes(oauthRoutes, {
    // No `account_id`: with one, the CLI takes the host for an account console.
    hostMetadata: () => ({
      oidc_endpoint: `${workspace.baseUrl()}/oidc`,
      workspace_id: workspace.workspaceId,
    }),
    introspectToken: () => ({
      principal_context: { authentication_scope: { workspace_id: Number(workspace.workspaceId) } },
    }),
  })
}
