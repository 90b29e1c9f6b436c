/** What every operation on a role or a database is given. Objects are named by their oids, which no renaming changes. */
export interface CatalogInput {
  readonly projectUid: string
  readonly branchUid: string
  /** The endpoint through which the catalogue is reached. */
  readonly endpointUid: string
  readonly callerId: number
  /** The resource id of the role or database. */
  readonly id: string
}
