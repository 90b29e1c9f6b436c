import { z } from 'zod'
import { timestamp } from './fields.ts'
import { postgresIdentifier } from './role.ts'

export const databaseSpec = z.object({
  postgres_database: postgresIdentifier.optional(),
  /** Full resource name of the role that owns it. */
  role: z.string().optional(),
})

export type DatabaseSpec = z.output<typeof databaseSpec>

/** The body of a create or an update. */
export const databaseInput = z.object({ spec: databaseSpec.optional() })

export const database = z
  .object({
    name: z.string(),
    database_id: z.string(),
    parent: z.string(),
    create_time: timestamp,
    update_time: timestamp,
    /** Lakelet: when it was so; earlier than now while the compute sleeps, which reading does not wake. */
    observed_time: timestamp.optional(),
    status: z.object({
      database_id: z.string(),
      postgres_database: z.string(),
      role: z.string(),
    }),
  })
  .meta({ id: 'Database' })

export type Database = z.output<typeof database>
