import type { ComputeScalingView } from '@lakelet/api'
import type { ScalingRecord } from '../../computes/index.ts'
import type { EndpointRow } from '../../metadata/endpoints.ts'
import type { Live } from './endpoint.ts'

/** Why the compute of an endpoint has the size that it has. */
export function viewScaling(row: EndpointRow, { computes }: Live): ComputeScalingView {
  const { enforcement, records } = computes.scaling(row.uid)
  const { sizeCu } = computes.activity(row.uid)
  return {
    ...(sizeCu === undefined ? {} : { size_cu: sizeCu }),
    min_cu: row.min_cu,
    max_cu: row.max_cu,
    enforcement: { ...enforcement },
    decisions: records.map(viewDecision),
  }
}

/** A decision with all it was made from. */
export function viewDecision({
  at,
  inputs,
  targetCu,
  reason,
  goal,
}: ScalingRecord): ComputeScalingView['decisions'][number] {
  const { currentCu, minCu, maxCu, signals } = inputs
  return {
    time: at.toISOString(),
    from_cu: currentCu,
    to_cu: targetCu,
    min_cu: minCu,
    max_cu: maxCu,
    reason,
    ...(signals
      ? {
          signals: {
            load1: signals.load.load1,
            load5: signals.load.load5,
            sustained_load: signals.load.sustained,
            memory_bytes: signals.memoryBytes,
            ...(signals.cache
              ? { cached_bytes: signals.cache.cachedBytes, working_set_bytes: signals.cache.workingSetBytes }
              : {}),
          },
        }
      : {}),
    ...(goal
      ? {
          terms: {
            cpu_cu: goal.cpuCu,
            memory_cu: goal.memoryCu,
            ...(goal.workingSetCu === undefined ? {} : { working_set_cu: goal.workingSetCu }),
            goal_cu: goal.goalCu,
          },
        }
      : {}),
  }
}
