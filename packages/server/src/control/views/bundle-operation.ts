// Operations on the resources of a bundle, and those resources, as the API shows them.
import type { BundleOperation, BundleOperationInput, BundleResource } from '@lakelet/api'

/** Types of resources by the first word of their keys, where they are not that word in the singular. */
const TYPES: Readonly<Record<string, string>> = {
  postgres_branches: 'POSTGRES_BRANCH',
  vector_search_indexes: 'VECTOR_SEARCH_INDEX',
  cluster_policies: 'CLUSTER_POLICY',
}

/** An operation that was just recorded. `version` is the full name of its version. */
export function newOperation(
  version: string,
  key: string,
  input: BundleOperationInput,
  now: string,
): BundleOperation {
  const { state: _, sequence_id: __, ...described } = input
  return {
    ...described,
    name: `${version}/operations/${key}`,
    resource_key: key,
    ...typeOf(key),
    status: input.status ?? 'OPERATION_STATUS_PENDING',
    sequence_id: 0,
    create_time: now,
    update_time: now,
  }
}

/** The resource that an operation leaves behind. */
export function resourceAfter(
  deployment: string,
  version: string,
  operation: BundleOperation,
  state: string | undefined,
): BundleResource {
  const { resource_key: key, resource_id: id, action_type: action, dashboard_metadata: dashboard } = operation
  return {
    name: `deployments/${deployment}/resources/${key}`,
    resource_key: key,
    ...typeOf(key),
    ...(id === undefined ? {} : { resource_id: id }),
    ...(state === undefined ? {} : { state }),
    ...(dashboard === undefined ? {} : { dashboard_metadata: dashboard }),
    ...(action === undefined ? {} : { last_action_type: action }),
    last_version_id: version,
    update_time: operation.update_time,
  }
}

function typeOf(key: string): { readonly resource_type?: string } {
  const word = key.split('.', 1)[0] ?? ''
  if (word === '' || word === 'files') return {}
  const type = TYPES[word] ?? word.replace(/s$/, '').toUpperCase()
  return { resource_type: `DEPLOYMENT_RESOURCE_TYPE_${type}` }
}
