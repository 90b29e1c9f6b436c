import { z } from 'zod'
import { branchParams } from '../resources/fields.ts'
import { endpoint, endpointParking, endpointParkingInput } from '../resources/endpoint.ts'
import { defineRoute } from '../route.ts'
import { canManageProject, canUseProject } from './postgres.ts'

const base = '/api/2.0/lakelet/postgres/projects/:project/branches/:branch/endpoints/:endpoint'
const params = branchParams.extend({ endpoint: z.string() })
const common = { method: 'POST', params, body: z.object({}), reply: endpoint } as const
const errors = ['resource_not_found', 'branch_not_ready', 'endpoint_disabled'] as const

/** What a connection or a pause does to a compute by itself, asked for by name. */
export const computeControlRoutes = {
  wake: defineRoute({
    ...common,
    id: 'lakelet.wakeEndpoint',
    path: `${base}/wake`,
    summary: 'Start the compute of an endpoint and wait until it is active',
    errors,
    permission: canUseProject,
  }),
  suspend: defineRoute({
    ...common,
    id: 'lakelet.suspendEndpoint',
    path: `${base}/suspend`,
    summary: 'Stop the compute of an endpoint; the next connection starts it again',
    errors: ['resource_not_found'],
    permission: canManageProject,
  }),
  restart: defineRoute({
    ...common,
    id: 'lakelet.restartEndpoint',
    path: `${base}/restart`,
    summary: 'Stop the compute of an endpoint and start it again; its sessions end, unless they are parked',
    errors,
    permission: canManageProject,
  }),
  getParking: defineRoute({
    id: 'lakelet.getEndpointParking',
    method: 'GET',
    path: `${base}/parking`,
    summary: 'Read whether idle sessions of an endpoint outlive the sleep of its compute',
    params,
    reply: endpointParking,
    errors: ['resource_not_found'],
    permission: canUseProject,
  }),
  setParking: defineRoute({
    id: 'lakelet.setEndpointParking',
    method: 'PUT',
    path: `${base}/parking`,
    summary:
      'Say whether idle sessions of an endpoint outlive the sleep of its compute, from its next sleep on',
    params,
    body: endpointParkingInput,
    reply: endpointParking,
    errors: ['resource_not_found'],
    permission: canManageProject,
  }),
} as const
