/** The principal of a request, as every service sees it. */
export interface Caller {
  /** Numeric SCIM id. */
  readonly id: number
  readonly kind: 'user' | 'service_principal'
  /** The e-mail address of a user, the client id of a service principal: also the Postgres role name. */
  readonly name: string
  readonly displayName: string
  readonly isAdmin: boolean
  /** Display names of the groups it is a member of. */
  readonly groups: readonly string[]
}
