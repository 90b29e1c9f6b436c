import { scimRoutes } from '@lakelet/api'
import type { FastifyReply } from 'fastify'
import { ERROR_HEADER, isLakeletError, type LakeletError, writeErrorHeader } from '../../base/errors.ts'
import { type ImplementedRoute, implementRoutes } from '../http/implementation.ts'
import type { ScimService } from '../services/scim.ts'

const ERROR_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** Handlers of `/api/2.0/preview/scim/v2/…`. Their errors have the shape of RFC 7644 §3.12. */
export function implementScim(service: ScimService): ImplementedRoute[] {
  return implementRoutes(scimRoutes, {
    me: ({ caller, query }) => service.me(caller, query),
    listUsers: ({ query }) => service.list('User', query),
    getUser: ({ params, query }) => service.get('User', params.id, query),
    createUser: ({ body, http }) => created(http.reply, service.create('User', body)),
    replaceUser: ({ params, body }) => service.replace('User', params.id, body),
    patchUser: ({ params, body }) => service.patch('User', params.id, body),
    deleteUser: ({ params, http }) => deleted(http.reply, service.delete('User', params.id)),
    listGroups: ({ query }) => service.list('Group', query),
    getGroup: ({ params, query }) => service.get('Group', params.id, query),
    createGroup: ({ body, http }) => created(http.reply, service.create('Group', body)),
    replaceGroup: ({ params, body }) => service.replace('Group', params.id, body),
    patchGroup: ({ params, body }) => service.patch('Group', params.id, body),
    deleteGroup: ({ params, http }) => deleted(http.reply, service.delete('Group', params.id)),
    listServicePrincipals: ({ query }) => service.list('ServicePrincipal', query),
    getServicePrincipal: ({ params, query }) => service.get('ServicePrincipal', params.id, query),
    createServicePrincipal: ({ body, http }) => created(http.reply, service.create('ServicePrincipal', body)),
    replaceServicePrincipal: ({ params, body }) => service.replace('ServicePrincipal', params.id, body),
    patchServicePrincipal: ({ params, body }) => service.patch('ServicePrincipal', params.id, body),
    deleteServicePrincipal: ({ params, http }) =>
      deleted(http.reply, service.delete('ServicePrincipal', params.id)),
  }).map(withScimErrors)
}

async function created<R>(reply: FastifyReply, work: Promise<R>): Promise<R> {
  const made = await work
  reply.code(201)
  return made
}

async function deleted(reply: FastifyReply, work: Promise<void>): Promise<Record<string, never>> {
  await work
  await reply.code(204).send()
  return {}
}

function withScimErrors({ route, handle }: ImplementedRoute): ImplementedRoute {
  return {
    route,
    handle: async (request) => {
      try {
        return await handle(request)
      } catch (error) {
        if (!isLakeletError(error)) throw error
        const header = writeErrorHeader(error)
        if (header !== undefined) request.http.reply.header(ERROR_HEADER, header)
        request.http.reply.code(error.entry.status)
        return scimError(error) as unknown as Awaited<ReturnType<typeof handle>>
      }
    },
  }
}

function scimError(error: LakeletError) {
  const scimType = { principal_exists: 'uniqueness', scim_invalid: 'invalidValue' }[error.code as string]
  return {
    schemas: [ERROR_SCHEMA],
    detail: error.message,
    status: String(error.entry.status),
    ...(scimType === undefined ? {} : { scimType }),
  }
}
