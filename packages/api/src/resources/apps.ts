// Apps and their deployments (databricks-sdk: `apps.App`, `apps.AppDeployment`).
import { z } from 'zod'

const computeStatus = z.object({
  state: z.enum(['ACTIVE', 'DELETING', 'ERROR', 'STARTING', 'STOPPED', 'STOPPING', 'UPDATING']),
  message: z.string(),
  active_instances: z.int().optional(),
})

const appStatus = z.object({
  state: z.enum(['CRASHED', 'DEPLOYING', 'RUNNING', 'UNAVAILABLE']),
  message: z.string(),
  running_instances: z.int().optional(),
})

const deploymentState = z.enum(['IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'CANCELLED'])
export type DeploymentState = z.output<typeof deploymentState>

const envVar = z.object({
  name: z.string(),
  value: z.string().optional(),
  /** Key of an app resource. */
  value_from: z.string().optional(),
})
export type EnvVar = z.output<typeof envVar>

const postgresResource = z.object({
  /** `projects/…/branches/…`. */
  branch: z.string(),
  /** `projects/…/branches/…/databases/…`, or the name of the database. */
  database: z.string().optional(),
  permission: z.enum(['CAN_CONNECT_AND_CREATE']).optional(),
})

const secretResource = z.object({
  scope: z.string(),
  key: z.string(),
  permission: z.enum(['READ', 'WRITE', 'MANAGE']).optional(),
})

/** Another app of the workspace, which the app's service principal may then use. */
const otherApp = z.object({ name: z.string(), permission: z.enum(['CAN_USE']).optional() })

/** Kinds of resources that no local workspace has: kept as they were sent, and of no value to an app. */
export const ABSENT_APP_RESOURCES = [
  'database',
  'experiment',
  'genie_space',
  'job',
  'serving_endpoint',
  'sql_warehouse',
  'uc_securable',
] as const

/** Something that the app may use, under a key that `valueFrom` names. */
const appResource = z.looseObject({
  name: z.string().min(1),
  description: z.string().optional(),
  postgres: postgresResource.optional(),
  secret: secretResource.optional(),
  app: otherApp.optional(),
})
export type AppResource = z.output<typeof appResource>

const healthCheck = z.object({
  /** Path of the app that is asked, such as `/health`. */
  path: z.string(),
  /** How long the app may take to pass, as a duration in seconds (`30s`). */
  timeout: z
    .string()
    .regex(/^\d+(?:\.\d+)?s$/, "a duration in seconds, such as '30s'")
    .optional(),
})
/** What a new version of an app must answer before it serves. */
export type AppHealthCheck = z.output<typeof healthCheck>

export const appDeployment = z.object({
  deployment_id: z.string(),
  source_code_path: z.string().optional(),
  mode: z.enum(['SNAPSHOT', 'AUTO_SYNC']),
  status: z.object({ state: deploymentState, message: z.string() }),
  command: z.array(z.string()).optional(),
  env_vars: z.array(envVar).optional(),
  health_check: healthCheck.optional(),
  deployment_artifacts: z.object({ source_code_path: z.string() }).optional(),
  creator: z.string(),
  create_time: z.string(),
  update_time: z.string(),
})
export type AppDeployment = z.output<typeof appDeployment>

/** Settings that have no effect in a local workspace. They are kept and shown as they were sent. */
const otherSettings = z.object({
  budget_policy_id: z.string().optional(),
  usage_policy_id: z.string().optional(),
  compute_min_instances: z.int().optional(),
  compute_max_instances: z.int().optional(),
  forward_user_access_token: z.boolean().optional(),
  git_repository: z.looseObject({}).optional(),
  telemetry_export_destinations: z.array(z.looseObject({})).optional(),
})
export type OtherAppSettings = z.output<typeof otherSettings>

export const OTHER_APP_SETTINGS = Object.keys(otherSettings.shape) as readonly (keyof OtherAppSettings)[]

export const app = otherSettings.extend({
  name: z.string(),
  id: z.string(),
  description: z.string(),
  /** With its scheme. */
  url: z.string(),
  create_time: z.string(),
  update_time: z.string(),
  creator: z.string(),
  updater: z.string(),
  service_principal_id: z.int(),
  service_principal_client_id: z.string(),
  service_principal_name: z.string(),
  oauth2_app_client_id: z.string(),
  oauth2_app_integration_id: z.string(),
  compute_size: z.enum(['MEDIUM', 'LARGE', 'XLARGE']),
  compute_status: computeStatus,
  app_status: appStatus,
  active_deployment: appDeployment.optional(),
  pending_deployment: appDeployment.optional(),
  default_source_code_path: z.string().optional(),
  resources: z.array(appResource).optional(),
  user_api_scopes: z.array(z.string()).optional(),
  effective_user_api_scopes: z.array(z.string()).optional(),
  thumbnail_url: z.string().optional(),
})
export type App = z.output<typeof app>

/** What of an app can be set. */
const appSettings = otherSettings.extend({
  description: z.string().optional(),
  compute_size: z.enum(['MEDIUM', 'LARGE', 'XLARGE']).optional(),
  resources: z.array(appResource).optional(),
  user_api_scopes: z.array(z.string()).optional(),
})

export const createAppBody = appSettings.extend({ name: z.string().optional() })
export type CreateAppBody = z.output<typeof createAppBody>

export const updateAppBody = appSettings.extend({ name: z.string().optional() })
export type UpdateAppBody = z.output<typeof updateAppBody>

export const createUpdateBody = z.object({ app: updateAppBody.optional(), update_mask: z.string() })

export const appUpdate = appSettings.extend({
  status: z.object({
    state: z.enum(['FAILED', 'IN_PROGRESS', 'NOT_UPDATED', 'SUCCEEDED']),
    message: z.string().optional(),
  }),
})
export type AppUpdate = z.output<typeof appUpdate>

export const createDeploymentBody = z.object({
  source_code_path: z.string().optional(),
  mode: z.enum(['SNAPSHOT', 'AUTO_SYNC']).optional(),
  command: z.array(z.string()).optional(),
  env_vars: z.array(envVar).optional(),
  health_check: healthCheck.optional(),
  deployment_id: z.string().optional(),
})
export type CreateDeploymentBody = z.output<typeof createDeploymentBody>

export const appThumbnail = z.object({
  /** The picture, in base64. */
  thumbnail: z.string().optional(),
})

export const appTemplate = z.object({ name: z.string(), description: z.string() })
export type AppTemplate = z.output<typeof appTemplate>

/** `enforced`: by the kernel, for all that the app runs. `advisory`: by nothing. */
const appLimits = z.object({
  size: z.enum(['MEDIUM', 'LARGE', 'XLARGE']),
  /** In CPUs. */
  cpu: z.object({ limit: z.number(), held: z.enum(['enforced', 'advisory']) }),
  /** In bytes; `each_process`: each process of the app may take that much. */
  memory: z.object({ limit: z.number(), held: z.enum(['enforced', 'each_process', 'advisory']) }),
  /** Processes and threads. */
  processes: z.object({ limit: z.number(), held: z.enum(['enforced', 'advisory']) }),
  /** In bytes, for all that the app may write to; `watched`: an app that takes more is ended soon after. */
  disk: z.object({ limit: z.number(), held: z.enum(['watched', 'advisory']) }),
  /** Why CPU or memory is not enforced. */
  why: z.string().optional(),
})
/** What an app has by its compute size, and what holds it to that on this host. */
export type AppLimits = z.output<typeof appLimits>

export const appIsolation = z.object({
  /** `own`: each run has its network, files and processes to itself, so that any number may listen on one port. */
  sandbox: z.enum(['own', 'none']),
  /** Why there is none, and what to install. */
  why: z.string().optional(),
  /** Whether the app is a user of its own for the operating system. */
  user: z.enum(['own', 'shared']),
  limits: appLimits,
})
/** What keeps an app apart from other apps and from the machine. */
export type AppIsolation = z.output<typeof appIsolation>

export const appLogLine = z.object({
  source: z.enum(['APP', 'SYSTEM']),
  /** Seconds since 1970, with fractions. */
  timestamp: z.number(),
  message: z.string(),
})
export type AppLogLine = z.output<typeof appLogLine>

export const appVariable = z.object({
  name: z.string(),
  /** Secrets are shown as `********`. */
  value: z.string(),
  source: z.enum(['platform', 'resource', 'app.yaml', 'deployment']),
})
export type AppVariable = z.output<typeof appVariable>
