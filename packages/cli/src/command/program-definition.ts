import type { Command } from './define-command.ts'

/** Every command there is. */
export interface Program {
  readonly version: string
  readonly summary: string
  readonly commands: readonly Command[]
  /** Summaries of the words that have commands below them. */
  readonly groups: Readonly<Record<string, string>>
}
