// `/api/2.0/bundle/deployments…`: where `databricks bundle` records what it deployed, and holds the lock that keeps two deployments of one
// bundle apart.
import { z } from 'zod'
import {
  bundleDeployment,
  bundleDeploymentInput,
  bundleOperation,
  bundleOperationInput,
  bundleResource,
  bundleVersion,
  bundleVersionInput,
  completionReason,
} from '../resources/bundle-deployments.ts'
import { paging, queryFlag, updateMaskQuery } from '../resources/fields.ts'
import { defineRoute } from '../route.ts'

const LIST = '/api/2.0/bundle/deployments'
const DEPLOYMENT = `${LIST}/:deployment`
const VERSION = `${DEPLOYMENT}/versions/:version`
const deployment = z.object({ deployment: z.string() })
const version = deployment.extend({ version: z.string() })
/** Keys of resources may hold slashes. */
const key = { '*': z.string() }
const permission = { kind: 'service', rule: 'who created the deployment; admins everything' } as const
const errors = ['resource_not_found'] as const
const writeErrors = [...errors, 'bundle_aborted'] as const
const token = { next_page_token: z.string().optional() }

/** A state is the whole configuration of a resource as text. */
const operationLimit = 8 * 1024 * 1024

export const bundleDeploymentRoutes = {
  create: defineRoute({
    id: 'bundle.createDeployment',
    method: 'POST',
    path: LIST,
    summary: 'Register a deployment of a bundle',
    query: z.object({
      deployment_id: z
        .string()
        .regex(/^[\w-]{1,128}$/)
        .optional(),
    }),
    body: bundleDeploymentInput,
    reply: bundleDeployment,
    errors: ['bundle_exists'],
    permission: { kind: 'authenticated' },
  }),
  list: defineRoute({
    id: 'bundle.listDeployments',
    method: 'GET',
    path: LIST,
    summary: "List the caller's deployments of bundles",
    query: paging.extend({ show_deleted: queryFlag.optional() }),
    reply: z.object({ deployments: z.array(bundleDeployment).optional(), ...token }),
    errors: [],
    permission: { kind: 'authenticated' },
  }),
  get: defineRoute({
    id: 'bundle.getDeployment',
    method: 'GET',
    path: DEPLOYMENT,
    summary: 'Read a deployment of a bundle',
    params: deployment,
    reply: bundleDeployment,
    errors,
    permission,
  }),
  update: defineRoute({
    id: 'bundle.updateDeployment',
    method: 'PATCH',
    path: DEPLOYMENT,
    summary: 'Change what a deployment of a bundle says of itself',
    params: deployment,
    query: updateMaskQuery,
    body: bundleDeploymentInput,
    reply: bundleDeployment,
    errors,
    permission,
  }),
  delete: defineRoute({
    id: 'bundle.deleteDeployment',
    method: 'DELETE',
    path: DEPLOYMENT,
    summary: 'Mark a deployment of a bundle as deleted',
    params: deployment,
    reply: z.object({}),
    errors,
    permission,
  }),
  createVersion: defineRoute({
    id: 'bundle.createVersion',
    method: 'POST',
    path: `${DEPLOYMENT}/versions`,
    summary: 'Begin a version of a deployment, and take its lock',
    params: deployment,
    query: z.object({ version_id: z.string().optional() }),
    body: bundleVersionInput,
    bodyLimit: operationLimit,
    reply: bundleVersion,
    errors: writeErrors,
    permission,
  }),
  listVersions: defineRoute({
    id: 'bundle.listVersions',
    method: 'GET',
    path: `${DEPLOYMENT}/versions`,
    summary: 'List the versions of a deployment, newest first',
    params: deployment,
    query: paging,
    reply: z.object({ versions: z.array(bundleVersion).optional(), ...token }),
    errors,
    permission,
  }),
  getVersion: defineRoute({
    id: 'bundle.getVersion',
    method: 'GET',
    path: VERSION,
    summary: 'Read a version of a deployment',
    params: version,
    reply: bundleVersion,
    errors,
    permission,
  }),
  heartbeat: defineRoute({
    id: 'bundle.heartbeat',
    method: 'POST',
    path: `${VERSION}/heartbeat`,
    summary: 'Keep the lock of a version',
    params: version,
    body: z.looseObject({}),
    reply: z.object({ expire_time: z.string() }),
    errors: writeErrors,
    permission,
  }),
  completeVersion: defineRoute({
    id: 'bundle.completeVersion',
    method: 'POST',
    path: `${VERSION}/complete`,
    summary: 'End a version and give its lock back',
    params: version,
    body: z.object({ completion_reason: completionReason, force: z.boolean().optional() }),
    reply: bundleVersion,
    errors: [...writeErrors, 'permission_denied'],
    permission,
  }),
  createOperation: defineRoute({
    id: 'bundle.createOperation',
    method: 'POST',
    path: `${VERSION}/operations`,
    summary: 'Record an operation on a resource',
    params: version,
    query: z.object({ resource_key: z.string().min(1) }),
    body: bundleOperationInput,
    bodyLimit: operationLimit,
    reply: bundleOperation,
    errors: [...writeErrors, 'bundle_exists'],
    permission,
  }),
  listOperations: defineRoute({
    id: 'bundle.listOperations',
    method: 'GET',
    path: `${VERSION}/operations`,
    summary: 'List the operations of a version',
    params: version,
    query: paging,
    reply: z.object({ operations: z.array(bundleOperation).optional(), ...token }),
    errors,
    permission,
  }),
  getOperation: defineRoute({
    id: 'bundle.getOperation',
    method: 'GET',
    path: `${VERSION}/operations/*`,
    summary: 'Read an operation of a version',
    params: version.extend(key),
    reply: bundleOperation,
    errors,
    permission,
  }),
  updateOperation: defineRoute({
    id: 'bundle.updateOperation',
    method: 'PATCH',
    path: `${VERSION}/operations/*`,
    summary: 'Record how an operation went',
    params: version.extend(key),
    query: updateMaskQuery,
    body: bundleOperationInput,
    bodyLimit: operationLimit,
    reply: bundleOperation,
    errors: writeErrors,
    permission,
  }),
  listResources: defineRoute({
    id: 'bundle.listResources',
    method: 'GET',
    path: `${DEPLOYMENT}/resources`,
    summary: 'List the resources of a deployment with their state',
    params: deployment,
    query: paging,
    reply: z.object({ resources: z.array(bundleResource).optional(), ...token }),
    errors,
    permission,
  }),
  getResource: defineRoute({
    id: 'bundle.getResource',
    method: 'GET',
    path: `${DEPLOYMENT}/resources/*`,
    summary: 'Read a resource of a deployment',
    params: deployment.extend(key),
    reply: bundleResource,
    errors,
    permission,
  }),
} as const
