import { z } from 'zod'
import { durationText } from './identity-tokens.ts'

export const generateDatabaseCredentialBody = z.object({
  /** Full resource name of an endpoint. */
  endpoint: z.string().optional(),
  claims: z
    .array(
      z.looseObject({
        permission_set: z.string().optional(),
        resources: z.array(z.looseObject({ table_name: z.string().optional() })).optional(),
      }),
    )
    .max(100)
    .optional(),
  ttl: durationText.optional(),
  expire_time: z.iso.datetime({ offset: true }).optional(),
  group_name: z.string().optional(),
})

export const databaseCredential = z.object({ token: z.string(), expire_time: z.string() })
export type DatabaseCredentialReply = z.infer<typeof databaseCredential>
