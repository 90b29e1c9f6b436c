// Numbers, times and sizes in the chosen language.
import { language } from './index.ts'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const
const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Binary units, as Postgres counts. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${formatNumber(value, unit === 0 || value >= 100 ? 0 : 1)} ${UNITS[unit]}`
}

export function formatNumber(value: number, digits = 0): string {
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(value)
}

/** A time with its zone: `25 Nov 2026, 10:22:33 GMT+9`. */
export function formatTime(at: string | number | Date): string {
  return new Intl.DateTimeFormat(language() === 'ja' ? 'ja' : 'en-GB', {
    dateStyle: 'medium',
    timeStyle: 'long',
  }).format(new Date(at))
}

/** How long ago or ahead, in the largest fitting unit: `3 hours ago`, `in 2 days`. */
export function formatRelative(at: string | number | Date, now: number): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000)
  const format = new Intl.RelativeTimeFormat(language(), { numeric: 'auto' })
  const size = Math.abs(seconds)
  if (size < MINUTE) return format.format(seconds, 'second')
  if (size < HOUR) return format.format(Math.round(seconds / MINUTE), 'minute')
  if (size < DAY) return format.format(Math.round(seconds / HOUR), 'hour')
  return format.format(Math.round(seconds / DAY), 'day')
}

/** A length of time such as `300s` of the API: `5 min`. */
export function formatDuration(text: string): string {
  const seconds = Number(text.replace(/s$/, ''))
  const unit =
    seconds % DAY === 0 ? 'day' : seconds % HOUR === 0 ? 'hour' : seconds % MINUTE === 0 ? 'minute' : 'second'
  const size = { day: DAY, hour: HOUR, minute: MINUTE, second: 1 }[unit]
  return new Intl.NumberFormat(language(), { style: 'unit', unit, unitDisplay: 'long' }).format(
    seconds / size,
  )
}
