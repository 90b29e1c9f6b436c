// What the computes ask of the rest of the workspace.
import type { AdminConnection } from '../postgres/index.ts'
import type { PreparedReplica, ReplicaSource } from '../storage/index.ts'
import type { Connections, Counters } from './sampling/database-sample.ts'
import type { ScalingRecord } from './scaling/goal.ts'
import type { BackendAddress } from './drivers/driver.ts'

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
  /** Absent where its sessions end with its server, as those of Lakebase do. */
  readonly parking?: ParkingSpec
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

/** How the sessions of an endpoint outlive its server. */
export interface ParkingSpec {
  /** For how long an idle session that cannot be parked keeps its compute awake; then it ends with 57P01. */
  readonly keepAwakeMs: number
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

/** What one statement of a role in a database did since the look before. */
export interface StatementCounts {
  readonly id: string
  readonly role: string
  readonly database: string
  /** Its beginning, with values left out as pg_stat_statements does; undefined where it may hold a password. */
  readonly text: string | undefined
  readonly calls: number
  /** Time that it took, planning left out. */
  readonly ms: number
  readonly rows: number
  readonly hit: number
  readonly read: number
}

/** Is told what computes that are awake are measured to do, and what was decided by it. Must not throw. */
export interface ComputeObserver {
  measured(uid: string, sample: ComputeSample): void
  decided(uid: string, record: ScalingRecord): void
  /** The statements that took the most time since the look before. */
  executed(uid: string, at: Date, statements: readonly StatementCounts[]): void
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
  /** For how long it has been idle; absent where it is not. */
  readonly idleMs?: number
  /** As in pg_stat_activity, where it is known. */
  readonly processId?: number
  readonly role?: string
  readonly database?: string
  readonly applicationName?: string
}

export interface ParkResult {
  /** How many clients can do without a backend; they are held. */
  readonly parked: number
  /** Sessions that are only connecting, and have no backend yet, are among them only where they keep the compute awake. */
  readonly refused: readonly RefusedSession[]
}

/** Whoever holds the clients' ends of sessions. */
export interface SessionHolder {
  /**
   * Finds out, within `deadlineMs`, which sessions of an endpoint can do without a backend, and holds those until `settle`. Looks at none
   * where one that cannot keeps the compute awake anyway: that has been idle for less than `keepAwakeMs`. Called under the lock that wakes
   * take, while the compute is active. It is no activity: nothing is touched by it.
   */
  park(
    endpointUid: string,
    options: { readonly deadlineMs: number; readonly keepAwakeMs: number },
  ): Promise<ParkResult>
  /**
   * `parked`: takes the backends from the sessions that `park` held; the next byte of such a client wakes the compute again. Called once
   * the compute is stopping. `released`: they go on.
   */
  settle(endpointUid: string, outcome: 'parked' | 'released'): Promise<void>
  /**
   * Called when the server of an endpoint has started and nobody but the workspace can use it yet: parked sessions that listen to channels
   * must be back before anybody can notify them.
   */
  revive(endpointUid: string, address: BackendAddress, deadlineMs: number): Promise<void>
  /** Ends sessions that were refused, with 57P01; resolves when they are over. Called once the compute is stopping. */
  retire(sessions: readonly string[]): Promise<void>
  /** Ends all sessions of an endpoint that is gone for good, the parked ones among them. */
  dismiss(endpointUid: string): Promise<void>
}
