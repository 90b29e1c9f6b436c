// One tree of groups of processes, and how limits are written there.

/** The kernel gives out the time of CPUs in periods of this length, its own default, in microseconds. */
export const PERIOD_US = 100_000

/** The time of `cpus` in a period, in microseconds. */
export function quotaOf(cpus: number): string {
  return String(Math.round(cpus * PERIOD_US))
}

export interface GroupLimits {
  readonly cpus: number
  readonly memoryBytes: number
  /** Whether a process is ended where the group would take more memory, instead of memory being taken back from it. */
  readonly isHard?: boolean
}

/** Memory of a group, in bytes. */
export interface GroupMemory {
  /** Of its processes, with their shared memory. */
  readonly usedBytes: number
  readonly cachedBytes: number
  /** The part of the cache that was used more than once lately. */
  readonly workingSetBytes: number
}

export interface Controller {
  readonly cpu: boolean
  /** How it holds a group to memory that is not hard; undefined where it does not control memory. */
  readonly memory?: 'enforced' | 'soft'
  /** The group of the workspace. */
  readonly directory: string
  add(group: string, pid: number): Promise<void>
  /** Undefined lifts the limits. */
  limit(group: string, limits: GroupLimits | undefined): Promise<void>
  /** Where it controls memory. */
  usage?(group: string): Promise<GroupMemory>
  /** Processes that were ended for want of memory, where it controls memory. */
  kills?(group: string): Promise<number>
}
