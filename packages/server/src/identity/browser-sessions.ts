// Sessions of browsers. A session begins with a one-time link that the machine's owner gets in the terminal; the cookie holds a
// random value whose hash is stored.
import type { Caller } from '../base/caller.ts'
import type { Clock } from '../base/clock.ts'
import { randomHex } from '../base/ids.ts'
import type { Metadata } from '../metadata/database.ts'
import {
  deleteSession,
  findSession,
  insertSession,
  insertSignInLink,
  findSignInLink,
  takeSignInLink,
} from '../metadata/sessions.ts'
import type { Directory } from './directory.ts'
import { hashOf } from './secrets.ts'

/** Platform cookies begin with this; the app front proxy strips them. */
export const COOKIE_PREFIX = 'lakelet_'
/** What the session's cookie was named before it had the workspace in its name; sessions of that time go on. */
const OLD_SESSION_COOKIE = `${COOKIE_PREFIX}session`
/** The cookie of oidc-provider's own session, which is never used: `oauth-http.ts` drops it. */
export const OAUTH_SESSION_COOKIE = `${COOKIE_PREFIX}oauth_session`
const SESSION_LIFE_MS = 30 * 24 * 3600_000
const LINK_LIFE_MS = 30 * 60_000

export class BrowserSessions {
  readonly #metadata: Metadata
  readonly #clock: Clock
  readonly #directory: Directory
  readonly #cookie: string

  /** Browsers share the cookies of 127.0.0.1 between all ports, so the cookie's name says which workspace it is for. */
  constructor(metadata: Metadata, clock: Clock, directory: Directory, workspaceId: string) {
    this.#cookie = `${OLD_SESSION_COOKIE}_${workspaceId}`
    this.#metadata = metadata
    this.#clock = clock
    this.#directory = directory
  }

  /** A link that signs one browser in as the principal, once and within half an hour. */
  async createSignInLink(principalId: number, baseUrl: string, next?: string): Promise<string> {
    const code = randomHex(24)
    const expires_at = this.#clock.now().getTime() + LINK_LIFE_MS
    await insertSignInLink(this.#metadata.db, { hash: hashOf(code), principal_id: principalId, expires_at })
    const query = new URLSearchParams({ code, ...(next === undefined ? {} : { next }) })
    return `${baseUrl}/sign-in/link?${query.toString()}`
  }

  /** Uses up a link; the value of the session's cookie, or undefined when the link is unknown, used or too old. */
  /** Whether a link would sign somebody in now; it stays as it is. */
  async isGood(code: string): Promise<boolean> {
    const link = await findSignInLink(this.#metadata.db, hashOf(code))
    return link !== undefined && link.expires_at > this.#clock.now().getTime()
  }

  async signIn(code: string): Promise<string | undefined> {
    const link = await takeSignInLink(this.#metadata.db, hashOf(code))
    if (!link || link.expires_at <= this.#clock.now().getTime()) return undefined
    return this.start(link.principal_id)
  }

  /** Starts a session; returns the value of its cookie. */
  async start(principalId: number): Promise<string> {
    const value = randomHex(32)
    const now = this.#clock.now().getTime()
    await insertSession(this.#metadata.db, {
      hash: hashOf(value),
      principal_id: principalId,
      created_at: now,
      expires_at: now + SESSION_LIFE_MS,
    })
    return value
  }

  /** Who the browser that sent this Cookie header is signed in as. */
  async callerOf(cookieHeader: string | undefined): Promise<Caller | undefined> {
    const value = this.valueIn(cookieHeader)
    if (value === undefined) return undefined
    const session = await findSession(this.#metadata.db, hashOf(value))
    if (!session || session.expires_at <= this.#clock.now().getTime()) return undefined
    return this.#directory.callerOf(session.principal_id)
  }

  /** Ends the session of this Cookie header. */
  async signOut(cookieHeader: string | undefined): Promise<void> {
    const value = this.valueIn(cookieHeader)
    if (value !== undefined) await deleteSession(this.#metadata.db, hashOf(value))
  }

  /** The session's value in a Cookie header. */
  valueIn(cookieHeader: string | undefined): string | undefined {
    return cookieIn(cookieHeader, this.#cookie) ?? cookieIn(cookieHeader, OLD_SESSION_COOKIE)
  }

  /** The Set-Cookie header of a session; an empty value ends it. */
  cookieOf(value: string, options: { readonly secure: boolean }): string {
    const maxAge = value === '' ? 0 : SESSION_LIFE_MS / 1000
    const secure = options.secure ? '; Secure' : ''
    return `${this.#cookie}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`
  }
}

function cookieIn(cookieHeader: string | undefined, name: string): string | undefined {
  for (const pair of (cookieHeader ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim()
  }
  return undefined
}
