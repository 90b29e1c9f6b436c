// What may be asked of a new version of an app before it serves.
import type { AppHealthCheck } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'

/** As long as an app may take to start. */
const MOST_SECONDS = 600

/** LakeletError `app_health_check_invalid`. */
export function checkHealthCheck({ path, timeout }: AppHealthCheck): void {
  const seconds = timeout === undefined ? 1 : Number.parseFloat(timeout)
  // A path with anything that a request line cannot carry would be another request.
  const isPath = /^\/[\u0021-\u007e]*$/.test(path)
  if (isPath && seconds >= 1 && seconds <= MOST_SECONDS) return
  throw new LakeletError('app_health_check_invalid', { most: MOST_SECONDS })
}
