import type { ResourceProblem } from '@lakelet/api'
import type { Problem } from '../../storage/index.ts'

/** A problem as the status of a resource shows it; nothing where there is none. */
export function viewProblem(problem: (Problem & { readonly kind: ResourceProblem['kind'] }) | undefined): {
  problem?: ResourceProblem
} {
  if (!problem) return {}
  const { kind, since, message } = problem
  return { problem: { kind, since: since.toISOString(), message } }
}
