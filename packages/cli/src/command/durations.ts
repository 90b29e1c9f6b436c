import { usageFailure } from './failure.ts'

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration as the official tools write it: `500ms`, `30s`, `20m`, `1h`, `1m30s`; and in days, `7d`. */
export function parseDuration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map(([whole]) => whole).join('') !== text) {
    throw usageFailure(`'${text}' is not a duration such as 30s or 20m.`)
  }
  return parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (UNITS_MS[unit] ?? 0), 0)
}

/** A whole number of at least 1. */
export function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw usageFailure(`'${text}' is not a whole number above 0.`)
  return count
}
