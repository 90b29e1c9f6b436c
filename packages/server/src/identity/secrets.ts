// Secrets that Lakelet makes have at least 128 random bits, so a plain SHA-256 is enough to store them: there is no dictionary to try.
import { hash, timingSafeEqual } from 'node:crypto'

/** SHA-256 as hexadecimal text: what is stored of a secret. */
export function hashOf(secret: string): string {
  return hash('sha256', secret, 'hex')
}

/** Whether two hashes are the same, in a time that does not depend on where they differ. */
export function sameHash(left: string, right: string): boolean {
  const a = Buffer.from(left, 'utf8')
  const b = Buffer.from(right, 'utf8')
  return a.length === b.length && timingSafeEqual(a, b)
}
