// The errors of the server are those of the contract, so that a code means one thing everywhere.
export { isLakeletError, LakeletError } from '@lakelet/api'
