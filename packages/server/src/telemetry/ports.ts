// What is told to the telemetry by whoever measures. It imports nothing of them.

/** What a compute that is awake did since the measurement before, of about five seconds. */
export interface Measurement {
  readonly at: Date
  readonly seconds: number
  readonly sizeCu: number
  /** Undefined where the host does not tell. */
  readonly host?: { readonly load: number; readonly memoryBytes: number; readonly mostMemoryBytes: number }
  readonly cpuSeconds?: number
  /** Undefined where Postgres did not answer. */
  readonly databases?: {
    readonly connections: {
      readonly active: number
      readonly idle: number
      readonly idleInTransaction: number
    }
    readonly waits: Readonly<Record<string, number>>
    /** Counters of pg_stat_database by name. */
    readonly counted: Readonly<Record<string, number>>
    readonly sizeBytes?: number
  }
}

/** What one statement of a role in a database did in a while. */
export interface ExecutedStatement {
  readonly id: string
  readonly role: string
  readonly database: string
  /** Undefined where it is not to be kept. */
  readonly text: string | undefined
  readonly calls: number
  readonly ms: number
  readonly rows: number
  readonly hit: number
  readonly read: number
}

/** A decision about the size of a compute, with all it was made from; JSON can hold it. */
export interface SizeDecision {
  readonly at: Date
  readonly targetCu: number
  readonly inputs: { readonly currentCu: number }
}

/** `unwatched`: the workspace did not run, so nobody knows. */
export type RecordedState = 'idle' | 'starting' | 'active' | 'stopping' | 'failed' | 'unwatched'

/** What the gateway tells of its clients. */
export type ClientEvent =
  | {
      readonly kind: 'opened'
      readonly session: string
      readonly route: string
      readonly auth: string
      readonly connectMs: number
    }
  | {
      readonly kind: 'active' | 'closed'
      readonly session: string
      readonly bytes: { readonly fromClient: number; readonly toClient: number }
    }
  | { readonly kind: 'refused'; readonly sqlState: string; readonly auth?: string }

/** An endpoint that there is, by its names. */
export interface NamedEndpoint {
  readonly uid: string
  readonly project: string
  readonly branch: string
  readonly endpoint: string
}

/** What is asked for at each look, because nobody tells it. */
export interface MetricsSource {
  readonly version: string
  readonly workspaceId: string
  endpoints(): Promise<readonly (NamedEndpoint & { readonly state: RecordedState })[]>
  /** Of operations that can still be asked for. */
  operations(): Promise<readonly { readonly kind: string; readonly state: string; readonly count: number }[]>
  apps(): Promise<readonly { readonly state: string; readonly count: number }[]>
  /** What is complete and not in the object store yet, and for how long; undefined where none is configured. */
  objectArchive():
    | { readonly waitingBytes: number; readonly waitingSeconds: number; readonly problemSeconds: number }
    | undefined
  /** What a server that runs has written of its log and is not in the archive; undefined for one that sleeps. */
  archiveLag(uid: string): Promise<{ readonly bytes: number; readonly problemSeconds: number } | undefined>
}
