// Every route of the workspace, by group. The server, the typed client, the OpenAPI file and the tests over all routes read
// this list; a group that is not here does not exist.
import type { RouteDefinition } from '../route.ts'
import { emptyRoutes, missingRoutes, refusedRoutes } from './absent-features.ts'
import { emptyServiceRoutes, metastoreRoutes, refusedServiceRoutes } from './absent-services.ts'
import { appsRoutes } from './apps.ts'
import { backupRoutes } from './backups.ts'
import { objectArchiveRoutes } from './object-archive.ts'
import { bundleDeploymentRoutes } from './bundle-deployments.ts'
import { changesRoutes } from './changes.ts'
import { branchRoutes } from './branches.ts'
import { branchControlRoutes } from './branch-control.ts'
import { branchFileRoutes } from './branch-files.ts'
import { computeControlRoutes } from './compute-control.ts'
import { restoreRoutes } from './restores.ts'
import { dataApiRoutes } from './data-api.ts'
import { databaseRoutes } from './databases.ts'
import { endpointRoutes } from './endpoints.ts'
import { extensionRoutes } from './extensions.ts'
import { operationRoutes } from './operations.ts'
import { overviewRoutes } from './overview.ts'
import { platformRoutes } from './platform.ts'
import { projectRoutes } from './projects.ts'
import { roleRoutes } from './roles.ts'
import { workspaceFilesRoutes } from './workspace-files.ts'
import { workspaceRoutes } from './workspace.ts'
import { credentialRoutes } from './identity-credentials.ts'
import { oauthRoutes } from './oauth.ts'
import { permissionRoutes } from './permissions.ts'
import { scimRoutes } from './scim.ts'
import { secretRoutes } from './secrets.ts'
import { servicePrincipalSecretRoutes } from './service-principal-secrets.ts'
import { signInRoutes } from './sign-in.ts'
import { metricsRoutes, telemetryRoutes } from './telemetry.ts'
import { snapshotRoutes } from './snapshots.ts'
import { sqlRoutes } from './sql.ts'
import { tokenRoutes } from './tokens.ts'

/** Groups of routes by the name that tests and documents use. */
export const routeGroups = {
  projects: projectRoutes,
  branches: branchRoutes,
  endpoints: endpointRoutes,
  telemetry: telemetryRoutes,
  metrics: metricsRoutes,
  databases: databaseRoutes,
  dataApis: dataApiRoutes,
  roles: roleRoutes,
  operations: operationRoutes,
  extensions: extensionRoutes,
  workspace: workspaceRoutes,
  workspaceFiles: workspaceFilesRoutes,
  apps: appsRoutes,
  bundleDeployments: bundleDeploymentRoutes,
  refused: refusedRoutes,
  empty: emptyRoutes,
  missing: missingRoutes,
  emptyServices: emptyServiceRoutes,
  refusedServices: refusedServiceRoutes,
  metastore: metastoreRoutes,
  credentials: credentialRoutes,
  oauth: oauthRoutes,
  tokens: tokenRoutes,
  servicePrincipalSecrets: servicePrincipalSecretRoutes,
  secrets: secretRoutes,
  scim: scimRoutes,
  permissions: permissionRoutes,
  signIn: signInRoutes,
  platform: platformRoutes,
  changes: changesRoutes,
  overview: overviewRoutes,
  computeControl: computeControlRoutes,
  branchControl: branchControlRoutes,
  branchFiles: branchFileRoutes,
  restores: restoreRoutes,
  snapshots: snapshotRoutes,
  backups: backupRoutes,
  objectArchive: objectArchiveRoutes,
  sql: sqlRoutes,
} as const satisfies Readonly<Record<string, Readonly<Record<string, RouteDefinition>>>>

/** All routes in one list. */
export const allRoutes: readonly RouteDefinition[] = Object.values(routeGroups).flatMap((group) =>
  Object.values<RouteDefinition>(group),
)
