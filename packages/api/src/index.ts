// The public face of the REST contract.
export { CHANGE_TOPICS, type ChangeEvent, changeEvent, type ChangeTopic } from './changes.ts'
export { ApiError, type Client, type ClientOptions, createClient, urlOf } from './client.ts'
export type { ErrorEntry, ErrorKind } from './errors/entry.ts'
export {
  because,
  ERROR_HEADER,
  type ErrorCode,
  errorCatalogue,
  type ErrorParams,
  isLakeletError,
  LakeletError,
  type Reason,
  writeErrorHeader,
} from './errors/index.ts'
export type { ReasonCode } from './errors/reasons.ts'
export {
  defineRoute,
  type HttpMethod,
  type Payload,
  type Permission,
  type AccessLevel,
  type RouteBody,
  type RouteCall,
  type RouteDefinition,
  type RouteParams,
  type RouteQuery,
  type RouteReply,
  type RouteResult,
} from './route.ts'
export {
  branchName,
  databaseName,
  endpointName,
  parseResourceName,
  type PostgresResourceType,
  projectName,
  type ResourceName,
  roleName,
  snapshotName,
  snapshotScheduleName,
} from './resource-names.ts'
export type { Branch, BranchSpec, BranchState } from './resources/branch.ts'
export type { DataApi, DataApiSpec } from './resources/data-api.ts'
export type { Database, DatabaseSpec } from './resources/database.ts'
export type {
  ComputeActivityView,
  ComputeScalingView,
  ComputeSettings,
  Endpoint,
  EndpointGroup,
  EndpointParkingInput,
  EndpointParkingView,
  EndpointSessionView,
  EndpointSpec,
} from './resources/endpoint.ts'
export {
  DATABASE_ID,
  durationOf,
  fullTime,
  MAX_PAGE_SIZE,
  RESOURCE_ID,
  ROLE_ID,
  type ResourceProblem,
  secondsOf,
  timestamp,
} from './resources/fields.ts'
export type { Operation, OperationSummary } from './resources/operation.ts'
export type { DefaultEndpointSettings, Project, ProjectInput, ProjectSpec } from './resources/project.ts'
export type { Role, RoleSpec } from './resources/role.ts'
export type { ScheduleCadence, Snapshot, SnapshotSchedule, SnapshotSpec } from './resources/snapshot.ts'
export {
  emptyRoutes,
  type MissingRoute,
  missingRoutes,
  type RefusedRoute,
  refusedRoutes,
} from './routes/absent-features.ts'
export { emptyServiceRoutes, metastoreRoutes, refusedServiceRoutes } from './routes/absent-services.ts'
export { backupRoutes, progressLine } from './routes/backups.ts'
export { objectArchiveRoutes, type ObjectArchiveStatusView } from './routes/object-archive.ts'
export { changesRoutes } from './routes/changes.ts'
export { branchRoutes } from './routes/branches.ts'
export { dataApiRoutes } from './routes/data-api.ts'
export { databaseRoutes } from './routes/databases.ts'
export { endpointRoutes } from './routes/endpoints.ts'
export { type PostgresExtension, extensionRoutes } from './routes/extensions.ts'
export { allRoutes, routeGroups } from './routes/index.ts'
export { operationRoutes } from './routes/operations.ts'
export { platformRoutes } from './routes/platform.ts'
export { projectRoutes } from './routes/projects.ts'
export { roleRoutes } from './routes/roles.ts'
export { snapshotRoutes } from './routes/snapshots.ts'
export { type MaskRules, parseUpdateMask } from './update-mask.ts'
export {
  branchUpdate,
  databaseUpdate,
  dataApiUpdate,
  endpointUpdate,
  projectUpdate,
  roleUpdate,
  snapshotScheduleUpdate,
} from './update-rules.ts'
export type {
  App,
  AppDeployment,
  AppLogLine,
  AppResource,
  AppTemplate,
  AppUpdate,
  AppVariable,
  CreateAppBody,
  CreateDeploymentBody,
  DeploymentState,
  EnvVar,
  UpdateAppBody,
} from './resources/apps.ts'
export { type ExportQuery, type ImportFormat, importFields, type ObjectInfo } from './resources/workspace.ts'
export {
  ABSENT_APP_RESOURCES,
  type AppHealthCheck,
  type AppIsolation,
  type AppLimits,
  OTHER_APP_SETTINGS,
  type OtherAppSettings,
} from './resources/apps.ts'
export { appsRoutes } from './routes/apps.ts'
export { workspaceFilesRoutes } from './routes/workspace-files.ts'
export { absentFeatureAt } from './routes/absent-paths.ts'
export { absentServicePaths } from './routes/absent-services.ts'
export { bundleDeploymentRoutes } from './routes/bundle-deployments.ts'
export type {
  BundleDeployment,
  BundleDeploymentInput,
  BundleOperation,
  BundleOperationInput,
  BundleResource,
  BundleVersion,
  BundleVersionInput,
} from './resources/bundle-deployments.ts'
export { workspaceRoutes } from './routes/workspace.ts'
export type { DatabaseCredentialReply } from './resources/identity-credentials.ts'
export type { ScimGroup, ScimServicePrincipal, ScimUser } from './resources/identity-scim.ts'
export { credentialRoutes } from './routes/identity-credentials.ts'
export { oauthRoutes } from './routes/oauth.ts'
export { permissionRoutes } from './routes/permissions.ts'
export { scimRoutes } from './routes/scim.ts'
export { secretRoutes } from './routes/secrets.ts'
export type { CreateScopeBody, PutSecretBody } from './resources/secrets.ts'
export { servicePrincipalSecretRoutes } from './routes/service-principal-secrets.ts'
export { signInRoutes } from './routes/sign-in.ts'
export { tokenRoutes } from './routes/tokens.ts'
export {
  SQL_LIMITS,
  type SqlColumn,
  type SqlEvent,
  type SqlNotice,
  type SqlRunBody,
} from './resources/sql.ts'
export type { EndpointTelemetry } from './resources/telemetry.ts'
export type { Overview, Session } from './resources/overview.ts'
export { sqlRoutes } from './routes/sql.ts'
export { metricsRoutes, telemetryRoutes } from './routes/telemetry.ts'
export { overviewRoutes } from './routes/overview.ts'
export { branchControlRoutes, type SchemaComparison } from './routes/branch-control.ts'
export { branchFileRoutes, type BranchImport } from './routes/branch-files.ts'
export { branchLsn } from './resources/branch.ts'
export type { BranchHistory, OpenMoment, RestoreInput } from './resources/history.ts'
export { restoreRoutes } from './routes/restores.ts'
export { computeControlRoutes } from './routes/compute-control.ts'
export { errorPage } from './error-page.ts'
export { openApiDocument } from './openapi.ts'
export * from './actions/index.ts'
export { actionPage } from './actions/page.ts'
export { nearest } from './nearest.ts'
export { endpointOption, type PostgresPlace, postgresUrl } from './postgres-url.ts'
export { readOperation } from './read-operation.ts'
