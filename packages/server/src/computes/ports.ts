// What the computes ask of the rest of the workspace.
import type { AdminConnection } from '../postgres/index.ts'

/** An endpoint as its compute needs to know it, as it is stored now. */
export interface EndpointSpec {
  readonly uid: string
  readonly branchUid: string
  /** The Postgres data directory of the branch. */
  readonly dataDirectory: string
  /** Major version of Postgres that the data directory is of. */
  readonly major: number
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
  /**
   * The endpoint as stored now; undefined when there is none of this uid. Asked at each look at an awake compute, about twice a
   * second, so it answers from memory as long as nothing was stored.
   */
  load(uid: string): EndpointSpec | undefined | Promise<EndpointSpec | undefined>
}

/** Keeps what the catalog of a branch says, for the time its compute sleeps. */
export interface CatalogObserver {
  /** Called before a compute stops, when its sessions have ended. */
  observe(branchUid: string, admin: AdminConnection): Promise<void>
}

/** A session that keeps its backend, and why. */
export interface RefusedSession {
  readonly id: string
  /** What cannot be rebuilt: an open transaction, a temporary table, … */
  readonly reason: string
}

export interface ParkResult {
  /** Sessions whose clients stay connected without a backend. */
  readonly parked: number
  readonly refused: readonly RefusedSession[]
}

/** Whoever holds the clients' ends of sessions. Parking and retiring are no activity: nothing is touched, opened or closed by them. */
export interface SessionHolder {
  /**
   * Takes the backends from the sessions of an endpoint that can do without, within `deadlineMs`; the next byte of such a client wakes
   * the compute again. Called under the lock that wakes take, before the compute leaves `active`.
   */
  park(endpointUid: string, deadlineMs: number): Promise<ParkResult>
  /** Ends sessions, by the ids of `park`, telling their clients why; resolves when their backends are let go. */
  retire(sessionIds: readonly string[], reason: string): Promise<void>
}
