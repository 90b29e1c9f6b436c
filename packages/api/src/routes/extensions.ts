// `/api/2.0/lakelet/extensions`: what `CREATE EXTENSION` knows, and bringing more.
import { z } from 'zod'
import { defineRoute } from '../route.ts'

export const postgresExtension = z.object({
  name: z.string(),
  default_version: z.string(),
  comment: z.string(),
  /** Whether everybody with the right to create objects in a database may create it. */
  trusted: z.boolean(),
  /** Where it was found, after it was brought. */
  source: z.string().optional(),
})
export type PostgresExtension = z.output<typeof postgresExtension>

const path = '/api/2.0/lakelet/extensions'

/** Major version of Postgres; the one that new projects get where absent. */
const pgVersion = z.coerce.number().int().optional()

export const extensionRoutes = {
  list: defineRoute({
    id: 'extensions.list',
    method: 'GET',
    path,
    summary: 'List the Postgres extensions that can be created',
    query: z.object({ pg_version: pgVersion }),
    reply: z.object({ pg_version: z.int(), extensions: z.array(postgresExtension) }),
    errors: ['postgres_version_unknown'],
    permission: { kind: 'authenticated' },
  }),
  install: defineRoute({
    id: 'extensions.install',
    method: 'POST',
    path,
    summary: 'Bring a Postgres extension to this machine, so that it can be created',
    body: z.object({ name: z.string(), pg_version: pgVersion }),
    reply: postgresExtension,
    errors: ['extension_unknown', 'postgres_version_unknown'],
    permission: { kind: 'admin' },
  }),
} as const
