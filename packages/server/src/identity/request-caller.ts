// Who sends an HTTP request: by its bearer token, or by the session cookie of a browser that shows the workspace's own pages.
import type { IncomingHttpHeaders } from 'node:http'
import type { Caller } from '../base/caller.ts'
import { LakeletError } from '../base/errors.ts'
import type { Authenticator } from './authenticate.ts'
import type { BrowserSessions } from './browser-sessions.ts'
import { isSameOrigin } from './same-origin.ts'
import { scopesAllow } from './scopes.ts'

export interface RequestHead {
  readonly method: string
  /** Path without the query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * The caller; undefined for nobody. A bearer token decides alone when there is one. A cookie counts for reading, and for
 * writing only from a page of this origin: LakeletError `cross_origin_write`. LakeletError `scope_missing` when a token is
 * good but not for this API.
 */
export async function requestCaller(
  request: RequestHead,
  parts: { readonly authenticator: Authenticator; readonly sessions: BrowserSessions },
): Promise<Caller | undefined> {
  const { authorization, cookie } = request.headers
  if (authorization !== undefined) {
    const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? []
    const found = token === undefined ? undefined : parts.authenticator.inspect(token)
    if (found && !scopesAllow(found.scopes, request.path)) {
      throw new LakeletError('scope_missing', { scopes: found.scopes.join(' ') })
    }
    return found?.caller
  }
  const caller = await parts.sessions.callerOf(cookie)
  if (caller && !SAFE_METHODS.has(request.method) && !isSameOrigin(request.headers)) {
    throw new LakeletError('cross_origin_write')
  }
  return caller
}
