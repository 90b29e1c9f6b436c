import { bundleDeploymentRoutes } from '@lakelet/api'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { BundleDeploymentsService } from '../services/bundle-deployments.ts'
import type { BundleOperationsService } from '../services/bundle-operations.ts'

/** Handlers of `/api/2.0/bundle/…`. */
export function implementBundleDeployments(
  deployments: BundleDeploymentsService,
  operations: BundleOperationsService,
): ImplementedRoute[] {
  return implementRoutes(bundleDeploymentRoutes, {
    create: ({ caller, query, body }) => deployments.create(caller, query.deployment_id, body),
    list: ({ caller, query }) => deployments.list(caller, query),
    get: ({ caller, params }) => deployments.get(caller, params.deployment),
    update: ({ caller, params, query, body }) =>
      deployments.update(caller, params.deployment, query.update_mask, body),
    delete: async ({ caller, params }) => {
      await deployments.delete(caller, params.deployment)
      return {}
    },
    createVersion: ({ caller, params, query, body }) =>
      deployments.createVersion(caller, params.deployment, query.version_id, body),
    listVersions: ({ caller, params, query }) => deployments.listVersions(caller, params.deployment, query),
    getVersion: async ({ caller, params }) =>
      (await deployments.version(caller, params.deployment, params.version)).view,
    heartbeat: ({ caller, params }) => deployments.heartbeat(caller, params.deployment, params.version),
    completeVersion: ({ caller, params, body }) =>
      deployments.complete(
        caller,
        params.deployment,
        params.version,
        body.completion_reason,
        body.force ?? false,
      ),
    createOperation: ({ caller, params, query, body }) =>
      operations.create(caller, params.deployment, params.version, query.resource_key, body),
    listOperations: ({ caller, params, query }) =>
      operations.list(caller, params.deployment, params.version, query),
    getOperation: ({ caller, params }) =>
      operations.get(caller, params.deployment, params.version, params['*']),
    updateOperation: ({ caller, params, query, body }) =>
      operations.update(caller, params.deployment, params.version, params['*'], query.update_mask, body),
    listResources: ({ caller, params, query }) => operations.listResources(caller, params.deployment, query),
    getResource: ({ caller, params }) => operations.getResource(caller, params.deployment, params['*']),
  })
}
