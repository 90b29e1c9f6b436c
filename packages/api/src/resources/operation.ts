// A long-running operation: what every mutation of a Postgres resource answers.
import { z } from 'zod'

const operationError = z.object({
  error_code: z.string(),
  message: z.string(),
  details: z.array(z.record(z.string(), z.unknown())).optional(),
})

/** An operation whose `response`, once `done`, is `response`. */
export function operationOf<const S extends z.ZodType>(response: S) {
  return z.object({
    name: z.string(),
    done: z.boolean(),
    metadata: z.object({ '@type': z.string() }),
    response: response.optional(),
    error: operationError.optional(),
  })
}

/** What a delete answers in place of a resource. */
export const empty = z.object({ '@type': z.literal('type.googleapis.com/google.protobuf.Empty') })

/** An operation of any kind, as its poll route answers it. */
export const operation = operationOf(z.looseObject({}))

export type Operation = z.output<typeof operation>
