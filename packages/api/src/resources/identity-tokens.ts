import { z } from 'zod'

/** A personal access token as lists show it. Times are milliseconds since 1970; -1 for a token without an end. */
export const personalTokenInfo = z.object({
  token_id: z.string(),
  creation_time: z.number(),
  expiry_time: z.number(),
  comment: z.string(),
  scopes: z.array(z.string()).optional(),
})

export const createTokenBody = z.object({
  comment: z.string().max(1024).optional(),
  lifetime_seconds: z.int().positive().max(3_153_600_000).optional(),
  scopes: z.array(z.string()).optional(),
})

export const updateTokenBody = z.object({
  token: z.object({ comment: z.string().max(1024).optional(), scopes: z.array(z.string()).optional() }),
  update_mask: z.string(),
})

/** A secret of a service principal as lists show it. */
export const servicePrincipalSecret = z.object({
  id: z.string(),
  secret_hash: z.string(),
  status: z.string(),
  create_time: z.string(),
  update_time: z.string(),
  expire_time: z.string().optional(),
  scopes: z.array(z.string()).optional(),
})

/** Seconds as the APIs write a duration: `"3600s"`. */
export const durationText = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,9})?s$/, 'must be a number of seconds such as "3600s"')
