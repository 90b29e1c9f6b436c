// Whether computes find memory when they are to start.
import { overviewRoutes } from '@lakelet/api'
import type { CommandContext } from '../command/context.ts'
import { computesLine } from '../commands/local/status.ts'
import { type LocalWorkspace } from '../config/local-workspace.ts'
import { ownersClient } from '../config/owners-client.ts'
import { type Finding, note, ok } from './finding.ts'

export async function memoryFindings(context: CommandContext, local: LocalWorkspace): Promise<Finding[]> {
  const client = await ownersClient(context.terminal, local)
  const { computes } = await client.call(overviewRoutes.getSession, {}, context.signal)
  const found = computesLine(computes)
  if (computes.waiting === 0) return [ok('compute-memory', found)]
  const why =
    'A compute that is to start waits until another one sleeps, and is refused when that takes too long.'
  const todo =
    'Suspend computes that are not needed, let them sleep sooner, or set computes.memoryMegabytes in lakelet.toml.'
  return [note('compute-memory', found, why, todo)]
}
