import type { AccessLevel } from '@lakelet/api'
import type { Caller } from '../../base/caller.ts'
import type { RequestHead } from '../../base/request-head.ts'

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
    level: AccessLevel,
  ): 'allowed' | 'denied' | 'hidden' | Promise<'allowed' | 'denied' | 'hidden'>
}
