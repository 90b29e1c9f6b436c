// What a fault scenario is. Each runs in a process of its own, so that "the process lives" and "the process exits" can be
// seen from outside.
import type { ConnectorOptions } from '../../src/index.ts'
import type { TestLakebase, TestLakebaseOptions } from '../../src/testing/index.ts'

/** The pool of some implementation, as far as the comparison needs it. */
export interface PoolLike {
  query(text: string): Promise<{ rows: unknown[] }>
  connect(): Promise<{ query(text: string): Promise<{ rows: unknown[] }>; release(error?: boolean): void }>
  end(): Promise<void>
}

/** Options that every implementation is given. */
export interface PoolOptions {
  max?: number
  connectionTimeoutMillis?: number
  idleTimeoutMillis?: number
  maxUses?: number
  maxLifetimeSeconds?: number
}

/** An implementation under test. */
export interface Subject {
  readonly name: string
  createPool(env: Readonly<Record<string, string>>, options?: PoolOptions): PoolLike
}

export interface Rig {
  /** A Lakebase of its own for this scenario; call it again for another one. Stopped by the runner. */
  start(options?: Omit<TestLakebaseOptions, 'upstream'>): Promise<TestLakebase>
  /** Whose pool is tried in scenarios that compare. */
  readonly subject: Subject
  /** The directory of the real Postgres' socket. */
  readonly postgres: string
  /** Adds something to be closed before the leak check. */
  defer(close: () => Promise<unknown>): void
  /** Options for our own connector, from this environment. */
  options(env: Readonly<Record<string, string>>, more?: ConnectorOptions): ConnectorOptions
}

export interface Scenario {
  readonly id: string
  readonly fault: string
  readonly expected: string
  /** True when it asks nothing but a pool, so that other implementations can be put through it. */
  readonly isComparable?: boolean
  /** Throws when the outcome is not the expected one; resolves to what was measured, for people. */
  run(rig: Rig): Promise<string>
}
