import { z } from 'zod'
import { durationText } from './identity-tokens.ts'

/** Claims become a part of the token, which has to fit into a password message. */
const MOST_CLAIMS = 4096

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
    .refine(
      (claims) => JSON.stringify(claims).length <= MOST_CLAIMS,
      `must have at most ${MOST_CLAIMS} characters`,
    )
    .optional(),
  ttl: durationText.optional(),
  expire_time: z.iso.datetime({ offset: true }).optional(),
  group_name: z.string().optional(),
})

export const databaseCredential = z.object({ token: z.string(), expire_time: z.string() })
export type DatabaseCredentialReply = z.infer<typeof databaseCredential>
