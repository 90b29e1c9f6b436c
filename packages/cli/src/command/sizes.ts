import { usageFailure } from './failure.ts'

const UNITS: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }

/** Bytes of a size as the system's tools write it: `512M`, `20G`, `1.5T`, with powers of 1024. */
export function parseSize(text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([KMGT])(?:i?B)?$/i.exec(text) ?? []
  if (amount === undefined) throw usageFailure(`'${text}' is not a size such as 20G or 512M.`)
  return Math.floor(Number(amount) * (UNITS[unit.toUpperCase()] ?? 1))
}

/** Bytes for a person: `3.2 GB`, with powers of 1024. */
export function sizeText(bytes: number): string {
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(0)} KB`
  if (bytes < 1024 ** 3) return `${(bytes / 1024 ** 2).toFixed(1)} MB`
  return `${(bytes / 1024 ** 3).toFixed(1)} GB`
}
