// The public face of the REST contract.
export { ApiError, type Client, type ClientOptions, createClient, urlOf } from './client.ts'
export type { ErrorEntry, ErrorKind } from './errors/entry.ts'
export {
  type ErrorCode,
  errorCatalogue,
  type ErrorParams,
  isLakeletError,
  LakeletError,
} from './errors/lakelet-error.ts'
export {
  defineRoute,
  type HttpMethod,
  type Payload,
  type Permission,
  type PermissionLevel,
  type RouteBody,
  type RouteCall,
  type RouteDefinition,
  type RouteParams,
  type RouteQuery,
  type RouteReply,
  type RouteResult,
} from './route.ts'
