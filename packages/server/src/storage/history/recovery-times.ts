// Moments of the past as people give them, to the microsecond.

const RFC3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i

/** Microseconds since 1970 of a time with a zone. What is finer is cut off, as Postgres has nothing finer. */
export function microsecondsOf(time: string): bigint {
  const [, seconds = '', fraction = '', zone = ''] = RFC3339.exec(time) ?? []
  const whole = Date.parse(`${seconds}${zone.toUpperCase()}`)
  if (Number.isNaN(whole)) throw new Error(`not a time with a zone: ${JSON.stringify(time)}`)
  return BigInt(whole) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'))
}

/** The same moment in UTC, with as many digits as it needs: `2026-01-31T12:00:00.000001Z`. */
export function utcOf(microseconds: bigint): string {
  const seconds = new Date(Number(microseconds / 1000n)).toISOString().slice(0, 19)
  const fraction = (microseconds % 1_000_000n)
    .toString()
    .padStart(6, '0')
    .replace(/0{1,3}$/, '')
  return `${seconds}.${fraction}Z`
}
