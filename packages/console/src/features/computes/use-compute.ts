import { useRead } from '../../api/queries.ts'

/** The read-write endpoint of a branch, and whether its Postgres runs. Asking does not wake it. */
export function useCompute(params: { readonly project: string; readonly branch: string }) {
  const { data, error } = useRead('postgres.listEndpoints', { params })
  const endpoint = data?.endpoints?.[0]
  const isAwake = endpoint?.status.current_state === 'ACTIVE' && endpoint.status.pending_state === undefined
  return { endpoint, isAwake, error }
}
