import { randomBytes, randomInt, randomUUID } from 'node:crypto'

export { randomUUID }

/** Lower-case base-36 text from a cryptographic source. */
export function randomToken(length: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('')
}

/** Hexadecimal text of `bytes` random bytes: for secrets, safe in URLs and in both halves of a Basic header. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}

/** A positive integer of 15 digits: fits a JavaScript number, as SCIM and workspace ids must. */
export function randomNumericId(): number {
  return randomInt(1e14, 2 ** 48 - 1)
}
