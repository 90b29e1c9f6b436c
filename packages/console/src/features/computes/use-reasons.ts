import type { Endpoint } from '@lakelet/api'
import { type ActionTable, type EndpointSubject, endpointSubject } from '@lakelet/api/actions'
import { useRead } from '../../api/queries.ts'
import { reasonAgainst } from '../../api/reasons.ts'

interface BranchParams {
  readonly project: string
  readonly branch: string
}

/**
 * Why each action of the table cannot be taken now, by an endpoint and its branch; undefined where it can, and while they are not read
 * yet.
 */
export function useEndpointReasons<T extends ActionTable<EndpointSubject>>(
  table: T,
  endpoint: Endpoint | undefined,
  params: BranchParams,
) {
  const { data: branch } = useRead('postgres.getBranch', { params })
  return (action: keyof T): string | undefined =>
    endpoint && branch && reasonAgainst<EndpointSubject, T>(table, action, endpointSubject(endpoint, branch))
}
