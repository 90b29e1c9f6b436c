import type { WorkspaceConnection } from '../config/connect.ts'
import type { Output } from './output.ts'
import type { Terminal } from './terminal.ts'

/** What a handler works with. */
export interface CommandContext {
  readonly terminal: Terminal
  readonly out: Output
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal
  /** The profile named by `--profile`. */
  readonly profile: string | undefined
  /** The data directory named by `--data-dir`, as it was given. */
  readonly dataDir: string | undefined
  /** Whether `--debug` asks for every request on standard error. */
  readonly isDebug: boolean
  /** Resolves the configuration and gives a client for the workspace it names; the same one each time. */
  readonly workspace: () => Promise<WorkspaceConnection>
}
