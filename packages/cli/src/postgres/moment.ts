// A moment of a branch's past, written behind its name: main@2026-01-31T12:00Z, main@-5m, main@0/1A2B3C.
import { branchLsn, fullTime, timestamp } from '@lakelet/api'
import { parseDuration } from '../command/durations.ts'
import { usageFailure } from '../command/failure.ts'

/** One of both. */
export type Moment = { readonly time: string } | { readonly lsn: string }

/** What is before the `@` and what is behind it; undefined where there is none. `now` is where durations count from. */
export function splitMoment(
  text: string,
  now: Date = new Date(),
): { readonly name: string; readonly moment: Moment | undefined } {
  const at = text.indexOf('@')
  if (at === -1) return { name: text, moment: undefined }
  return { name: text.slice(0, at), moment: parseMoment(text.slice(at + 1), now) }
}

function parseMoment(text: string, now: Date): Moment {
  if (text.startsWith('-'))
    return { time: new Date(now.getTime() - parseDuration(text.slice(1))).toISOString() }
  if (branchLsn.safeParse(text).success) return { lsn: text }
  const time = fullTime(text)
  if (timestamp.safeParse(time).success) return { time }
  throw usageFailure(
    `'${text}' is not a moment.`,
    'Write a time with a zone (2026-01-31T12:00Z), how long ago (-5m) or a position in the log (0/1A2B3C).',
  )
}

/** A time for an option: RFC 3339 with a zone. */
export function parseTime(text: string): string {
  const time = fullTime(text)
  if (timestamp.safeParse(time).success) return time
  throw usageFailure(`'${text}' is not a time.`, 'Write one with a zone, such as 2026-01-31T12:00Z.')
}

/** The words of `options` by which the gateway goes to the moment. */
export function optionsOf(moment: Moment): string {
  return 'lsn' in moment ? `lsn=${moment.lsn}` : `timestamp=${moment.time}`
}
