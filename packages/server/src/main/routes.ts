// Every route of the contract with its handler.
import { randomUUID } from 'node:crypto'
import type { Changes } from '../base/changes.ts'
import type { Clock } from '../base/clock.ts'
import type { Session } from '@lakelet/api'
import type { Computes } from '../computes/index.ts'
import type { ImplementedRoute } from '../control/http/implementation.ts'
import { implementApps } from '../control/routes/apps.ts'
import { implementBackups } from '../control/routes/backups.ts'
import { implementBranchFiles } from '../control/routes/branch-files.ts'
import { implementBundleDeployments } from '../control/routes/bundle-deployments.ts'
import { implementChanges } from '../control/routes/changes.ts'
import { implementCredentials } from '../control/routes/credentials.ts'
import { implementExtensions } from '../control/routes/extensions.ts'
import { implementObjectArchive } from '../control/routes/object-archive.ts'
import { implementOAuth } from '../control/routes/oauth.ts'
import { implementOverview } from '../control/routes/overview.ts'
import { implementPermissions } from '../control/routes/permissions.ts'
import { implementScim } from '../control/routes/scim.ts'
import { implementSecrets } from '../control/routes/secrets.ts'
import { implementServicePrincipalSecrets } from '../control/routes/service-principal-secrets.ts'
import { implementSignIn } from '../control/routes/sign-in.ts'
import { implementSql } from '../control/routes/sql.ts'
import { implementTelemetry } from '../control/routes/telemetry.ts'
import { implementTokens } from '../control/routes/tokens.ts'
import { implementWorkspaceFiles } from '../control/routes/workspace-files.ts'
import { implementWorkspace } from '../control/routes/workspace.ts'
import type { AppDeploymentsService } from '../control/services/app-deployments.ts'
import { AppThumbnailsService } from '../control/services/app-thumbnails.ts'
import type { AppsService } from '../control/services/apps.ts'
import { Backups } from '../control/services/backups.ts'
import { BranchFilesService } from '../control/services/branch-files.ts'
import { BundleDeploymentsService } from '../control/services/bundle-deployments.ts'
import { BundleOperationsService } from '../control/services/bundle-operations.ts'
import { credentialEndpoints } from '../control/services/credentials.ts'
import { ExtensionsService } from '../control/services/extensions.ts'
import { OperationList } from '../control/services/operation-list.ts'
import { PermissionsService } from '../control/services/permissions.ts'
import { ScimService } from '../control/services/scim.ts'
import { SecretsService } from '../control/services/secrets.ts'
import { ServicePrincipalSecretsService } from '../control/services/service-principal-secrets.ts'
import { TelemetryService } from '../control/services/telemetry.ts'
import { TokensService } from '../control/services/tokens.ts'
import type { WorkspaceFilesService } from '../control/services/workspace.ts'
import type { ObjectArchivePort } from '../control/ports.ts'
import type { SqlRuns } from '../control/services/sql/sql-runs.ts'
import type { Identity } from '../identity/start.ts'
import { findAppNameOf } from '../metadata/apps.ts'
import type { Metadata } from '../metadata/database.ts'
import type { PostgresVersions } from '../postgres/index.ts'
import type { ComputeHistory } from '../telemetry/index.ts'
import type { ControlPlane } from './control-plane.ts'

interface RouteParts {
  readonly identity: Identity
  readonly control: ControlPlane
  readonly history: ComputeHistory
  readonly files: WorkspaceFilesService
  readonly apps: AppsService
  readonly deployments: AppDeploymentsService
  readonly ownerId: number
  readonly postgres: PostgresVersions
  readonly objects: ObjectArchivePort | undefined
  readonly changes: Changes
  readonly clock: Clock
  /** Aborted when the workspace stops. */
  readonly stopping: AbortSignal
  readonly sql: SqlRuns
  readonly session: Omit<Session, 'user' | 'kind' | 'is_admin' | 'computes'>
  readonly computes: Pick<Computes, 'admission'>
  /** What Prometheus reads. */
  readonly readMetrics: () => Promise<string>
}

export function implementAllRoutes(parts: RouteParts): ImplementedRoute[] {
  const { identity, control, files, apps, changes, clock } = parts
  return [
    ...control.routes,
    ...implementCredentials({
      credentials: identity.credentials,
      endpoints: credentialEndpoints(control.context),
    }),
    ...implementOAuth({ workspaceId: identity.workspaceId, baseUrl: identity.baseUrl }),
    ...implementPermissions(new PermissionsService(identity.permissions, identity.directory)),
    ...implementScim(
      new ScimService(
        identity.directory,
        () => parts.ownerId,
        (id) => findAppNameOf(control.context.metadata.db, id),
      ),
    ),
    ...implementSecrets(new SecretsService(identity.secretScopes, identity.directory)),
    ...implementServicePrincipalSecrets(new ServicePrincipalSecretsService(identity.secrets)),
    ...implementSignIn({
      createLink: (principal, next) =>
        identity.sessions.createSignInLink(principal, identity.baseUrl(), next),
    }),
    ...implementTokens(new TokensService(identity.tokens)),
    ...implementWorkspace(files),
    ...implementWorkspaceFiles(files),
    ...implementApps(apps, parts.deployments, new AppThumbnailsService(control.context.metadata)),
    ...bundleRoutes(control.context.metadata, clock),
    ...implementExtensions(new ExtensionsService(parts.postgres)),
    ...implementChanges({ changes, clock, run: randomUUID() }, parts.stopping),
    ...implementOverview({
      ...control.services,
      apps,
      operations: new OperationList(control.context),
      session: parts.session,
      computes: () => parts.computes.admission,
    }),
    ...implementSql(parts.sql),
    ...implementTelemetry(new TelemetryService(control.context, parts.history), parts.readMetrics),
    ...copyRoutes(parts),
  ]
}

/** What goes out of the workspace and comes in again, as files. */
function copyRoutes({
  control: { context, branchKinds },
  postgres: { host },
  session: { version },
  stopping,
  objects,
}: Pick<RouteParts, 'control' | 'postgres' | 'session' | 'stopping' | 'objects'>): ImplementedRoute[] {
  const here = { host, version }
  return [
    ...implementBackups(new Backups(context, here), stopping),
    ...implementObjectArchive(objects),
    ...implementBranchFiles(new BranchFilesService(context, branchKinds, here), stopping),
  ]
}

function bundleRoutes(metadata: Metadata, clock: Clock): ImplementedRoute[] {
  const deployments = new BundleDeploymentsService(metadata, clock)
  return implementBundleDeployments(deployments, new BundleOperationsService(metadata, clock, deployments))
}
