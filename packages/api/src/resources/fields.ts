// Fields that many resources and routes share.
import { z } from 'zod'

/** Ids of projects, branches and endpoints. */
export const RESOURCE_ID = /^[a-z][a-z0-9-]{0,62}$/
/** The service names this pattern in its own error text. */
export const DATABASE_ID = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/
export const ROLE_ID = /^[a-z][a-z0-9-]{3,62}$/

// oxlint-disable-next-line no-control-regex -- control characters have no place in a name
const CONTROL = /[\u0000-\u001f\u007f]/

/** Text on one line, such as a name that people read. */
export function lineOfText(least: number, most: number) {
  const range = `must have ${least} to ${most} characters`
  return z
    .string()
    .min(least, range)
    .max(most, range)
    .refine((text) => !CONTROL.test(text), 'must not contain control characters')
}

/** RFC 3339 with a zone; replies always use `Z`. */
export const timestamp = z.iso.datetime({
  offset: true,
  error: 'expected an RFC 3339 time such as 2026-01-31T12:00:00Z',
})

/** A time as people type it, in capitals and with seconds; what is no time stays none. */
export function fullTime(text: string): string {
  return text.toUpperCase().replace(/(T\d\d:\d\d)(?=Z$|[+-])/, '$1:00')
}

/** Seconds, as in `300s`. */
export const duration = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,9})?s$/, "expected a duration in seconds such as '300s'")

/** Seconds of a duration such as `300s`; a fraction is cut off. */
export function secondsOf(text: string): number {
  return Math.trunc(Number(text.slice(0, -1)))
}

/** A duration as the API writes it. */
export function durationOf(seconds: number): string {
  return `${seconds}s`
}

/** A flag in a query string. */
export const queryFlag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0', ''])])
  .transform((value) => value === true || value === 'true' || value === '1')

/** Query of a paged list. A size of 0 or none means the largest. */
export const paging = z.object({
  page_size: z.coerce
    .number('page_size must be a number')
    .int('page_size must be a whole number')
    .min(0, 'page_size must not be negative')
    .optional(),
  page_token: z.string().optional(),
})

export const pagingWithDeleted = paging.extend({ show_deleted: queryFlag.optional() })

export const updateMaskQuery = z.object({ update_mask: z.string().optional() })

/** The largest page, and the one given when no size is asked for. */
export const MAX_PAGE_SIZE = 100

export const projectParams = z.object({ project: z.string() })
export const branchParams = projectParams.extend({ branch: z.string() })

/**
 * Lakelet's own: what keeps a resource from being as it should be. `disk_full`: what needs room is refused; `archive`: the log of the branch
 * is not archived; `compute`: the last start failed or the server ended by itself. It goes when the reason does.
 */
export const resourceProblem = z.object({
  kind: z.enum(['disk_full', 'archive', 'compute']),
  since: timestamp,
  message: z.string(),
})

export type ResourceProblem = z.output<typeof resourceProblem>
