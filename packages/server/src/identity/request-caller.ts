// Who sends an HTTP request: by its bearer token, or by the session cookie of a browser that shows the workspace's own pages.
import type { Caller } from '../base/caller.ts'
import { LakeletError } from '../base/errors.ts'
import { isReading, type RequestHead, senderOf } from '../base/request-head.ts'
import type { Authenticator } from './authenticate.ts'
import type { BrowserSessions } from './browser-sessions.ts'
import type { PermissionLevel } from './permission-levels.ts'
import type { Permissions } from './permissions.ts'
import type { ObjectRef } from './ports.ts'
import { scopesAllow } from './scopes.ts'

/** What an HTTP server asks about callers. */
export interface RequestCallers {
  /** The caller of a bearer token; undefined for a bad one. LakeletError `scope_missing` when it is good, but not for this API. */
  authenticate(bearer: string, request: Pick<RequestHead, 'path'>): Caller | undefined
  /**
   * The caller of a browser's session. A cookie counts only for a page of this very origin (apps are pages of other ports of the same
   * host, which get the cookie too), and for reading also where nothing says that a page asked: LakeletError `cross_origin_request`.
   */
  authenticateSession(request: RequestHead): Promise<Caller | undefined>
  authorize(
    caller: Caller,
    object: ObjectRef,
    level: PermissionLevel,
  ): 'allowed' | Promise<'allowed' | 'denied' | 'hidden'>
}

export function requestCallers(parts: {
  readonly authenticator: Authenticator
  readonly sessions: BrowserSessions
  readonly permissions: Permissions
}): RequestCallers {
  return {
    authenticate(bearer, { path }) {
      const found = parts.authenticator.inspect(bearer)
      if (found && !scopesAllow(found.scopes, path)) {
        throw new LakeletError('scope_missing', { scopes: found.scopes.join(' ') })
      }
      return found?.caller
    },
    async authenticateSession({ method, headers }) {
      const caller = await parts.sessions.callerOf(headers.cookie)
      const sender = senderOf(headers)
      const isOurs = sender === 'own' || (sender === 'unsaid' && isReading(method))
      if (caller && !isOurs) throw new LakeletError('cross_origin_request')
      return caller
    },
    authorize: (caller, object, level) => parts.permissions.authorize(caller, object, level),
  }
}
