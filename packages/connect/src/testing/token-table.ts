import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'

interface Entry {
  readonly user: string
  readonly expiresAtMs: number
  isRevoked: boolean
}

/** The credentials that the fake control plane issued and that the scripted proxy accepts. */
export class TokenTable {
  readonly #entries = new Map<string, Entry>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get issued(): number {
    return this.#entries.size
  }

  /** A token of a JWT's shape; it is not signed, the table is what makes it good. */
  issue(user: string, lifeMs: number, padding = 0): string {
    const now = Math.floor(this.#clock.now() / 1000)
    const claims = {
      sub: user,
      iat: now,
      exp: now + Math.ceil(lifeMs / 1000),
      jti: randomBytes(8).toString('hex'),
      pad: 'x'.repeat(padding),
    }
    const token = [{ alg: 'none', typ: 'JWT' }, claims]
      .map(encode)
      .concat(randomBytes(24).toString('base64url'))
      .join('.')
    this.#entries.set(token, { user, expiresAtMs: this.#clock.monotonicMs() + lifeMs, isRevoked: false })
    return token
  }

  /** Why a login with this token is refused, in the words of the service; undefined when it is good. */
  refusal(token: string, user: string): string | undefined {
    const entry = this.#entries.get(token)
    if (!entry) return 'Provided authentication token is not a valid JWT encoding'
    if (entry.isRevoked || this.#clock.monotonicMs() > entry.expiresAtMs) return 'JWT token has expired'
    return entry.user === user ? undefined : `password authentication failed for user '${user}'`
  }

  /** Makes every token issued so far unacceptable. */
  revokeAll(): void {
    for (const entry of this.#entries.values()) entry.isRevoked = true
  }
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url')
}
