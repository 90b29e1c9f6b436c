/** What every operation on a role or a database is given. */
export interface CatalogInput {
  readonly projectUid: string
  readonly branchUid: string
  /** The endpoint through which the catalogue is reached. */
  readonly endpointUid: string
  /** The resource id of the role or database. */
  readonly id: string
}
