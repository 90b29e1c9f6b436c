// One thing at a time happens to a branch: its server starts or stops, its files are copied, its settings change. The lock is the
// branch's and not an endpoint's, because what it guards, the data directory, is.
import { LakeletError } from '../base/errors.ts'
import { KeyedMutex } from '../base/mutex.ts'

export class BranchLocks {
  readonly #mutex = new KeyedMutex<string>()
  /** By branch, the endpoint whose server runs on it. */
  readonly #servers = new Map<string, string>()

  /** Runs `work` when nothing else happens to the branch, in the order of the calls. */
  run<T>(branchUid: string, work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(branchUid, work)
  }

  /**
   * Takes the branch for the server of an endpoint, until that is disposed of: when the server has ended. Throws
   * `compute_start_failed` while the server of another one runs on it. The caller holds the lock.
   */
  occupy(branchUid: string, endpointUid: string): Disposable {
    const other = this.#servers.get(branchUid)
    if (other !== undefined) {
      throw new LakeletError('compute_start_failed', { reason: `endpoint ${other} runs on the same branch` })
    }
    this.#servers.set(branchUid, endpointUid)
    return { [Symbol.dispose]: () => void this.#servers.delete(branchUid) }
  }
}
