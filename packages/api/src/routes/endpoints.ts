import { z } from 'zod'
import { computeActivity, computeInstance, endpoint, endpointInput } from '../resources/endpoint.ts'
import { branchParams, paging, queryFlag, updateMaskQuery } from '../resources/fields.ts'
import { empty, operationOf } from '../resources/operation.ts'
import { defineRoute } from '../route.ts'
import { BRANCH, canManageProject, canUseProject, writeErrors } from './postgres.ts'

const params = branchParams.extend({ endpoint: z.string() })

export const endpointRoutes = {
  createEndpoint: defineRoute({
    id: 'postgres.createEndpoint',
    method: 'POST',
    path: `${BRANCH}/endpoints`,
    summary: 'Create an endpoint',
    params: branchParams,
    query: z.object({ endpoint_id: z.string().default(''), replace_existing: queryFlag.optional() }),
    body: endpointInput,
    reply: operationOf(endpoint),
    errors: [
      ...writeErrors,
      'field_required',
      'invalid_id',
      'already_exists',
      'second_read_write_endpoint',
      'not_implemented',
    ],
    permission: canManageProject,
  }),
  listEndpoints: defineRoute({
    id: 'postgres.listEndpoints',
    method: 'GET',
    path: `${BRANCH}/endpoints`,
    summary: 'List the endpoints of a branch',
    params: branchParams,
    query: paging,
    reply: z.object({ endpoints: z.array(endpoint).optional(), next_page_token: z.string().optional() }),
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
  getEndpoint: defineRoute({
    id: 'postgres.getEndpoint',
    method: 'GET',
    path: `${BRANCH}/endpoints/:endpoint`,
    summary: 'Read an endpoint',
    params,
    reply: endpoint,
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
  updateEndpoint: defineRoute({
    id: 'postgres.updateEndpoint',
    method: 'PATCH',
    path: `${BRANCH}/endpoints/:endpoint`,
    summary: 'Change the size, suspension or Postgres settings of an endpoint, or disable it',
    params,
    query: updateMaskQuery,
    body: endpointInput,
    reply: operationOf(endpoint),
    errors: [...writeErrors, 'not_implemented'],
    permission: canManageProject,
  }),
  deleteEndpoint: defineRoute({
    id: 'postgres.deleteEndpoint',
    method: 'DELETE',
    path: `${BRANCH}/endpoints/:endpoint`,
    summary: 'Delete a read-only endpoint',
    params,
    reply: operationOf(empty),
    errors: [...writeErrors, 'endpoint_is_read_write'],
    permission: canManageProject,
  }),
  listComputeInstances: defineRoute({
    id: 'postgres.listComputeInstances',
    method: 'GET',
    path: `${BRANCH}/endpoints/:endpoint/compute-instances`,
    summary: 'List the computes behind an endpoint',
    params,
    query: paging,
    reply: z.object({
      compute_instances: z.array(computeInstance).optional(),
      next_page_token: z.string().optional(),
    }),
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
  getComputeInstance: defineRoute({
    id: 'postgres.getComputeInstance',
    method: 'GET',
    path: `${BRANCH}/endpoints/:endpoint/compute-instances/:instance`,
    summary: 'Read a compute behind an endpoint',
    params: params.extend({ instance: z.string() }),
    reply: computeInstance,
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
  getActivity: defineRoute({
    id: 'lakelet.getEndpointActivity',
    method: 'GET',
    path: '/api/2.0/lakelet/projects/:project/branches/:branch/endpoints/:endpoint/activity',
    summary: 'Read what keeps the compute of an endpoint awake, why it last slept and what went wrong',
    params,
    reply: computeActivity,
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
} as const
