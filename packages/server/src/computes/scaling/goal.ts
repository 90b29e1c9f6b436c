// The size that a compute should have, from what was measured of it. Pure, so that every decision can be made again from its inputs.
//
// The terms are those of Neon's autoscaler (neondatabase/autoscaling, pkg/agent/core/goalcu.go), in units of half a CU: 1 vCPU and 2 GB are
// one CU. Added: a load that stays for two counts weighs at once, and not only when the average of a minute has followed it.
import { BYTES_PER_CU } from '../../postgres/index.ts'
import type { Load } from './load-average.ts'

/** Sizes are multiples of this, in CU. */
export const UNIT_CU = 0.5
/** Processors of a compute of one CU. */
export const CPUS_PER_CU = 1

/** Share of the processors that the load should take up. */
const LOAD_FRACTION = 0.9
/** Share of the memory that processes should take up. */
const MEMORY_FRACTION = 0.75
/** The same with the part of the page cache that is in use. */
const TOTAL_FRACTION = 0.9
/** What the rest of a compute needs beside its processes. */
const MEMORY_BASE_BYTES = 100 * 2 ** 20

const UNIT_BYTES = UNIT_CU * BYTES_PER_CU
const UNIT_CPUS = UNIT_CU * CPUS_PER_CU

/** What was measured of a compute. Bytes. */
export interface ScalingSignals {
  readonly load: Load
  /** Memory of its processes, shared memory included. */
  readonly memoryBytes: number
  /** The page cache that it filled, and the part that is in use; undefined where this host does not tell. */
  readonly cache?: { readonly cachedBytes: number; readonly workingSetBytes: number }
}

/** What each signal asks for, in CU, unrounded; and the size that satisfies all of them. */
export interface SizeGoal {
  readonly cpuCu: number
  readonly memoryCu: number
  /** Memory with the working set; undefined where that is not known. */
  readonly workingSetCu?: number
  readonly goalCu: number
}

/** The size that `signals` ask for. Never less for a larger signal. */
export function sizeGoal(signals: ScalingSignals): SizeGoal {
  const { load, memoryBytes, cache } = signals
  const cpu = Math.max(load.load1, load.sustained) / LOAD_FRACTION / UNIT_CPUS
  const used = memoryBytes + MEMORY_BASE_BYTES
  const memory = used / MEMORY_FRACTION / UNIT_BYTES
  const workingSet = cache
    ? (Math.min(cache.workingSetBytes, cache.cachedBytes) + used) / TOTAL_FRACTION / UNIT_BYTES
    : undefined
  // A process more or less than a CPU is no reason for another size, a byte too much is.
  const units = Math.ceil(Math.max(1, Math.round(cpu), memory, workingSet ?? 0))
  return {
    cpuCu: cpu * UNIT_CU,
    memoryCu: memory * UNIT_CU,
    ...(workingSet === undefined ? {} : { workingSetCu: workingSet * UNIT_CU }),
    goalCu: sizeAtLeast(units * UNIT_CU),
  }
}

/** The smallest size that a compute can have and that is not below `cu`: a half, or whole ones. */
export function sizeAtLeast(cu: number): number {
  return cu <= UNIT_CU ? UNIT_CU : Math.ceil(cu)
}

export interface ScalingInputs {
  readonly currentCu: number
  readonly minCu: number
  readonly maxCu: number
  /** Undefined where nothing could be measured. */
  readonly signals?: ScalingSignals
}

/**
 * What decided: the `goal`; a `limit`, where the goal lies outside of the range; `no_signals`, where nothing was measured, so that the size stays;
 * `fixed`, where there is no range.
 */
export type ScalingReason = 'goal' | 'limit' | 'no_signals' | 'fixed'

export interface ScalingDecision {
  readonly targetCu: number
  readonly reason: ScalingReason
  readonly goal?: SizeGoal
}

/** A decision with all it was made from: `decideSize(inputs)` makes it again. */
export interface ScalingRecord extends ScalingDecision {
  readonly at: Date
  readonly inputs: ScalingInputs
}

/** The size for `inputs`: always within the range, and without signals never below the current one. */
export function decideSize({ currentCu, minCu, maxCu, signals }: ScalingInputs): ScalingDecision {
  const within = (cu: number) => Math.min(maxCu, Math.max(minCu, cu))
  if (!signals) return { targetCu: within(currentCu), reason: 'no_signals' }
  const goal = sizeGoal(signals)
  const targetCu = within(goal.goalCu)
  const bounded = targetCu === goal.goalCu ? 'goal' : 'limit'
  return { targetCu, reason: minCu === maxCu ? 'fixed' : bounded, goal }
}
