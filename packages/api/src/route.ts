// A route of the REST API as data. From it come the server's registration and validation, the typed client,
// the OpenAPI file, the endpoint-coverage test and the permission-matrix test.
import type { z } from 'zod'
import type { ErrorCode } from './errors/lakelet-error.ts'

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD'

/** What a route demands on the object that it is about, and what a project grants: using it, or changing it and who may use it. */
export type AccessLevel = 'CAN_USE' | 'CAN_MANAGE'

/** Who may call a route. */
export type Permission =
  /** Anybody, without a token. */
  | { readonly kind: 'public' }
  /** Any principal of the workspace. */
  | { readonly kind: 'authenticated' }
  | { readonly kind: 'admin' }
  /** A principal with at least `level` on the object that the path parameter `param` names. */
  | {
      readonly kind: 'object'
      readonly type: 'project' | 'app' | 'file'
      readonly param: string
      readonly level: AccessLevel
    }
  /** The service decides, by a rule that this text states. */
  | { readonly kind: 'service'; readonly rule: string }

/** `json` is parsed and validated; `raw` hands the bytes through, in or out. */
export type Payload = z.ZodType | 'raw'

export interface RouteDefinition {
  /** `group.verbResource`, unique. */
  readonly id: string
  readonly method: HttpMethod
  /** Parameters as `:name`. A `%2F` inside one segment stays inside its parameter. */
  readonly path: string
  readonly summary: string
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  /** `stream`: bytes that are handed to the handler as they come, as many as there are. */
  readonly body?: Payload | 'stream'
  /** `stream`: bytes that are sent as they come, for as long as either side likes. */
  readonly reply: Payload | 'stream'
  /** Of a `raw` or `stream` reply; `application/octet-stream` where absent. */
  readonly contentType?: string
  /** Codes of the catalogue that this route gives beside those that every route may give. */
  readonly errors: readonly ErrorCode[]
  readonly permission: Permission
  /** Largest body in bytes; 1 MiB where absent. */
  readonly bodyLimit?: number
}

/** Declares a route; it only fixes the types. */
export function defineRoute<const R extends RouteDefinition>(route: R): R {
  return route
}

type OutputOf<P> = P extends z.ZodType ? z.output<P> : Record<string, never>
type InputOf<P> = P extends z.ZodType ? z.input<P> : Record<string, never>

export type RouteParams<R extends RouteDefinition> = OutputOf<R['params']>
export type RouteQuery<R extends RouteDefinition> = OutputOf<R['query']>
export type RouteBody<R extends RouteDefinition> = R['body'] extends 'raw'
  ? Uint8Array
  : R['body'] extends 'stream'
    ? AsyncIterable<Uint8Array>
    : R['body'] extends z.ZodType
      ? z.output<R['body']>
      : undefined
/** What a handler returns: the reply before validation, bytes for a raw one, pieces for a stream. */
export type RouteReply<R extends RouteDefinition> = R['reply'] extends z.ZodType
  ? z.input<R['reply']>
  : R['reply'] extends 'stream'
    ? AsyncIterable<string | Uint8Array>
    : Uint8Array

/** What a caller of the typed client passes. */
export type RouteCall<R extends RouteDefinition> = (R['params'] extends z.ZodType
  ? { readonly params: InputOf<R['params']> }
  : { readonly params?: undefined }) &
  (R['query'] extends z.ZodType ? { readonly query?: InputOf<R['query']> } : { readonly query?: undefined }) &
  (R['body'] extends 'raw'
    ? { readonly body: Uint8Array | string }
    : R['body'] extends 'stream'
      ? { readonly body: Blob }
      : R['body'] extends z.ZodType
        ? { readonly body: InputOf<R['body']> }
        : { readonly body?: undefined })

/** What a caller of the typed client gets. */
export type RouteResult<R extends RouteDefinition> = R['reply'] extends z.ZodType
  ? z.output<R['reply']>
  : R['reply'] extends 'stream'
    ? ReadableStream<Uint8Array>
    : Uint8Array
