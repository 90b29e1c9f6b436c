/** Bytes in megabytes (10⁶), without the unit. */
export function megabytes(bytes: number, digits = 1): string {
  return (bytes / 1e6).toFixed(digits)
}
