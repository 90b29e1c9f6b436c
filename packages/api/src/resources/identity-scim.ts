// SCIM 2.0 (RFC 7643, RFC 7644) as the workspace speaks it. Bodies are read leniently: the service takes what it knows of them.
import { z } from 'zod'

/** A reference from one SCIM resource to another. */
const scimReference = z.looseObject({
  value: z.string(),
  display: z.string().optional(),
  type: z.string().optional(),
  primary: z.boolean().optional(),
  $ref: z.string().optional(),
})

const scimBase = {
  schemas: z.array(z.string()),
  id: z.string(),
  displayName: z.string(),
  externalId: z.string().optional(),
  groups: z.array(scimReference).optional(),
  entitlements: z.array(scimReference).optional(),
  roles: z.array(scimReference).optional(),
}

/** A user; `Me` of a service principal has the same shape, with its application id as `userName`. */
export const scimUser = z.looseObject({
  ...scimBase,
  userName: z.string(),
  active: z.boolean(),
  name: z.looseObject({ givenName: z.string().optional(), familyName: z.string().optional() }).optional(),
  emails: z.array(scimReference).optional(),
})
export type ScimUser = z.infer<typeof scimUser>

export const scimServicePrincipal = z.looseObject({
  ...scimBase,
  applicationId: z.string(),
  active: z.boolean(),
})
export type ScimServicePrincipal = z.infer<typeof scimServicePrincipal>

export const scimGroup = z.looseObject({
  ...scimBase,
  members: z.array(scimReference).optional(),
  meta: z.looseObject({ resourceType: z.string() }).optional(),
})
export type ScimGroup = z.infer<typeof scimGroup>

/** A page of SCIM resources; `startIndex` counts from 1. */
export function scimList<T extends z.ZodType>(resource: T) {
  return z.looseObject({
    schemas: z.array(z.string()),
    totalResults: z.number(),
    startIndex: z.number(),
    itemsPerPage: z.number(),
    Resources: z.array(resource),
  })
}

/** Which attributes a reply holds: comma-separated names. */
export const scimAttributesQuery = z.object({
  attributes: z.string().optional(),
  excludedAttributes: z.string().optional(),
})

export const scimListQuery = z.object({
  ...scimAttributesQuery.shape,
  filter: z.string().optional(),
  count: z.string().optional(),
  startIndex: z.string().optional(),
  sortBy: z.string().optional(),
  sortOrder: z.string().optional(),
})

export const scimId = z.object({ id: z.string() })

/** A SCIM resource as a client sends it. */
export const scimBody = z.unknown()
