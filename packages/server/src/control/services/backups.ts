// Backups of the workspace that runs.
import path from 'node:path'
import { refuseTarget } from '../../base/bundle/write-bundle.ts'
import { LakeletError } from '../../base/errors.ts'
import { ownerOf, type PostgresHost } from '../../postgres/index.ts'
import type { ControlContext } from '../context.ts'
import { progressLines } from '../http/progress-lines.ts'
import { backUpWorkspace } from '../recovery/back-up.ts'

export class Backups {
  readonly #context: ControlContext
  readonly #here: { readonly host: PostgresHost; readonly version: string }

  constructor(context: ControlContext, here: { readonly host: PostgresHost; readonly version: string }) {
    this.#context = context
    this.#here = here
  }

  /** Lines of JSON; see `progressLine` of the contract. LakeletError `bundle_target` before it begins. */
  async backUp(to: string, signal: AbortSignal): Promise<AsyncIterable<string>> {
    const { clock, log, computes } = this.#context
    const { host, version } = this.#here
    if (!path.isAbsolute(to))
      throw new LakeletError('bundle_target', { file: to, reason: 'it is not a full path' })
    const inside = path.relative(host.dataDir, to)
    if (inside === '' || !inside.startsWith('..'))
      throw new LakeletError('bundle_target', { file: to, reason: 'it is inside the data directory' })
    await refuseTarget(to)
    const parts = {
      ...this.#context,
      dataDir: host.dataDir,
      version,
      postgresUid: host.account && ownerOf(host).uid,
      withFiles: computes.withFiles.bind(computes),
    }
    const work = async (say: (message: string) => void, ending: AbortSignal) => {
      const report = await backUpWorkspace(parts, { to, now: clock.now(), onProgress: say, signal: ending })
      log.info(report, 'backed the workspace up')
      return report
    }
    return progressLines(work, { clock, log, signal })
  }
}
