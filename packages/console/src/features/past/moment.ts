// A moment of a branch's past as people give it: date, time of day and zone, to the microsecond, or a position in the log.

/** What the API takes. */
export type Moment = { readonly time: string } | { readonly lsn: string }

/** The zone of the browser, or UTC. */
export type Zone = 'local' | 'UTC'

export interface MomentDraft {
  readonly kind: 'time' | 'lsn'
  /** `2026-01-31`. */
  readonly date: string
  /** `12:00:00.123456`, or a whole time with its zone, which then counts alone. */
  readonly clock: string
  readonly zone: Zone
  readonly lsn: string
}

/** What of the past can be reached, as the API says it. */
export interface Window {
  readonly earliest_restore_time?: string | undefined
  readonly latest_restore_time: string
  readonly earliest_restore_lsn?: string | undefined
  readonly latest_restore_lsn: string
}

/** Why there is no moment in a draft. */
export type MomentProblem = 'not-begun' | 'no-time' | 'no-lsn' | 'outside'

const CLOCK = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?$/
const WHOLE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,6}))?(?:Z|[+-]\d\d:\d\d)$/i
const LSN = /^([\dA-F]{1,8})\/([\dA-F]{1,8})$/i

/** The moment of a draft, if it is one that can be reached. `sinceMs` is how long ago the window was read: it grows by itself. */
export function momentOf(
  draft: MomentDraft,
  window: Window,
  sinceMs = 0,
): { readonly moment: Moment } | { readonly problem: MomentProblem } {
  const { earliest_restore_time: from, earliest_restore_lsn: fromLsn } = window
  if (from === undefined || fromLsn === undefined) return { problem: 'not-begun' }
  if (draft.kind === 'lsn') {
    const at = positionOf(draft.lsn.trim())
    const first = positionOf(fromLsn)
    if (at === undefined || first === undefined) return { problem: 'no-lsn' }
    // Its end grows while one writes; the server knows it.
    return at < first ? { problem: 'outside' } : { moment: { lsn: draft.lsn.trim().toUpperCase() } }
  }
  const time = timeOf(draft)
  if (time === undefined) return { problem: 'no-time' }
  const at = microsecondsOf(time)
  const end = microsecondsOf(window.latest_restore_time) + BigInt(Math.ceil(sinceMs)) * 1000n + 999n
  return at < microsecondsOf(from) || at > end ? { problem: 'outside' } : { moment: { time } }
}

/** A time in UTC with its microseconds: `2026-01-31T12:00:00.123456Z`; undefined for what is none. */
export function timeOf({
  date,
  clock,
  zone,
}: Pick<MomentDraft, 'date' | 'clock' | 'zone'>): string | undefined {
  const typed = clock.trim()
  if (WHOLE.test(typed)) return Number.isNaN(Date.parse(typed)) ? undefined : utcOf(microsecondsOf(typed))
  const [, hour = '', minute = '', second = '0', fraction = ''] = CLOCK.exec(typed) ?? []
  const day = /^(\d{4})-(\d\d)-(\d\d)$/.exec(date)
  if (hour === '' || !day) return undefined
  const [years, months, days] = day.slice(1).map(Number) as [number, number, number]
  const parts = [years, months - 1, days, Number(hour), Number(minute), Number(second)] as const
  const at = zone === 'UTC' ? new Date(Date.UTC(...parts)) : new Date(...parts)
  // 31 February, 25:00 and 12:61 are other times than they say.
  const said =
    zone === 'UTC'
      ? [at.getUTCMonth(), at.getUTCDate(), at.getUTCMinutes(), at.getUTCSeconds()]
      : [at.getMonth(), at.getDate(), at.getMinutes(), at.getSeconds()]
  if (said.join() !== [parts[1], parts[2], parts[4], parts[5]].join()) return undefined
  return utcOf(BigInt(at.getTime()) * 1000n + BigInt(fraction.padEnd(6, '0')))
}

/** Date and time of day of a time, as the fields have them. */
export function fieldsOf(time: string, zone: Zone): Pick<MomentDraft, 'date' | 'clock'> {
  const microseconds = microsecondsOf(time)
  const at = new Date(Number(microseconds / 1000n))
  const local = zone === 'UTC' ? at : new Date(at.getTime() - at.getTimezoneOffset() * 60_000)
  const [date = '', clock = ''] = local.toISOString().slice(0, 19).split('T')
  const fraction = (microseconds % 1_000_000n).toString().padStart(6, '0').replace(/0+$/, '')
  return { date, clock: fraction === '' ? clock : `${clock}.${fraction}` }
}

/** Microseconds since 1970 of a time with a zone. */
export function microsecondsOf(time: string): bigint {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? ''
  const whole = Date.parse(time.replace(/\.\d+/, '').toUpperCase())
  return BigInt(whole) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'))
}

function utcOf(microseconds: bigint): string {
  const seconds = new Date(Number(microseconds / 1000n)).toISOString().slice(0, 19)
  return `${seconds}.${(microseconds % 1_000_000n).toString().padStart(6, '0')}Z`
}

function positionOf(lsn: string): bigint | undefined {
  const [, high, low] = LSN.exec(lsn) ?? []
  return high === undefined || low === undefined
    ? undefined
    : (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`)
}

/** The fields of a spec that name a moment of the source. */
export function sourceFields(moment: Moment) {
  return 'time' in moment ? { source_branch_time: moment.time } : { source_branch_lsn: moment.lsn }
}

/** A moment in a word: the time, or the position. */
export function wordOf(moment: Moment): string {
  return 'time' in moment ? moment.time : moment.lsn
}
