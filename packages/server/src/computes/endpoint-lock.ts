// An endpoint as it is stored now, and the lock of the branch that it is on.
import { LakeletError } from '../base/errors.ts'
import type { BranchLocks } from './branch-locks.ts'
import type { EndpointSource, EndpointSpec } from './ports.ts'

export interface EndpointLockOptions {
  readonly uid: string
  readonly endpoints: EndpointSource
  readonly locks: BranchLocks
  /** The branch on which the endpoint's server runs, while it does. */
  readonly runsOn: () => string | undefined
}

export class EndpointLock {
  readonly #options: EndpointLockOptions
  /** The branch of the endpoint when it was last there. */
  #branchUid: string | undefined

  constructor(options: EndpointLockOptions) {
    this.#options = options
  }

  /** Undefined where the endpoint is gone. */
  async find(): Promise<EndpointSpec | undefined> {
    const spec = await this.#options.endpoints.load(this.#options.uid)
    this.#branchUid = spec?.branchUid ?? this.#branchUid
    return spec
  }

  /** Throws `endpoint_unknown` where it is gone. */
  async load(): Promise<EndpointSpec> {
    const spec = await this.find()
    if (!spec) throw new LakeletError('endpoint_unknown')
    return spec
  }

  /** As it is stored now. An endpoint that is gone is not suspended as idle: whoever deletes it stops it. */
  async suspendAfterMs(): Promise<number | null> {
    return (await this.find())?.suspendAfterMs ?? null
  }

  /** Runs `work` under the lock of the branch. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      const branchUid = await this.#branch()
      const done = await this.#options.locks.run(branchUid, async () =>
        // It may have come to another branch while this waited.
        (await this.#branch()) === branchUid ? { result: await work() } : undefined,
      )
      if (done) return done.result
    }
  }

  /** One that was never on a branch has had no server, and nothing to guard. */
  async #branch(): Promise<string> {
    await this.find()
    return this.#options.runsOn() ?? this.#branchUid ?? this.#options.uid
  }
}
