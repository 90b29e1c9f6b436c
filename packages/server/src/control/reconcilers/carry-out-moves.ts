// Suspends and restarts that somebody asked for. Each is stored before it begins and forgotten when it is done, so that one that a kill cut off
// is done by the next run of the workspace.
import { isLakeletError } from '../../base/errors.ts'
import type { AskedMove } from '../../computes/index.ts'
import { listAskedMoves, updateEndpoint } from '../../metadata/endpoints.ts'
import type { ControlParts } from '../context.ts'

/** Those that are stored. A wake is done again by whoever still needs it. */
type Asked = Exclude<AskedMove, 'WAKE'>

export class AskedMoves {
  readonly #parts: Pick<ControlParts, 'metadata' | 'computes' | 'log'>
  /** The last that was asked of each compute in this run, until it is over. */
  readonly #running = new Map<string, Promise<void>>()

  constructor(parts: Pick<ControlParts, 'metadata' | 'computes' | 'log'>) {
    this.#parts = parts
  }

  /** Resolves when it is done; one after the other for each compute. Throws as a wake does. */
  async ask(uid: string, asked: Asked): Promise<void> {
    await updateEndpoint(this.#parts.metadata.db, uid, { asked_move: asked })
    await this.#run(uid, asked)
  }

  /** One round of a reconciler: begins what an earlier run left. What does not succeed is said where the endpoint is shown. */
  async round(): Promise<void> {
    const { metadata, log } = this.#parts
    const left = (await listAskedMoves(metadata.db)).filter(({ uid }) => !this.#running.has(uid))
    const carryOut = async ({ uid, asked }: (typeof left)[number]) => {
      log.info({ endpoint: uid, asked }, 'going on with what was asked of a compute')
      await this.#run(uid, asked).catch((error: unknown) => {
        log.warn({ err: error, endpoint: uid, asked }, 'what was asked of a compute could not be done')
      })
    }
    await Promise.all(left.map(carryOut))
  }

  #run(uid: string, asked: Asked): Promise<void> {
    const before = this.#running.get(uid)
    const run = (async () => {
      await before?.catch(() => undefined)
      await this.#carryOut(uid, asked)
    })()
    const kept = run.finally(() => {
      if (this.#running.get(uid) === kept) this.#running.delete(uid)
    })
    this.#running.set(uid, kept)
    return kept
  }

  async #carryOut(uid: string, asked: Asked): Promise<void> {
    const { computes } = this.#parts
    try {
      await computes.suspend(uid, asked === 'RESTART' ? 'restart' : 'asked')
      if (asked === 'RESTART') await computes.wake(uid)
    } catch (error) {
      // The next run does it.
      if (isLakeletError(error) && error.code === 'workspace_stopping') throw error
      await this.#forget(uid, asked)
      throw error
    }
    await this.#forget(uid, asked)
  }

  /** Unless something else was asked meanwhile. */
  async #forget(uid: string, asked: Asked): Promise<void> {
    await this.#parts.metadata.db
      .updateTable('endpoints')
      .set({ asked_move: null })
      .where('uid', '=', uid)
      .where('asked_move', '=', asked)
      .execute()
  }
}
