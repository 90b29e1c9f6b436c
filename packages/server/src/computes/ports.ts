// What the computes ask of the rest of the workspace.
import type { AdminConnection } from '../postgres/index.ts'
import type { PreparedReplica, ReplicaSource } from '../storage/index.ts'
import type { Connections, Counters } from './sampling/database-sample.ts'
import type { ScalingRecord } from './scaling/goal.ts'

/** An endpoint as its compute needs to know it, as it is stored now. */
export interface EndpointSpec {
  readonly uid: string
  /** What its server runs on, and the lock of it is called after: the branch; for a read-only endpoint the endpoint itself. */
  readonly branchUid: string
  /** Set for a read-only endpoint: its server is a standby of this one's. */
  readonly follows?: FollowedEndpoint
  /** The project to whose limit of active computes it counts; left out where it counts to none. */
  readonly countsTo?: string
  /** The Postgres data directory of the branch, or of the replica. */
  readonly dataDirectory: string
  /** Major version of Postgres that the data directory is of. */
  readonly major: number
  /** The range of its size; a compute that wakes begins at its smallest. */
  readonly minCu: number
  /** Decides max_connections too, so that it does not move while the compute scales. */
  readonly maxCu: number
  /** Suspended after this long without activity; null = never. */
  readonly suspendAfterMs: number | null
  /** A disabled endpoint is not woken. */
  readonly disabled: boolean
  /** Raw Postgres settings of the user. */
  readonly settings: Readonly<Record<string, string>>
}

/** The read-write endpoint of a replica's branch. */
export interface FollowedEndpoint {
  readonly endpointUid: string
  readonly branchUid: string
}

/** Keeps the files of replicas. */
export interface ReplicaStore {
  /** See `Replicas.prepare` of storage. */
  prepare(replicaUid: string, source: ReplicaSource): Promise<PreparedReplica>
  /** Where a branch that sleeps ends; undefined after a crash. */
  endOf(branchUid: string): Promise<bigint | undefined>
  /** Uids of all replicas that have files. */
  list(): Promise<string[]>
  dataDirectory(replicaUid: string): string
  /** Removes the files of a replica; its server must not run. */
  remove(replicaUid: string): Promise<void>
}

export interface EndpointSource {
  /**
   * The endpoint as stored now; undefined when there is none of this uid. Asked at each look at an awake compute, about twice a
   * second, so it answers from memory as long as nothing was stored.
   */
  load(uid: string): EndpointSpec | undefined | Promise<EndpointSpec | undefined>
  /** All endpoints that are stored, whose servers are taken over at the start; none is where it is absent. */
  list?(): Promise<readonly EndpointSpec[]>
}

/** What a compute was measured to do since the sample before, of about five seconds. */
export interface ComputeSample {
  readonly at: Date
  readonly seconds: number
  readonly sizeCu: number
  /** Undefined where the host does not tell. */
  readonly host?: { readonly load: number; readonly memoryBytes: number; readonly mostMemoryBytes: number }
  /** Time on CPUs. */
  readonly cpuSeconds?: number
  /** Undefined where Postgres did not answer. */
  readonly databases?: {
    readonly connections: Connections
    readonly waits: Readonly<Record<string, number>>
    readonly counted: Counters
    readonly sizeBytes?: number
  }
}

/** Is told what computes that are awake are measured to do, and what was decided by it. Must not throw. */
export interface ComputeObserver {
  measured(uid: string, sample: ComputeSample): void
  decided(uid: string, record: ScalingRecord): void
}

/** Keeps what the catalog of a branch says, for the time its compute sleeps. */
export interface CatalogObserver {
  /** Called before a compute stops, when its sessions have ended. */
  observe(branchUid: string, admin: AdminConnection): Promise<void>
}

/** A session that keeps its backend, and why: an open transaction, what it has set up in the server, … */
export interface RefusedSession {
  readonly session: string
  readonly reason: string
}

export interface ParkResult {
  /** How many clients stay connected without a backend. */
  readonly parked: number
  /** Sessions that are only connecting, and have no backend yet, are not among them. */
  readonly refused: readonly RefusedSession[]
}

/** Whoever holds the clients' ends of sessions. */
export interface SessionHolder {
  /**
   * Takes the backends from the sessions of an endpoint that can do without, within `deadlineMs`; the next byte of such a client wakes
   * the compute again. Called under the lock that wakes take, before the compute leaves `active`. It is no activity: nothing is touched by it.
   */
  park(endpointUid: string, deadlineMs: number): Promise<ParkResult>
  /** Ends sessions that were refused, with 57P01; resolves when they are over. Called once the compute is stopping. */
  retire(sessions: readonly string[]): Promise<void>
}
