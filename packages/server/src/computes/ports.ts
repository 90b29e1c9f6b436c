// What the computes ask of the rest of the workspace.
import type { AdminConnection } from '../postgres/index.ts'
import type { ComputeState } from './states.ts'

/** An endpoint as its compute needs to know it; read anew at every start. */
export interface EndpointSpec {
  readonly uid: string
  readonly branchUid: string
  /** The Postgres data directory of the branch. */
  readonly dataDirectory: string
  /** Major version of Postgres that the data directory is of. */
  readonly major: number
  readonly minCu: number
  /** Decides max_connections, so that it does not move while the compute scales. */
  readonly maxCu: number
  /** Suspended after this long without activity; null = never. */
  readonly suspendAfterMs: number | null
  /** A disabled endpoint is not woken. */
  readonly disabled: boolean
  /** Raw Postgres settings of the user. */
  readonly settings: Readonly<Record<string, string>>
}

export interface EndpointSource {
  /** The endpoint as stored now; undefined when there is none of this uid. */
  load(uid: string): EndpointSpec | undefined | Promise<EndpointSpec | undefined>
}

/** Keeps what the catalog of a branch says, for the time its compute sleeps. */
export interface CatalogObserver {
  /** Called before a compute stops, when its sessions have ended. */
  observe(branchUid: string, admin: AdminConnection): Promise<void>
}

/** Called after each change of state, in order. Must not throw. */
export type StateListener = (uid: string, state: ComputeState, at: Date) => void
