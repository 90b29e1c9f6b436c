// When snapshots of a schedule are due. Hours and days are of UTC, which has no summer time: every day has each hour once.
import { type ScheduleCadence, secondsOf } from '@lakelet/api'
import { because, LakeletError, type Reason } from '../../base/errors.ts'
import { LIMITS } from './limits.ts'

const DAY_MS = 86_400_000
/** As `Date.getUTCDay` counts. */
const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const

/** LakeletError `invalid_parameter`, which names the entry. */
export function checkCadences(schedule: readonly ScheduleCadence[]): void {
  for (const [index, cadence] of schedule.entries()) {
    const entry = index + 1
    const kinds = [cadence.daily_schedule, cadence.weekly_schedule, cadence.monthly_schedule]
    const count = kinds.filter((kind) => kind !== undefined).length
    if (count !== 1) throw invalid(because('cadence_kind', { entry, count }))
    const seconds = secondsOf(cadence.retention)
    const least = LIMITS.leastSnapshotRetentionSeconds
    if (seconds < least) throw invalid(because('cadence_retention', { entry, seconds, least }))
  }
}

/** A snapshot that is due: of the last time at which one should have been taken, kept as long as the longest of those that are due. */
export interface Due {
  readonly at: Date
  readonly retentionSeconds: number
}

/**
 * What is due after `done` and up to `now`. However many times were missed, and however many cadences have the same time, that is one snapshot: it
 * cannot be taken of what was then.
 */
export function dueSince(schedule: readonly ScheduleCadence[], done: Date, now: Date): Due | undefined {
  const due = schedule.flatMap((cadence) => {
    const at = lastTime(cadence, now)
    return at > done ? [{ at, retentionSeconds: secondsOf(cadence.retention) }] : []
  })
  if (due.length === 0) return undefined
  return {
    at: new Date(Math.max(...due.map(({ at }) => at.getTime()))),
    retentionSeconds: Math.max(...due.map(({ retentionSeconds }) => retentionSeconds)),
  }
}

/** When the next one is due after `now`; undefined without cadences. */
export function nextDue(schedule: readonly ScheduleCadence[], now: Date): Date | undefined {
  const next = schedule.map((cadence) => firstTimeAfter(cadence, now).getTime())
  return next.length === 0 ? undefined : new Date(Math.min(...next))
}

/** The last time of a cadence that is not after `now`. */
function lastTime(cadence: ScheduleCadence, now: Date): Date {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()]
  const { daily_schedule: daily, weekly_schedule: weekly } = cadence
  if (daily) {
    const today = at(year, month, day, daily.hour)
    return today <= now ? today : new Date(today.getTime() - DAY_MS)
  }
  if (weekly) {
    const back = (now.getUTCDay() - DAYS.indexOf(weekly.day_of_week) + 7) % 7
    const inThisWeek = at(year, month, day - back, weekly.hour)
    return inThisWeek <= now ? inThisWeek : new Date(inThisWeek.getTime() - 7 * DAY_MS)
  }
  const inThisMonth = monthly(cadence, year, month)
  return inThisMonth <= now ? inThisMonth : monthly(cadence, year, month - 1)
}

function firstTimeAfter(cadence: ScheduleCadence, now: Date): Date {
  const last = lastTime(cadence, now)
  if (cadence.daily_schedule) return new Date(last.getTime() + DAY_MS)
  if (cadence.weekly_schedule) return new Date(last.getTime() + 7 * DAY_MS)
  return monthly(cadence, last.getUTCFullYear(), last.getUTCMonth() + 1)
}

/** In a month without that day on its last one, so that every month has exactly one. */
function monthly({ monthly_schedule: cadence }: ScheduleCadence, year: number, month: number): Date {
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate()
  return at(year, month, Math.min(cadence?.day ?? 1, lastDay), cadence?.hour ?? 0)
}

function at(year: number, month: number, day: number, hour: number): Date {
  return new Date(Date.UTC(year, month, day, hour))
}

function invalid(reason: Reason): LakeletError {
  return new LakeletError('invalid_parameter', { reason })
}
