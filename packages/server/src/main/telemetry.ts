// What is told of what the workspace does.
import type { PastSpecs } from '../control/services/past-branches.ts'
import { type ComputeHistory, startComputeHistory } from '../telemetry/index.ts'
import type { DataDirectory } from './data-directory.ts'
import type { Infrastructure } from './infrastructure.ts'

/** What computes do is kept; nothing of moments of the past, which are there for a while only. */
export function keepHistory(
  directory: DataDirectory,
  { clock, log }: Infrastructure,
  past: PastSpecs,
): ComputeHistory {
  return startComputeHistory({
    file: directory.file('telemetry.sqlite'),
    clock,
    log: log.child({ component: 'telemetry' }),
    isKept: (uid) => !past.has(uid),
  })
}
