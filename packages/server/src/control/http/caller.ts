import type { IncomingHttpHeaders } from 'node:http'
import type { PermissionLevel } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'

/** A request as far as it is known before its body. */
export interface RequestHead {
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

/** What the HTTP server needs to know about callers; `main` plugs `identity` in. */
export interface CallerPort {
  /** The caller of a bearer token; undefined when the token is unknown, revoked or expired. */
  authenticate(bearerToken: string, request: RequestHead): Caller | undefined | Promise<Caller | undefined>
  /** The caller of a request without a token, by a browser's session; nobody where absent. */
  authenticateSession?(request: RequestHead): Caller | undefined | Promise<Caller | undefined>
  /** Whether `caller` has `level` on an object; `hidden` where not even its existence may show. */
  authorize(
    caller: Caller,
    object: { readonly type: 'project' | 'app' | 'file'; readonly id: string },
    level: PermissionLevel,
  ): 'allowed' | 'denied' | 'hidden' | Promise<'allowed' | 'denied' | 'hidden'>
}
