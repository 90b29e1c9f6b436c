// Secrets that Lakelet makes have at least 128 random bits, so a plain SHA-256 is enough to store them: there is no dictionary to try.
import { hash, timingSafeEqual } from 'node:crypto'

const MOST_RECENT = 200

/** SHA-256 as hexadecimal text: what is stored of a secret. */
export function hashOf(secret: string): string {
  return hash('sha256', secret, 'hex')
}

/**
 * What the secrets that were last presented stand for, to spare the hash: a client sends the same token with each request.
 * Only for secrets that have proved good. The few in use at a time are kept, in memory only.
 */
export class RecentSecrets<T> {
  readonly #known = new Map<string, T>()

  get(secret: string): T | undefined {
    return this.#known.get(secret)
  }

  set(secret: string, meaning: T): void {
    if (this.#known.size >= MOST_RECENT && !this.#known.has(secret)) this.#known.clear()
    this.#known.set(secret, meaning)
  }

  delete(secret: string): void {
    this.#known.delete(secret)
  }

  clear(): void {
    this.#known.clear()
  }
}

/** Whether two hashes are the same, in a time that does not depend on where they differ. */
export function sameHash(left: string, right: string): boolean {
  const a = Buffer.from(left, 'utf8')
  const b = Buffer.from(right, 'utf8')
  return a.length === b.length && timingSafeEqual(a, b)
}
