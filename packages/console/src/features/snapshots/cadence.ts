// Cadences as a form has them, and as the API takes them.
import type { ScheduleCadence } from '@lakelet/api'

export const EVERY = ['daily', 'weekly', 'monthly'] as const
export type Every = (typeof EVERY)[number]
export const WEEKDAYS = [
  'MONDAY',
  'TUESDAY',
  'WEDNESDAY',
  'THURSDAY',
  'FRIDAY',
  'SATURDAY',
  'SUNDAY',
] as const
export type Weekday = (typeof WEEKDAYS)[number]

export interface CadenceDraft {
  /** Tells rows apart while they are edited. */
  readonly key: number
  readonly every: Every
  /** Of UTC, as days are. */
  readonly hour: number
  readonly weekday: Weekday
  readonly day: number
  /** Seconds, such as `604800s`. */
  readonly retention: string
}

export function draftOf(cadence: ScheduleCadence, key: number): CadenceDraft {
  const { daily_schedule: daily, weekly_schedule: weekly, monthly_schedule: monthly, retention } = cadence
  return {
    key,
    every: monthly ? 'monthly' : weekly ? 'weekly' : 'daily',
    hour: (monthly ?? weekly ?? daily)?.hour ?? 0,
    weekday: weekly?.day_of_week ?? 'MONDAY',
    day: monthly?.day ?? 1,
    retention,
  }
}

export function cadenceOf({ every, hour, weekday, day, retention }: CadenceDraft): ScheduleCadence {
  if (every === 'monthly') return { retention, monthly_schedule: { day, hour } }
  if (every === 'weekly') return { retention, weekly_schedule: { day_of_week: weekday, hour } }
  return { retention, daily_schedule: { hour } }
}
