import type { CommandContext } from '../../command/context.ts'
import { defineCommand } from '../../command/define-command.ts'
import { usageFailure } from '../../command/failure.ts'
import { requireDataDirectory, requireLocalWorkspace } from '../../config/resolve.ts'
import { type Limits, limitOptions } from './limits.ts'

const CLIENTS = ['claude-code', 'cursor', 'vscode'] as const

/** The file of each, in the folder of a project, and the key in it. */
const PLACES = {
  'claude-code': { file: '.mcp.json', key: 'mcpServers' },
  cursor: { file: '.cursor/mcp.json', key: 'mcpServers' },
  vscode: { file: '.vscode/mcp.json', key: 'servers' },
} as const

export const mcpConfig = defineCommand({
  path: ['mcp', 'config'],
  summary: 'Print what an agent has to be told to use this workspace',
  description:
    'JSON for the file that standard error names. It starts `lakelet mcp` for the workspace of this folder; with --http it leads to the workspace itself, where the agent signs in with the browser.',
  arguments: { client: { summary: CLIENTS.join(', '), optional: true } },
  options: { ...limitOptions, http: { summary: 'by the address of the running workspace, with a sign-in' } },
  examples: [
    { run: 'lakelet mcp config cursor > .cursor/mcp.json', does: 'lets Cursor use the workspace' },
    { run: 'lakelet mcp config vscode --http --read-only', does: 'for VS Code, over HTTP, only reading' },
  ],
  async handler(context, { arguments: { client = 'claude-code' }, options: { http, ...limits } }) {
    const known = CLIENTS.find((each) => each === client)
    if (known === undefined) {
      throw usageFailure(
        `'${client}' is not known here.`,
        `Known are ${CLIENTS.join(', ')}; others take the same JSON.`,
      )
    }
    const server = http ? await overHttp(context, limits) : await overStdio(context, limits)
    const { file, key } = PLACES[known]
    context.out.data(
      { [key]: { lakelet: server } },
      { lines: [JSON.stringify({ [key]: { lakelet: server } }, undefined, 2)] },
    )
    context.out.note(`This goes into ${file} in the folder of your project.`)
  },
})

async function overStdio(context: CommandContext, { readOnly, toolsets, project }: Limits) {
  const { profile, terminal } = context
  const place =
    profile === undefined
      ? ['--data-dir', await requireDataDirectory(terminal, context)]
      : ['--profile', profile]
  const args = [
    'mcp',
    ...place,
    ...(readOnly ? ['--read-only'] : []),
    ...(toolsets === undefined ? [] : ['--toolsets', toolsets.join(',')]),
    ...(project === undefined ? [] : ['--project', project]),
  ]
  const [command = 'lakelet', ...first] = wordsOf(terminal)
  return { type: 'stdio', command, args: [...first, ...args] }
}

/** By its name where that leads there from any folder, else by its path. */
function wordsOf({ command = 'lakelet', program }: CommandContext['terminal']): readonly string[] {
  if (command === 'lakelet' || command.startsWith('npx ')) return command.split(' ')
  return program ?? ['lakelet']
}

async function overHttp(context: CommandContext, { readOnly, toolsets, project }: Limits) {
  const { host } = await requireLocalWorkspace(context.terminal, context)
  const url = new URL('/mcp', host)
  if (readOnly) url.searchParams.set('read_only', 'true')
  if (toolsets !== undefined) url.searchParams.set('toolsets', toolsets.join(','))
  if (project !== undefined) url.searchParams.set('project', project)
  return { type: 'http', url: url.href }
}
