// Sizes and suspension of endpoints: what is asked for, over what is inherited, checked as a whole.
import { type ComputeSettings, durationOf, type EndpointGroup, secondsOf } from '@lakelet/api'
import { because, LakeletError, type Reason } from '../../base/errors.ts'
import { LARGEST_GROUP } from '../../base/group-members.ts'
import type { ComputesPort } from '../ports.ts'
import { userSettingProblem } from '../../postgres/index.ts'

export interface ComputeSize {
  readonly minCu: number
  readonly maxCu: number
  /** Null = never suspended. */
  readonly suspendSeconds: number | null
}

const SMALLEST_CU = 0.5
const LARGEST_CU = 64
const LARGEST_SPREAD_CU = 16
/** A larger compute cannot be suspended. */
const LARGEST_SUSPENDABLE_CU = 32
const SHORTEST_SUSPEND_SECONDS = 60
const LONGEST_SUSPEND_SECONDS = 604_800

/**
 * `wanted` over `inherited`. `path` is where the fields stand, for messages. A workspace whose default timeout is below the
 * service's minimum accepts that as its own minimum. LakeletError `invalid_parameter`.
 */
export function resolveComputeSize(
  wanted: ComputeSettings,
  inherited: ComputeSize,
  path: string,
  defaultSuspendSeconds: number,
): ComputeSize {
  const { minCu, maxCu } = resolveLimits(wanted, inherited, path)
  const suspendSeconds = resolveSuspension(wanted, inherited, path, defaultSuspendSeconds)
  if (suspendSeconds !== null && maxCu > LARGEST_SUSPENDABLE_CU) {
    throw invalid(
      because('never_suspended_size', {
        field: `${path}.autoscaling_limit_max_cu`,
        size: maxCu,
        most: LARGEST_SUSPENDABLE_CU,
        no_suspension: `${path}.no_suspension`,
      }),
    )
  }
  return { minCu, maxCu, suspendSeconds }
}

function resolveLimits(
  wanted: ComputeSettings,
  inherited: ComputeSize,
  path: string,
): Pick<ComputeSize, 'minCu' | 'maxCu'> {
  const { autoscaling_limit_min_cu: min, autoscaling_limit_max_cu: max } = wanted
  checkSize(min, `${path}.autoscaling_limit_min_cu`)
  checkSize(max, `${path}.autoscaling_limit_max_cu`)
  // Only one given: the other one follows it as far as it must.
  const minCu = min ?? Math.max(Math.min(inherited.minCu, max ?? Infinity), (max ?? 0) - LARGEST_SPREAD_CU)
  const maxCu = max ?? Math.min(Math.max(inherited.maxCu, minCu), minCu + LARGEST_SPREAD_CU)
  if (minCu > maxCu) {
    const field = `${path}.autoscaling_limit_min_cu`
    throw invalid(because('min_above_max', { field, min: minCu, max: maxCu }))
  }
  if (maxCu - minCu > LARGEST_SPREAD_CU) {
    throw invalid(
      because('size_spread', {
        min_field: `${path}.autoscaling_limit_min_cu`,
        max_field: `${path}.autoscaling_limit_max_cu`,
        spread: maxCu - minCu,
        most: LARGEST_SPREAD_CU,
      }),
    )
  }
  return { minCu, maxCu }
}

function checkSize(value: number | undefined, field: string): void {
  if (value === undefined) return
  if (value < SMALLEST_CU || value > LARGEST_CU || !Number.isInteger(value * 2)) {
    throw invalid(because('size_range', { field, size: value, least: SMALLEST_CU, most: LARGEST_CU }))
  }
}

function resolveSuspension(
  wanted: ComputeSettings,
  inherited: ComputeSize,
  path: string,
  defaultSuspendSeconds: number,
): number | null {
  const { suspend_timeout_duration: timeout, no_suspension: never } = wanted
  if (timeout !== undefined && never === true) {
    const fields = `'${path}.suspend_timeout_duration' and '${path}.no_suspension'`
    throw invalid(because('exclusive', { fields }))
  }
  if (never === true) return null
  if (timeout === undefined) {
    return never === false ? (inherited.suspendSeconds ?? defaultSuspendSeconds) : inherited.suspendSeconds
  }
  const seconds = secondsOf(timeout)
  const shortest = Math.min(SHORTEST_SUSPEND_SECONDS, defaultSuspendSeconds)
  if (seconds < shortest || seconds > LONGEST_SUSPEND_SECONDS) {
    throw invalid(
      because('suspend_range', {
        field: `${path}.suspend_timeout_duration`,
        time: timeout,
        least: durationOf(shortest),
        most: durationOf(LONGEST_SUSPEND_SECONDS),
      }),
    )
  }
  return seconds
}

/** Refuses settings that belong to Lakelet, that Postgres does not have, and values that are none. LakeletError `invalid_parameter`. */
export function checkPgSettings(
  settings: Readonly<Record<string, string>> | undefined,
  path: string,
  major: number,
): void {
  for (const [name, value] of Object.entries(settings ?? {})) {
    const problem = userSettingProblem(name, value, major)
    if (problem !== undefined) throw invalid(because('pg_setting', { field: path, name, problem }))
  }
}

/** Refuses settings that are right one by one, but with which together no server would start. LakeletError `invalid_parameter`. */
export async function checkPgSettingsTogether(
  settings: Readonly<Record<string, string>>,
  size: Pick<ComputeSize, 'maxCu'> & { readonly major: number },
  path: string,
  { computes }: { readonly computes: Pick<ComputesPort, 'startProblem'> },
): Promise<void> {
  if (Object.keys(settings).length === 0) return
  const problem = await computes.startProblem({ major: size.major, maxCu: size.maxCu, settings })
  if (problem !== undefined) throw invalid(because('pg_settings_together', { field: path, problem }))
}

/** The computes of an endpoint. */
export interface Group {
  readonly size: number
  readonly readsSecondaries: boolean
}

export const ONE_COMPUTE: Group = { size: 1, readsSecondaries: false }

/**
 * `wanted` over `inherited`, for an endpoint that sleeps as `compute` says: a group never does. `path` is where the field stands. LakeletError
 * `invalid_parameter`, or `not_implemented` for a group of read-only computes.
 */
export function resolveGroup(
  wanted: { readonly [K in keyof EndpointGroup]?: EndpointGroup[K] | undefined } | undefined,
  inherited: Group,
  path: string,
  compute: Pick<ComputeSize, 'suspendSeconds'> & { readonly isReadOnly: boolean },
): Group {
  const { min = inherited.size, max = inherited.size } = wanted ?? {}
  const readsSecondaries = wanted?.enable_readable_secondaries ?? inherited.readsSecondaries
  if (min < 1 || min !== max || max > LARGEST_GROUP)
    throw invalid(because('group_size', { field: path, most: LARGEST_GROUP }))
  if (max > 1 && compute.isReadOnly)
    throw new LakeletError('not_implemented', { feature: `A group of read-only computes (${path})` })
  if (max > 1 && compute.suspendSeconds !== null)
    throw invalid(
      because('never_suspended_group', {
        field: path,
        size: max,
        no_suspension: `${path.slice(0, path.lastIndexOf('.'))}.no_suspension`,
      }),
    )
  return { size: max, readsSecondaries }
}

/** A size as the API writes it. */
export function viewSize(size: ComputeSize): ComputeSettings {
  return {
    autoscaling_limit_max_cu: size.maxCu,
    autoscaling_limit_min_cu: size.minCu,
    ...(size.suspendSeconds === null ? {} : { suspend_timeout_duration: durationOf(size.suspendSeconds) }),
  }
}

function invalid(reason: Reason): LakeletError {
  return new LakeletError('invalid_parameter', { reason })
}
