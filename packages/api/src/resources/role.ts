import { z } from 'zod'
import { lineOfText, timestamp } from './fields.ts'

/** A name inside Postgres; at most NAMEDATALEN - 1 bytes, which Postgres would cut silently. */
export const postgresIdentifier = lineOfText(1, 63).refine(
  (name) => new TextEncoder().encode(name).length <= 63,
  'must have at most 63 bytes',
)

const identityType = z.enum(['USER', 'SERVICE_PRINCIPAL', 'GROUP', 'IDENTITY_TYPE_UNSPECIFIED'])

const authMethod = z.enum(['LAKEBASE_OAUTH_V1', 'PG_PASSWORD_SCRAM_SHA_256', 'NO_LOGIN'])

const membershipRoles = z.array(z.enum(['DATABRICKS_SUPERUSER']))

const attributes = z.object({
  createdb: z.boolean().optional(),
  createrole: z.boolean().optional(),
  bypassrls: z.boolean().optional(),
})

export const roleSpec = z.object({
  postgres_role: postgresIdentifier.optional(),
  identity_type: identityType.optional(),
  auth_method: authMethod.optional(),
  membership_roles: membershipRoles.optional(),
  attributes: attributes.optional(),
})

export type RoleSpec = z.output<typeof roleSpec>

/** The body of a create or an update. */
export const roleInput = z.object({ spec: roleSpec.optional() })

export const role = z
  .object({
    name: z.string(),
    role_id: z.string(),
    parent: z.string(),
    create_time: timestamp,
    update_time: timestamp,
    /** Lakelet: when it was so; earlier than now while the compute sleeps, which reading does not wake. */
    observed_time: timestamp.optional(),
    status: z.object({
      role_id: z.string(),
      postgres_role: z.string(),
      identity_type: identityType,
      auth_method: authMethod,
      membership_roles: membershipRoles.optional(),
      attributes: attributes.required(),
    }),
  })
  .meta({ id: 'Role' })

export type Role = z.output<typeof role>
