// The catalogue of errors, without schemas: a thread that speaks to nobody but Postgres clients needs nothing else of the contract.
export { ERROR_HEADER, writeErrorHeader } from './error-header.ts'
export {
  because,
  type ErrorCode,
  errorCatalogue,
  type ErrorParams,
  isLakeletError,
  LakeletError,
  type Reason,
} from './lakelet-error.ts'
