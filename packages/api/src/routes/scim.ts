import { z } from 'zod'
import {
  scimAttributesQuery,
  scimBody,
  scimGroup,
  scimId,
  scimList,
  scimListQuery,
  scimServicePrincipal,
  scimUser,
} from '../resources/identity-scim.ts'
import { defineRoute } from '../route.ts'

const base = '/api/2.0/preview/scim/v2'
const readErrors = ['scim_invalid', 'principal_not_found'] as const
const writeErrors = [...readErrors, 'principal_exists', 'system_group', 'owner_required'] as const

/** Users, groups and service principals. Everybody may read them, admins may change them. */
export const scimRoutes = {
  me: defineRoute({
    id: 'scim.me',
    method: 'GET',
    path: `${base}/Me`,
    summary: 'Shows the calling user or service principal',
    query: scimAttributesQuery,
    reply: scimUser,
    errors: [],
    permission: { kind: 'authenticated' },
  }),
  ...resourceRoutes('User', scimUser),
  ...resourceRoutes('Group', scimGroup),
  ...resourceRoutes('ServicePrincipal', scimServicePrincipal),
} as const

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the names of the result are built from it
function resourceRoutes<const N extends string, T extends z.ZodType>(name: N, resource: T) {
  const routes = { ...readRoutes(name, resource), ...writeRoutes(name, resource) }
  type Routes = typeof routes
  // The names are built from two closed sets, which the compiler cannot follow through Object.fromEntries.
  return Object.fromEntries(
    Object.entries(routes).map(([verb, route]) => [`${verb}${name}${verb === 'list' ? 's' : ''}`, route]),
  ) as unknown as { [K in keyof Routes as K extends 'list' ? `list${N}s` : `${K}${N}`]: Routes[K] }
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the ids of the result are built from it
function readRoutes<const N extends string, T extends z.ZodType>(name: N, resource: T) {
  const path = `${base}/${name}s`
  return {
    list: defineRoute({
      id: `scim.list${name}s`,
      method: 'GET',
      path,
      summary: `Lists the ${name} resources that match a filter`,
      query: scimListQuery,
      reply: scimList(resource),
      errors: ['scim_invalid'],
      permission: { kind: 'authenticated' },
    }),
    get: defineRoute({
      id: `scim.get${name}`,
      method: 'GET',
      path: `${path}/:id`,
      summary: `Shows a ${name}`,
      params: scimId,
      query: scimAttributesQuery,
      reply: resource,
      errors: readErrors,
      permission: { kind: 'authenticated' },
    }),
  }
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the ids of the result are built from it
function writeRoutes<const N extends string, T extends z.ZodType>(name: N, resource: T) {
  const path = `${base}/${name}s`
  const item = `${path}/:id`
  const change = { params: scimId, body: scimBody, reply: resource, errors: writeErrors } as const
  const permission = { kind: 'admin' } as const
  return {
    create: defineRoute({
      id: `scim.create${name}`,
      method: 'POST',
      path,
      summary: `Creates a ${name}`,
      body: scimBody,
      reply: resource,
      errors: writeErrors,
      permission,
    }),
    replace: defineRoute({
      ...change,
      id: `scim.replace${name}`,
      method: 'PUT',
      path: item,
      summary: `Replaces a ${name}`,
      permission,
    }),
    patch: defineRoute({
      ...change,
      id: `scim.patch${name}`,
      method: 'PATCH',
      path: item,
      summary: `Changes a ${name} by SCIM operations`,
      permission,
    }),
    delete: defineRoute({
      id: `scim.delete${name}`,
      method: 'DELETE',
      path: item,
      summary: `Deletes a ${name}`,
      params: scimId,
      reply: z.object({}),
      errors: writeErrors,
      permission,
    }),
  }
}
