import path from 'node:path'
import type { Client } from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { defineCommand } from '../../command/define-command.ts'
import { connectWorkspace, type WorkspaceConnection } from '../../config/connect.ts'
import { requireDataDirectory } from '../../config/resolve.ts'
import { lastLines } from '../../local/follow-file.ts'
import { levelOf, SEVERITIES, textOf } from '../../local/log-lines.ts'
import { VERSION } from '../../version.ts'
import { limitOptions } from './limits.ts'

export const mcp = defineCommand({
  path: ['mcp'],
  summary: 'Serve the workspace to an agent: tools for projects, branches, SQL, apps and logs (MCP)',
  description:
    'Speaks the Model Context Protocol over standard input and output, so a program starts it and not a person: `lakelet mcp config` prints what to write where. It acts with the rights of who is signed in. SQL is read-only unless a tool says otherwise, and what destroys something is done in two calls. A workspace that does not run yet may be started later.',
  options: limitOptions,
  examples: [
    { run: 'lakelet mcp --read-only', does: 'serves what changes nothing' },
    { run: 'lakelet mcp --toolsets sql,branches --project my-app-db', does: 'serves one project' },
  ],
  async handler(context, { options: { readOnly, toolsets, project } }) {
    const { Confirmations, serveOnStdio } = await import('@lakelet/mcp')
    await serveOnStdio(
      {
        version: VERSION,
        readOnly,
        project,
        ...(toolsets === undefined ? {} : { toolsets }),
        confirmations: new Confirmations(),
        connect: connector(context),
        ...(context.profile === undefined ? { workspaceLog: logReader(context) } : {}),
      },
      context.signal,
    )
  },
})

/** Looks each time which workspace it is: one of this machine may have been started, or started again on other ports. */
function connector({ terminal: loud, profile, dataDir }: CommandContext): () => Promise<Client> {
  // Whoever started this knows which workspace it is; what is changed is said by the tools.
  const terminal = { ...loud, stderr: () => {} }
  let elsewhere: WorkspaceConnection | undefined
  return async () => {
    if (elsewhere) return elsewhere.client
    const connection = await connectWorkspace(terminal, { profile, dataDir })
    if (connection.configuration.local === undefined) elsewhere = connection
    return connection.client
  }
}

function logReader(context: CommandContext) {
  return async (count: number, level: string): Promise<readonly string[]> => {
    const dataDir = await requireDataDirectory(context.terminal, context)
    const least = SEVERITIES[level as keyof typeof SEVERITIES]
    // More than are wanted are read, since some are left out.
    const lines = await lastLines(path.join(dataDir, 'lakelet.log'), 20_000)
    return lines
      .filter((line) => levelOf(line) >= least)
      .slice(-count)
      .map(textOf)
  }
}
