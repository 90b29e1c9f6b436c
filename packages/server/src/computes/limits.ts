import { LakeletError } from '../base/errors.ts'

/** Longest that a change by the API, or a login, waits for its compute. */
export const WAKE_MS = 60_000

export function unreachable(ms: number): LakeletError {
  return new LakeletError('compute_unreachable', { reason: `it did not answer within ${ms / 1000} s` })
}
