/** Tells that a resource lives and dies with its parent; bundles and terraform look for it and let the parent's delete do. */
export const MANAGED_BY_PARENT = [
  {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    domain: 'databricks.com',
    reason: 'RESOURCE_CONFLICT',
    metadata: { declarative_context: 'MANAGED_BY_PARENT' },
  },
] as const
