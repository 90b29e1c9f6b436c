// What the parts of the control plane are given.
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { Metadata } from '../metadata/database.ts'
import type { Operations } from '../operations/operations.ts'
import type { Catalogs } from './catalog/catalogs.ts'
import type { ComputesPort, EndpointHosts, PrincipalsPort, StoragePort } from './ports.ts'

/** What a project gets when nothing else is said. */
export interface ControlDefaults {
  readonly minCu: number
  readonly maxCu: number
  /** Idle time until an endpoint is suspended. */
  readonly suspendSeconds: number
  readonly historyRetentionSeconds: number
  /** How long a deleted project or branch can be undeleted. */
  readonly undeleteSeconds: number
}

export const DEFAULTS: ControlDefaults = {
  minCu: 1,
  maxCu: 1,
  suspendSeconds: 86_400,
  historyRetentionSeconds: 604_800,
  undeleteSeconds: 604_800,
}

/** Limits of the service, per workspace, project or branch. */
export const LIMITS = {
  projects: 1000,
  branchesPerProject: 500,
  rolesPerBranch: 500,
  databasesPerBranch: 500,
  branchSizeBytes: 8_796_093_022_208,
  ttlSeconds: 30 * 86_400,
} as const

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
  readonly hosts: EndpointHosts
  readonly defaults: ControlDefaults
}

/** What a service is given beside: it starts operations and reads catalogues. */
export interface ControlContext extends ControlParts {
  readonly operations: Operations
  readonly catalogs: Catalogs
}
