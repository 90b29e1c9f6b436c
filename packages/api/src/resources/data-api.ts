// The Data API of a database: PostgREST over its exposed schemas (`DataApi` of databricks-sdk 0.162, service/postgres.py).
import { z } from 'zod'
import { duration, timestamp } from './fields.ts'
import { postgresIdentifier } from './role.ts'

export const dataApiSpec = z.object({
  /** Schemas that are exposed; the first is the one that is meant where a request names none. `public` where absent. */
  db_schemas: z.array(postgresIdentifier).max(100).optional(),
  db_extra_search_path: z.array(postgresIdentifier).max(100).optional(),
  /** Most rows of an answer; no limit where absent or 0. */
  db_max_rows: z.int().min(0).max(2_147_483_647).optional(),
  db_aggregates_enabled: z.boolean().optional(),
  /** Kept, and without effect: the role is always the identity of the token. */
  jwt_role_claim_key: z.string().max(200).optional(),
  /** Kept, and without effect: tokens are checked at each request. */
  jwt_cache_max_lifetime: duration.optional(),
  openapi_mode: z.enum(['OPEN_API_MODE_IGNORE_PRIVILEGES', 'OPEN_API_MODE_DISABLED']).optional(),
  /** Origins whose pages may call it; all where absent or empty. */
  server_cors_allowed_origins: z.array(z.string().max(300)).max(100).optional(),
  server_timing_enabled: z.boolean().optional(),
  /** Lakelet: a function `schema.name` without parameters that is called before each request, in its transaction. */
  db_pre_request: z
    .string()
    .regex(/^(?:[^."]+\.[^."]+)?$/, 'expected the name of a function such as api.check_request')
    .optional(),
})

export type DataApiSpec = z.output<typeof dataApiSpec>

/** The body of a create or an update. */
export const dataApiInput = z.object({ spec: dataApiSpec.optional() })

export const dataApi = z
  .object({
    name: z.string(),
    create_time: timestamp,
    update_time: timestamp,
    status: dataApiSpec.extend({
      url: z.string(),
      /** Schemas of the database, as they were when the Data API was last changed. */
      available_schemas: z.array(z.string()),
    }),
  })
  .meta({ id: 'DataApi' })

export type DataApi = z.output<typeof dataApi>
