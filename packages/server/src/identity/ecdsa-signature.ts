// A JWT carries an ECDSA signature as the two numbers r and s at full length (RFC 7518 §3.4), OpenSSL makes and reads them in DER
// (SEQUENCE of two INTEGERs, X.690). node:crypto can translate, but then it inspects the key at each call, which costs more
// than the signature itself.

/** Bytes of each number for P-256. */
const NUMBER_BYTES = 32
const SEQUENCE = 0x30
const INTEGER = 0x02

/** The DER signature of a P-256 key as r and s. */
export function joseSignature(der: Uint8Array): Buffer {
  const raw = Buffer.alloc(2 * NUMBER_BYTES)
  // SEQUENCE, its length (one byte for P-256), then the two numbers.
  const next = copyInteger(der, 2, raw, NUMBER_BYTES)
  copyInteger(der, next, raw, 2 * NUMBER_BYTES)
  return raw
}

/** r and s as the DER signature of a P-256 key; undefined when `raw` has another length. */
export function derSignature(raw: Uint8Array): Buffer | undefined {
  if (raw.length !== 2 * NUMBER_BYTES) return undefined
  const numbers = [raw.subarray(0, NUMBER_BYTES), raw.subarray(NUMBER_BYTES)].map(derInteger)
  const length = numbers.reduce((sum, each) => sum + each.length, 0)
  return Buffer.concat([Buffer.from([SEQUENCE, length]), ...numbers])
}

/** Copies the INTEGER at `at` so that it ends at `end`; returns where the next value begins. */
function copyInteger(der: Uint8Array, at: number, target: Buffer, end: number): number {
  const length = der[at + 1] ?? 0
  const start = at + 2
  // A leading zero only says that the number is positive.
  const skip = Math.max(0, length - NUMBER_BYTES)
  target.set(der.subarray(start + skip, start + length), end - (length - skip))
  return start + length
}

/** An unsigned number in the fewest bytes whose first bit is not set. */
function derInteger(number: Uint8Array): Buffer {
  const first = number.findIndex((byte) => byte !== 0)
  const digits = number.subarray(first === -1 ? number.length - 1 : first)
  const sign = (digits[0] ?? 0) >= 0x80 ? [0] : []
  return Buffer.from([INTEGER, sign.length + digits.length, ...sign, ...digits])
}
