import type { Caller } from '../../base/caller.ts'

/** What the HTTP server needs to know about callers; `main` plugs `identity` in. */
export interface CallerPort {
  /** The caller of a bearer token; undefined when the token is unknown, revoked or expired. */
  authenticate(bearerToken: string): Promise<Caller | undefined>
  /** Whether `caller` has `level` on an object; `hidden` where not even its existence may show. */
  authorize(
    caller: Caller,
    object: { readonly type: 'project' | 'app' | 'file'; readonly id: string },
    level: 'CAN_USE' | 'CAN_MANAGE',
  ): Promise<'allowed' | 'denied' | 'hidden'>
}
