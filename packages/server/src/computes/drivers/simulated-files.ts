// What a simulated server is given to keep data in.
import type { AdminConnection } from '../../postgres/index.ts'
import type { Archives } from '../../storage/index.ts'

/** What servers do with the files of their data directories; without it they leave them alone. */
export interface SimulatedFiles {
  /** Starts a server on the files. Throws an error with its last words. */
  open(dataDirectory: string): OpenFiles
  /** Archives what a server completes, from its start to its end. */
  readonly archives?: Pick<Archives, 'follow'>
}

export interface OpenFiles {
  connect(): AdminConnection
  shutDown(): void
  /** It is killed. */
  crash(): void
}
