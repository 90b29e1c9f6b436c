// What the parts of the control plane are given.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata } from '../metadata/database.ts'
import type { Operations } from '../operations/operations.ts'
import type { Catalogs } from './catalog/catalogs.ts'
import type { RolePasswords } from './catalog/role-passwords.ts'
import type { ControlDefaults } from './rules/limits.ts'
import type { ComputesPort, EndpointHosts, PrincipalsPort, SessionsPort, StoragePort } from './ports.ts'

/** What the kinds of operation, the views and the loops are given. */
export interface ControlParts {
  /** Stands in the manifest of each branch, so that a foreign one is known. */
  readonly workspaceId: string
  readonly metadata: Metadata
  readonly clock: Clock
  readonly log: Logger
  readonly computes: ComputesPort
  readonly storage: StoragePort
  readonly principals: PrincipalsPort
  readonly rolePasswords: RolePasswords
  readonly hosts: EndpointHosts
  readonly defaults: ControlDefaults
}

/** What a service is given beside: it starts operations, reads catalogues and asks who is connected. */
export interface ControlContext extends ControlParts {
  readonly sessions: SessionsPort
  readonly operations: Operations
  readonly catalogs: Catalogs
}
