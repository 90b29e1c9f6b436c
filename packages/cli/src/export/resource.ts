// A declared resource between what the API says and what a tool's file looks like: the same fields in bundles and Terraform, with
// references to other resources instead of their names.

/** Names of the kinds in a bundle and in the Databricks provider of Terraform. */
export const KINDS = {
  project: { bundle: 'postgres_projects', terraform: 'databricks_postgres_project' },
  branch: { bundle: 'postgres_branches', terraform: 'databricks_postgres_branch' },
  endpoint: { bundle: 'postgres_endpoints', terraform: 'databricks_postgres_endpoint' },
  role: { bundle: 'postgres_roles', terraform: 'databricks_postgres_role' },
  database: { bundle: 'postgres_databases', terraform: 'databricks_postgres_database' },
  app: { bundle: 'apps', terraform: 'databricks_app' },
  scope: { bundle: 'secret_scopes', terraform: 'databricks_secret_scope' },
} as const

export type Kind = keyof typeof KINDS

/** An attribute of another resource, and what follows it in the same text. */
export class Reference {
  readonly to: Pick<Resource, 'kind' | 'key'>
  /** `path` is the full resource name of what the Postgres API has. */
  readonly attribute: 'path' | 'name' | 'service_principal_client_id'
  readonly suffix: string

  constructor(to: Pick<Resource, 'kind' | 'key'>, attribute: Reference['attribute'], suffix = '') {
    this.to = to
    this.attribute = attribute
    this.suffix = suffix
  }
}

export type Value =
  | string
  | number
  | boolean
  | Reference
  | readonly Value[]
  | { readonly [name: string]: Value | undefined }

export type Fields = { readonly [name: string]: Value | undefined }

export interface Resource {
  readonly kind: Kind
  /** Its name in the file: a letter or underscore, then letters, digits and underscores. */
  readonly key: string
  /** What the service calls it, for an import: `projects/…`, or a name. */
  readonly id: string
  readonly fields: Fields
  /** What Terraform has in `spec` and a bundle beside the other fields. */
  readonly spec?: Fields
  /** What Terraform has as resources of its own. */
  readonly acls?: readonly { readonly principal: string; readonly permission: string }[]
}

export interface Declaration {
  readonly resources: readonly Resource[]
  /** What the reader must know: what is left out, and what to do about it. */
  readonly notes: readonly string[]
}
