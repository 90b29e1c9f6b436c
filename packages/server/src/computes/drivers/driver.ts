// What a compute asks of whatever runs its Postgres server. All drivers pass the same suite (`tests/computes/drivers.test.ts`).
import type {
  AdminConnection,
  AdminOptions,
  ClusterExit,
  ClusterSettings,
  LoginRole,
  MemoryReport,
} from '../../postgres/index.ts'
import type { Enforcement } from '../../base/cgroups/cgroups.ts'
import type { ServerActivity } from '../idle-check.ts'

/** Where clients of a server connect to, and what it asks of whoever does. */
export type BackendAddress = UnixAddress | TcpAddress

export interface UnixAddress {
  /** The path of a socket that only this workspace may open, as any role. */
  readonly unix: string
  /** What to answer when the server asks for a password, whatever the role; it asks only where this is set. */
  readonly password?: string
}

export interface TcpAddress {
  readonly tcp: { readonly host: string; readonly port: number }
  /** The certificate authority (PEM) that the server's certificate must come from, and the name that it must bear. */
  readonly tls: { readonly ca: string; readonly serverName: string }
  /** Who logs in, in the place of the client whom the gateway has authenticated. */
  readonly login: { readonly role: string; readonly password: string }
}

export interface ServerSpec {
  readonly endpointUid: string
  /** The Postgres data directory of the branch. */
  readonly dataDirectory: string
  /** Major version of Postgres that the data directory is of. */
  readonly major: number
  readonly settings: ClusterSettings
  /** Set for a standby: the endpoint whose server it follows. Its directory and settings are those of one. */
  readonly follows?: string
}

export type ServerExit = ClusterExit

export interface StopOptions {
  /** How long an orderly shutdown may take before it is done harder; the driver's own measure when left out. */
  readonly fastMs?: number
}

export interface ServerDriver {
  /** How sizes take effect here. */
  readonly enforcement: Enforcement
  /**
   * Starts a server and resolves when it accepts connections; recovery after a crash may take its time. Throws
   * `compute_start_failed` with the server's last words. When `signal` aborts, the server is stopped and the signal's reason thrown.
   */
  start(spec: ServerSpec, signal: AbortSignal): Promise<RunningServer>
  /** Why no server would start with these settings, found out without starting one; undefined when it would. */
  startProblem(major: number, settings: ClusterSettings): Promise<string | undefined>
  /**
   * Takes over the server that an earlier run of the workspace left behind, where it is healthy and is what a start would make; undefined
   * where there is none, or none such.
   */
  adopt(spec: ServerSpec): Promise<RunningServer | undefined>
  /** Ends a server that an earlier run of the workspace left behind on `dataDirectory`; true if there was one. */
  stopLeftover(dataDirectory: string): Promise<boolean>
  /** Removes what is kept for an endpoint beside its data. Its server has ended. */
  forget(endpointUid: string): Promise<void>
}

/** What a server takes of its host at a moment. Bytes. */
export interface ServerUsage {
  /** Processes that run, or wait for a CPU or a disk. */
  readonly runnable: number
  /** Memory of its processes, shared memory included. */
  readonly memoryBytes: number
  /** The page cache that it filled, and the part that is in use; undefined where the host does not tell. */
  readonly cache?: { readonly cachedBytes: number; readonly workingSetBytes: number }
}

export interface RunningServer {
  readonly address: BackendAddress
  /** True once it has ended, or was told to. */
  readonly isOver: boolean
  /** Settles when it has ended, for whatever reason; never rejects. */
  readonly exited: Promise<ServerExit>
  readonly catalog: ServerCatalog
  /**
   * Resolves when it accepts connections: at once as a rule, and after the crash of a backend when it has recovered. False when
   * it ends instead. Rejects with the reason of `signal`.
   */
  ready(signal?: AbortSignal): Promise<boolean>
  /**
   * Ends all sessions, writes a checkpoint and ends the server; harder when that takes too long. What was committed is safe either
   * way. Never rejects.
   */
  stop(options?: StopOptions): Promise<ServerExit>
  /** A new connection as the superuser. Rejects with an error of `isConnectionLost` while the server recovers, or when it has ended. */
  admin(options?: AdminOptions): Promise<AdminConnection>
  /**
   * Has the server take new settings while it runs. Returns the names of those that wait for a restart, undefined when nothing
   * was new to it. Throws `compute_start_failed` when it refuses them: then it goes on with what it had. A new size takes effect at once,
   * as far as the host enforces sizes.
   */
  applySettings(settings: ClusterSettings): Promise<readonly string[] | undefined>
  /** What backends use, of those that say so at once. Rejects where the server went away. */
  memory(processIds: readonly number[]): Promise<readonly MemoryReport[]>
  /** Undefined where that cannot be told, or the server has ended. */
  usage(): Promise<ServerUsage | undefined>
  /** Time that its processes have spent on CPUs since it began; undefined where that cannot be told, or the server has ended. */
  cpuSeconds(): Promise<number | undefined>
}

/** How far a standby is. */
export interface ReplayStatus {
  readonly replayedLsn: bigint
  /** Whether it gets the log from its primary at this moment. */
  readonly isStreaming: boolean
  /** When the last transaction that it has replayed was committed. */
  readonly lastCommit: Date | undefined
}

/** What the server says of itself, asked on one connection that all share. Whatever fails closes that; the next question opens another. */
export interface ServerCatalog {
  /** What sessions do, the workspace's own left out. */
  activity(): Promise<ServerActivity>
  /** Undefined where there is no such role, or it is one of ours. */
  findLoginRole(name: string): Promise<LoginRole | undefined>
  listLoginRoles(): Promise<LoginRole[]>
  /** Ends the sessions of all others (57P01) and waits for their ends, `withinMs` at most. */
  endSessions(withinMs: number): Promise<void>
  /** Undefined for a server that is no standby. */
  replay(): Promise<ReplayStatus | undefined>
  /** Up to where all is on disk that it has written. */
  endOfLog(): Promise<bigint>
  /** Runs `work` on the shared connection: only SELECT, no transaction. */
  read<T>(work: (admin: AdminConnection) => Promise<T>): Promise<T>
}
