// Deployments of bundles (databricks-sdk: `bundledeployments`). Clients write them and read them back; nothing here acts on them.
import { z } from 'zod'

const anything = z.looseObject({})

/** What a client says of a deployment. */
export const bundleDeploymentInput = z.object({
  display_name: z.string().max(256).optional(),
  target_name: z.string().optional(),
  deployment_mode: z.string().optional(),
  workspace_info: anything.optional(),
  git_info: anything.optional(),
  /** Folder where the deployment is first made; not shown again. */
  initial_parent_path: z.string().optional(),
})
export type BundleDeploymentInput = z.output<typeof bundleDeploymentInput>

export const bundleDeployment = bundleDeploymentInput.omit({ initial_parent_path: true }).extend({
  name: z.string(),
  status: z.enum([
    'DEPLOYMENT_STATUS_ACTIVE',
    'DEPLOYMENT_STATUS_IN_PROGRESS',
    'DEPLOYMENT_STATUS_FAILED',
    'DEPLOYMENT_STATUS_DELETED',
  ]),
  created_by: z.string(),
  create_time: z.string(),
  updated_by: z.string(),
  update_time: z.string(),
  destroyed_by: z.string().optional(),
  destroy_time: z.string().optional(),
  last_version_id: z.string().optional(),
  last_successful_version_id: z.string().optional(),
})
export type BundleDeployment = z.output<typeof bundleDeployment>

const plannedOperation = z.object({ resource_key: z.string().min(1), action_type: z.string() })

export const bundleVersionInput = z.object({
  cli_version: z.string().optional(),
  version_type: z.enum(['VERSION_TYPE_DEPLOY', 'VERSION_TYPE_DESTROY']).optional(),
  display_name: z.string().max(256).optional(),
  target_name: z.string().optional(),
  deployment_mode: z.string().optional(),
  git_info: anything.optional(),
  workspace_info: anything.optional(),
  previous_version_id: z.string().optional(),
  /** The whole plan of the version; not shown again. */
  operations: z.array(plannedOperation).optional(),
})
export type BundleVersionInput = z.output<typeof bundleVersionInput>

export const completionReason = z.enum([
  'VERSION_COMPLETE_SUCCESS',
  'VERSION_COMPLETE_FAILURE',
  'VERSION_COMPLETE_FORCE_ABORT',
  'VERSION_COMPLETE_LEASE_EXPIRED',
])

export const bundleVersion = bundleVersionInput.omit({ operations: true }).extend({
  name: z.string(),
  version_id: z.string(),
  status: z.enum(['VERSION_STATUS_IN_PROGRESS', 'VERSION_STATUS_COMPLETED']),
  created_by: z.string(),
  create_time: z.string(),
  completed_by: z.string().optional(),
  complete_time: z.string().optional(),
  completion_reason: completionReason.optional(),
})
export type BundleVersion = z.output<typeof bundleVersion>

const operationStatus = z.enum([
  'OPERATION_STATUS_PENDING',
  'OPERATION_STATUS_SUCCEEDED',
  'OPERATION_STATUS_FAILED',
])

/** What a client may change of an operation, and say of a new one. `state` is kept on the resource only. */
export const bundleOperationInput = z.object({
  action_type: z.string().optional(),
  status: operationStatus.optional(),
  error_message: z.string().optional(),
  resource_id: z.string().optional(),
  state: z.string().optional(),
  dashboard_metadata: anything.optional(),
  sequence_id: z.int().optional(),
})
export type BundleOperationInput = z.output<typeof bundleOperationInput>

export const bundleOperation = bundleOperationInput.omit({ state: true }).extend({
  name: z.string(),
  resource_key: z.string(),
  resource_type: z.string().optional(),
  status: operationStatus,
  sequence_id: z.int(),
  create_time: z.string(),
  update_time: z.string(),
})
export type BundleOperation = z.output<typeof bundleOperation>

export const bundleResource = z.object({
  name: z.string(),
  resource_key: z.string(),
  resource_type: z.string().optional(),
  resource_id: z.string().optional(),
  state: z.string().optional(),
  dashboard_metadata: anything.optional(),
  last_action_type: z.string().optional(),
  last_version_id: z.string(),
  update_time: z.string(),
})
export type BundleResource = z.output<typeof bundleResource>
