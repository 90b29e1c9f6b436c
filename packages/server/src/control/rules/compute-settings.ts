// Sizes and suspension of endpoints: what is asked for, over what is inherited, checked as a whole.
import { type ComputeSettings, durationOf, secondsOf } from '@lakelet/api'
import { LakeletError } from '../../base/errors.ts'
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
      `Field '${path}.autoscaling_limit_max_cu' is ${maxCu}, but a compute above ${LARGEST_SUSPENDABLE_CU} CU cannot be suspended. Set ${path}.no_suspension.`,
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
    throw invalid(
      `Field '${path}.autoscaling_limit_min_cu' is ${minCu}, more than autoscaling_limit_max_cu, which is ${maxCu}.`,
    )
  }
  if (maxCu - minCu > LARGEST_SPREAD_CU) {
    throw invalid(
      `Fields '${path}.autoscaling_limit_min_cu' and '${path}.autoscaling_limit_max_cu' are ${maxCu - minCu} CU apart; at most ${LARGEST_SPREAD_CU} are allowed.`,
    )
  }
  return { minCu, maxCu }
}

function checkSize(value: number | undefined, field: string): void {
  if (value === undefined) return
  if (value < SMALLEST_CU || value > LARGEST_CU || !Number.isInteger(value * 2)) {
    throw invalid(
      `Field '${field}' is ${value}; a size is between ${SMALLEST_CU} and ${LARGEST_CU} CU, in halves.`,
    )
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
    throw invalid(`Fields '${path}.suspend_timeout_duration' and '${path}.no_suspension' exclude each other.`)
  }
  if (never === true) return null
  if (timeout === undefined) {
    return never === false ? (inherited.suspendSeconds ?? defaultSuspendSeconds) : inherited.suspendSeconds
  }
  const seconds = secondsOf(timeout)
  const shortest = Math.min(SHORTEST_SUSPEND_SECONDS, defaultSuspendSeconds)
  if (seconds < shortest || seconds > LONGEST_SUSPEND_SECONDS) {
    throw invalid(
      `Field '${path}.suspend_timeout_duration' is ${timeout}; it must be between ${durationOf(shortest)} and ${durationOf(LONGEST_SUSPEND_SECONDS)}.`,
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
    if (problem !== undefined) throw invalid(`Field '${path}' sets '${name}': ${problem}.`)
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
  if (problem !== undefined)
    throw invalid(`With the settings of field '${path}' Postgres would not start: ${problem}.`)
}

/** Refuses high availability, which needs more than one machine. LakeletError `not_implemented` or `invalid_parameter`. */
export function checkGroup(
  group:
    | {
        readonly min: number
        readonly max: number
        readonly enable_readable_secondaries?: boolean | undefined
      }
    | undefined,
  path: string,
): void {
  if (!group) return
  if (group.min < 1 || group.min !== group.max) {
    throw invalid(`Field '${path}': min and max must be equal and at least 1.`)
  }
  if (group.max > 1 || group.enable_readable_secondaries === true) {
    throw new LakeletError('not_implemented', { feature: `High availability (${path})` })
  }
}

/** A size as the API writes it. */
export function viewSize(size: ComputeSize): ComputeSettings {
  return {
    autoscaling_limit_max_cu: size.maxCu,
    autoscaling_limit_min_cu: size.minCu,
    ...(size.suspendSeconds === null ? {} : { suspend_timeout_duration: durationOf(size.suspendSeconds) }),
  }
}

function invalid(reason: string): LakeletError {
  return new LakeletError('invalid_parameter', { reason })
}
