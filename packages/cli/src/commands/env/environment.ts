// All that an app needs to run against an endpoint, as `lakelet env` prints it.
import type { Endpoint } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { connectingTo, type Wanted } from '../../postgres/connecting.ts'
import type { Variables } from './env-format.ts'
import { authorityVariables, connectionVariables, workspaceVariables } from './variables.ts'

/** Throws as `connectingTo`. */
export async function environmentOf(
  context: CommandContext,
  endpoint: Endpoint,
  wanted: Wanted,
): Promise<Variables> {
  const connecting = await connectingTo(context, endpoint, wanted)
  return {
    ...connectionVariables(connecting),
    ...(await authorityVariables(connecting, context)),
    ...(await workspaceVariables(await context.workspace(), endpoint)),
  }
}
