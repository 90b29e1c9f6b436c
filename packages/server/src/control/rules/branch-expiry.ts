// When a branch deletes itself: at most one of ttl, expire_time and no_expiry is given.
import { type BranchSpec, secondsOf } from '@lakelet/api'
import { because, LakeletError, type Reason } from '../../base/errors.ts'
import type { BranchRow } from '../../metadata/branches.ts'
import { LIMITS } from './limits.ts'

export interface Expiry {
  readonly expire_time: string | null
  /** The length of life that was asked for. */
  readonly ttl_seconds: number | null
}

const NEVER: Expiry = { expire_time: null, ttl_seconds: null }

/** The expiry that `spec` asks for; undefined when it says nothing. LakeletError `invalid_parameter`. */
export function readExpiry(spec: BranchSpec, now: Date): Expiry | undefined {
  const given = (['ttl', 'expire_time', 'no_expiry'] as const).filter((field) => spec[field] !== undefined)
  if (given.length > 1)
    throw invalid(because('exclusive', { fields: given.map((field) => `'spec.${field}'`).join(' and ') }))
  if (spec.no_expiry === false) throw invalid(because('only_true'))
  if (spec.no_expiry === true) return NEVER
  if (spec.ttl !== undefined) return afterSeconds(secondsOf(spec.ttl), now)
  if (spec.expire_time !== undefined) return atTime(spec.expire_time, now)
  return undefined
}

/** A branch that is reset lives on for as long as was asked for when its life was set. */
export function lifeAnew(branch: Pick<BranchRow, 'ttl_seconds'> | undefined, now: Date): Expiry | undefined {
  const seconds = branch?.ttl_seconds ?? null
  return seconds === null ? undefined : afterSeconds(seconds, now)
}

function afterSeconds(seconds: number, now: Date): Expiry {
  if (seconds < 1 || seconds > LIMITS.ttlSeconds) {
    throw invalid(because('ttl_range', { seconds, most: LIMITS.ttlSeconds }))
  }
  return { expire_time: wholeSeconds(now.getTime() + seconds * 1000), ttl_seconds: seconds }
}

function atTime(text: string, now: Date): Expiry {
  const time = Date.parse(text)
  const seconds = Math.ceil((time - now.getTime()) / 1000)
  if (!(seconds >= 1 && seconds <= LIMITS.ttlSeconds)) {
    throw invalid(because('expire_time_range', { time: text }))
  }
  return { expire_time: wholeSeconds(time), ttl_seconds: seconds }
}

/** Expiry has second precision. */
function wholeSeconds(time: number): string {
  return new Date(Math.ceil(time / 1000) * 1000).toISOString()
}

function invalid(reason: Reason): LakeletError {
  return new LakeletError('invalid_parameter', { reason })
}
