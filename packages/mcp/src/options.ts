import type { Client } from '@lakelet/api'
import type { Confirmations } from './confirmations.ts'

/** Groups of tools, for clients that need few of them. */
export const TOOLSETS = ['projects', 'branches', 'sql', 'apps', 'observe'] as const
export type Toolset = (typeof TOOLSETS)[number]

/** What the tools may do, and for whom. */
export interface McpOptions {
  /** A client of the workspace as who is signed in; asked anew for each call, since a workspace may be started again elsewhere. */
  readonly connect: () => Promise<Client>
  readonly version: string
  /** Only tools that change nothing. */
  readonly readOnly?: boolean
  /** All of them where absent. */
  readonly toolsets?: readonly Toolset[]
  /** Id of the only project that the tools see. */
  readonly project?: string | undefined
  /** The latest lines of the log of the workspace, from a level on; absent where its file is not at hand. */
  readonly workspaceLog?: (count: number, level: string) => Promise<readonly string[]>
  /** What was asked for and not yet confirmed; shared by all connections of a process. */
  readonly confirmations: Confirmations
}
