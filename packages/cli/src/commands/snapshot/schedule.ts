import { type ScheduleCadence, snapshotRoutes, type SnapshotSchedule } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { usageFailure } from '../../command/failure.ts'
import { findBranch } from '../../postgres/endpoint-target.ts'
import { branchOrDefault, namedBranch, projectOption } from '../branch/branch-target.ts'
import { waitForOperation } from '../postgres/operation.ts'

const DAYS = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'] as const

export const snapshotSchedule = defineCommand({
  path: ['snapshot', 'schedule'],
  summary: 'Show or set when snapshots of a branch are taken by themselves',
  description:
    'Hours and days are of UTC. What is given replaces the whole schedule; snapshots that are there already are kept as long as they were to be. Where several are due at the same time, one is taken and kept for the longest.',
  arguments: { branch: branchOrDefault },
  options: {
    project: projectOption,
    daily: { value: 'HOUR=KEEP', summary: 'each day, such as 3=7d', parse: parseDaily, repeat: true },
    weekly: {
      value: 'DAY@HOUR=KEEP',
      summary: 'each week, such as sunday@4=30d',
      parse: parseWeekly,
      repeat: true,
    },
    monthly: {
      value: 'DAY@HOUR=KEEP',
      summary: 'each month, such as 31@0=365d; the last day where a month has no such day',
      parse: parseMonthly,
      repeat: true,
    },
    none: { summary: 'take no more' },
  },
  examples: [
    { run: 'lakelet snapshot schedule production', does: 'shows its schedule' },
    {
      run: 'lakelet snapshot schedule production --daily 3=7d --monthly 1@3=365d',
      does: 'keeps each night for a week, and the first of each month for a year',
    },
    { run: 'lakelet snapshot schedule production --none', does: 'takes no more' },
  ],
  async handler(context, { arguments: { branch }, options }) {
    const { workspace, out, signal } = context
    const cadences: ScheduleCadence[] = [...options.daily, ...options.weekly, ...options.monthly]
    if (options.none && cadences.length > 0) throw usageFailure('--none goes with no cadence.')
    const { client } = await workspace()
    const params = await findBranch(context, namedBranch(branch, options.project))
    let found: SnapshotSchedule
    if (options.none || cadences.length > 0) {
      const started = await client.call(
        snapshotRoutes.updateSnapshotSchedule,
        { params, query: { update_mask: 'schedule' }, body: { schedule: cadences } },
        signal,
      )
      found = (await waitForOperation(client, started, { timeoutMs: 60_000, signal })) as SnapshotSchedule
    } else found = await client.call(snapshotRoutes.getSnapshotSchedule, { params }, signal)
    out.data(found, { lines: linesOf(found) })
  },
})

function parseDaily(text: string): ScheduleCadence {
  const [when, retention] = partsOf(text, '3=7d')
  return { retention, daily_schedule: { hour: numberIn(when, 0, 23, text) } }
}

function parseWeekly(text: string): ScheduleCadence {
  const [when, retention] = partsOf(text, 'sunday@4=30d')
  const [name = '', hour = '0'] = when.split('@')
  const day = DAYS.find((each) => each === name.toUpperCase())
  if (!day) throw usageFailure(`'${text}' names no day of the week: one of ${DAYS.join(', ').toLowerCase()}.`)
  return { retention, weekly_schedule: { day_of_week: day, hour: numberIn(hour, 0, 23, text) } }
}

function parseMonthly(text: string): ScheduleCadence {
  const [when, retention] = partsOf(text, '31@0=365d')
  const [day = '', hour = '0'] = when.split('@')
  return {
    retention,
    monthly_schedule: { day: numberIn(day, 1, 31, text), hour: numberIn(hour, 0, 23, text) },
  }
}

function partsOf(text: string, example: string): [when: string, retention: string] {
  const [when = '', keep = '', ...rest] = text.split('=')
  if (when === '' || keep === '' || rest.length > 0)
    throw usageFailure(`'${text}' does not say when and how long it is kept, such as ${example}.`)
  return [when, `${Math.ceil(parseDuration(keep) / 1000)}s`]
}

function numberIn(text: string, least: number, most: number, whole: string): number {
  const number = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  if (number >= least && number <= most) return number
  throw usageFailure(`'${text}' in '${whole}' is not a number from ${least} to ${most}.`)
}

function linesOf({ schedule, next_snapshot_time: next }: SnapshotSchedule): string[] {
  if (schedule.length === 0) return ['Snapshots are only taken when somebody asks for one.']
  return [...schedule.map(lineOf), ...(next === undefined ? [] : [`the next one: ${next}`])]
}

function lineOf({
  retention,
  daily_schedule: daily,
  weekly_schedule: weekly,
  monthly_schedule: monthly,
}: ScheduleCadence): string {
  const at = (hour: number) => `${String(hour).padStart(2, '0')}:00 UTC`
  const when = daily
    ? `each day at ${at(daily.hour)}`
    : weekly
      ? `each ${weekly.day_of_week.toLowerCase()} at ${at(weekly.hour)}`
      : `on day ${monthly?.day} of each month at ${at(monthly?.hour ?? 0)}`
  return `${when}, kept for ${Number(retention.slice(0, -1)) / 3600} h`
}
