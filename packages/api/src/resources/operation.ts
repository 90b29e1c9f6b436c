// A long-running operation: what every mutation of a Postgres resource answers.
import { z } from 'zod'

const operationError = z.object({
  error_code: z.string(),
  message: z.string(),
  details: z.array(z.record(z.string(), z.unknown())).optional(),
  /** Which error it is, as the header `lakelet-error` of an error reply says it. */
  lakelet_error: z.string().optional(),
})

/** An operation whose `response`, once `done`, is `response`. */
export function operationOf<const S extends z.ZodType>(response: S) {
  return z.object({
    name: z.string(),
    done: z.boolean(),
    metadata: z.object({
      '@type': z.string(),
      /** What a step that takes its time says of how far it is. */
      progress_message: z.string().optional(),
    }),
    response: response.optional(),
    error: operationError.optional(),
  })
}

/** What a delete answers in place of a resource. */
export const empty = z.object({ '@type': z.literal('type.googleapis.com/google.protobuf.Empty') })

/** An operation of any kind, as its poll route answers it. */
export const operation = operationOf(z.looseObject({}))

export type Operation = z.output<typeof operation>

/** An operation as a list shows it: what it does to which resource, how far it is, and how it ended. */
export const operationSummary = z.object({
  name: z.string(),
  /** What it does, such as `create_branch`. */
  kind: z.string(),
  /** Full name of the resource it works on. */
  resource: z.string(),
  /** `UNDOING`: a step failed, and what the steps before it did is taken back. */
  state: z.enum(['RUNNING', 'UNDOING', 'SUCCEEDED', 'FAILED']),
  steps_done: z.int(),
  steps: z.int(),
  /** Who asked for it; absent for what the workspace does by itself, and for who is gone. */
  started_by: z.string().optional(),
  create_time: z.string(),
  end_time: z.string().optional(),
  error: operationError.optional(),
})

export type OperationSummary = z.output<typeof operationSummary>

export const operationList = z.object({
  operations: z.array(operationSummary).optional(),
  next_page_token: z.string().optional(),
})
