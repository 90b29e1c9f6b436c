/** Every number of transaction pooling that someone may want to change. */
export interface PoolSettings {
  /** Most backends of one pool (an endpoint, a database and a role); 0 = nine tenths of what the compute takes in all. */
  readonly size: number
  /** Most pooled clients of one endpoint. */
  readonly maxClients: number
  /** How long a client waits for a backend, in ms; Lakebase gives up after two minutes. */
  readonly queueTimeoutMs: number
  /** A backend that nobody needed for so long is closed. */
  readonly idleMs: number
  /** One that is older is closed when it is given back: what `ALTER ROLE … SET` changes holds for new ones only. */
  readonly lifetimeMs: number
  /** Prepared statements that one backend keeps. */
  readonly maxPreparedStatements: number
}

export const defaultPoolSettings: PoolSettings = {
  size: 0,
  maxClients: 10_000,
  queueTimeoutMs: 120_000,
  idleMs: 60_000,
  lifetimeMs: 3_600_000,
  maxPreparedStatements: 200,
}
