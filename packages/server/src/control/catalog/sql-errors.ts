// What Postgres answers to work in its catalogue, in the words of the API. The codes: Appendix A of the Postgres manual.
import { isLakeletError, LakeletError } from '../../base/errors.ts'
import { DatabaseError, isConnectionLost } from '../../postgres/index.ts'

/** Routines of Postgres that find a row of the catalogue changed by somebody else; their SQLSTATE is that of a bug. */
const CONCURRENT_UPDATE = new Set(['simple_heap_update', 'simple_heap_delete'])

/** Whether the same work may succeed in a moment: others were at the same rows, or all connections are taken. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false
  const isConcurrent = error.code === 'XX000' && CONCURRENT_UPDATE.has(error.routine ?? '')
  return isConcurrent || ['40001', '40P01', '53300'].includes(error.code ?? '')
}

/** `error` as a LakeletError; whatever is not Postgres' stays what it is. */
export function catalogError(error: unknown): unknown {
  if (isLakeletError(error)) return error
  if (isConnectionLost(error)) {
    return new LakeletError('compute_restarting', {}, { cause: error })
  }
  if (!(error instanceof DatabaseError)) return error
  const { code = '', message, detail } = error
  const reason = detail === undefined ? message : `${message} (${detail})`
  const options = { cause: error }
  const isConcurrent = code === 'XX000' && CONCURRENT_UPDATE.has(error.routine ?? '')
  if (isConcurrent) return new LakeletError('catalog_busy', { reason }, options)
  switch (code) {
    case '55006':
      return new LakeletError('catalog_object_in_use', { reason }, options)
    case '55P03':
    case '40001':
    case '40P01':
      return new LakeletError('catalog_busy', { reason }, options)
    case '57014':
      return new LakeletError('catalog_timeout', { reason }, options)
    case '53300':
      return new LakeletError('compute_connections_exhausted', {}, options)
    case '53100':
    case '53200':
    case '53400':
      return new LakeletError('compute_out_of_resources', { reason }, options)
    case '2BP01':
    case '2B000':
      return new LakeletError('catalog_object_needed', { reason }, options)
    default:
      // Internal errors, damaged data and failing disks are faults to be looked into, not refusals.
      if (/^(XX|58|F0)/.test(code)) return error
      return new LakeletError('catalog_refused', { reason, sqlState: code }, options)
  }
}
