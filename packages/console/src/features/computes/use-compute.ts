import type { Endpoint } from '@lakelet/api'
import { useRead } from '../../api/queries.ts'

/** The read-write endpoint of a branch, and whether its Postgres runs. Asking does not wake it. */
export function useCompute(params: { readonly project: string; readonly branch: string }) {
  const { data, error } = useRead('postgres.listEndpoints', { params })
  const endpoint = data?.endpoints?.[0]
  const isAwake =
    endpoint !== undefined && isServing(endpoint.status) && endpoint.status.pending_state !== 'IDLE'
  return { endpoint, isAwake, error }
}

/** Whether its primary runs: one of high availability that lacks a secondary is degraded and serves all the same. */
export function isServing({
  current_state: state,
  pending_state: pending,
  group,
}: Endpoint['status']): boolean {
  return state === 'ACTIVE' || (state === 'DEGRADED' && pending === 'ACTIVE' && group.max > 1)
}
