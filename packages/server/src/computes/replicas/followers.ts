// The replicas of a primary that start or run: whoever puts other files in the place of the branch's ends them first, since what they are a
// copy of is gone.
import { LakeletError } from '../../base/errors.ts'
import type { RunningServer } from '../drivers/driver.ts'

/** What clients of a branch that becomes another one do not wait for. */
const STOP_MS = 2_000

/** One replica from the moment that its files are ready to the end of its server. */
export class Follower {
  readonly #replaced = new AbortController()
  readonly #over = Promise.withResolvers<void>()
  #server: RunningServer | undefined

  /** Aborts when its branch has become another one. */
  get signal(): AbortSignal {
    return this.#replaced.signal
  }

  get isReplaced(): boolean {
    return this.#replaced.signal.aborted
  }

  /** Resolves when its server has ended, or did not start. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  /** Starts its server; once. */
  async run(start: (signal: AbortSignal) => Promise<RunningServer>): Promise<RunningServer> {
    try {
      const server = await start(this.signal)
      this.#server = server
      void server.exited.then(() => this.#over.resolve())
      if (this.isReplaced) void server.stop({ fastMs: STOP_MS })
      return server
    } catch (error) {
      this.#over.resolve()
      throw error
    }
  }

  /** Ends it, and resolves when it has ended. */
  async end(): Promise<void> {
    this.#replaced.abort(
      new LakeletError('compute_unreachable', { reason: 'its branch becomes another one' }),
    )
    void this.#server?.stop({ fastMs: STOP_MS })
    await this.over
  }
}

export class Followers {
  readonly #all = new Set<Follower>()

  /** Called under the lock of the branch. */
  add(follower: Follower): void {
    this.#all.add(follower)
    void follower.over.then(() => this.#all.delete(follower))
  }

  /** Called under the lock of the branch: none comes meanwhile. */
  async endAll(): Promise<void> {
    await Promise.all([...this.#all].map((follower) => follower.end()))
  }
}
