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

/** A decision about the size of a compute, with all it was made from; JSON can hold it. */
export interface SizeDecision {
  readonly at: Date
  readonly targetCu: number
  readonly inputs: { readonly currentCu: number }
}

/** `unwatched`: the workspace did not run, so nobody knows. */
export type RecordedState = 'idle' | 'starting' | 'active' | 'stopping' | 'failed' | 'unwatched'
