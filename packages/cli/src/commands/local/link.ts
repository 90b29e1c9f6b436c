import path from 'node:path'
import type { CommandContext } from '../../command/context.ts'
import { defineCommand } from '../../command/define-command.ts'
import { usageFailure } from '../../command/failure.ts'
import { isDataDirectory } from '../../config/data-directory.ts'
import { requirePresent } from '../../postgres/endpoint-target.ts'
import { type Link, type LinkTarget, findLink, removeLink, writeLink } from '../../config/link.ts'

export const link = defineCommand({
  path: ['link'],
  summary: 'Link this folder to a workspace, a project and a branch',
  description:
    'Commands called in the folder or below it then mean that project and branch where none is named, and go to that workspace, unless one runs in .lakelet there. What the command line names wins. Without arguments it shows the link. The link is kept in .databricks, which no repository takes.',
  arguments: {
    target: { summary: 'PROJECT, PROJECT/BRANCH or projects/<project>[/branches/<branch>]', optional: true },
  },
  options: { remove: { summary: 'take the link away, as `lakelet unlink` does' } },
  examples: [
    { run: 'lakelet link my-app-db/dev', does: 'makes branch dev the one that commands mean here' },
    { run: 'lakelet link --data-dir ~/shared/.lakelet', does: 'makes that workspace the one of this folder' },
    { run: 'lakelet link', does: 'shows what the folder is linked to' },
  ],
  async handler(context, { arguments: { target }, options: { remove } }) {
    const { terminal, dataDir } = context
    if (remove && target !== undefined) throw usageFailure('--remove takes no TARGET.')
    if (remove) await takeAway(context)
    else if (target !== undefined) await linkFolder(context, namedTarget(target))
    else if (context.profile !== undefined) await linkFolder(context, {})
    else if (dataDir !== undefined) await linkToDataDir(context, path.resolve(terminal.cwd, dataDir))
    else await show(context)
  },
})

export const unlink = defineCommand({
  path: ['unlink'],
  summary: 'Take the link of this folder away',
  examples: [{ run: 'lakelet unlink', does: 'forgets what the folder was linked to' }],
  handler: (context) => takeAway(context),
})

async function takeAway({ terminal, out }: CommandContext): Promise<void> {
  const file = await removeLink(terminal.cwd)
  const above = await findLink(terminal.cwd)
  out.note(file === undefined ? `${terminal.cwd} was not linked.` : `${terminal.cwd} is linked no more.`)
  if (above) out.note(`${describe(above)}, which ${above.file} says, counts here.`)
}

async function show({ terminal, out }: CommandContext): Promise<void> {
  const found = await findLink(terminal.cwd)
  if (!found)
    throw usageFailure(
      `${terminal.cwd} is not linked.`,
      "Name a project of the workspace ('lakelet link PROJECT[/BRANCH]'), or a workspace with --data-dir or --profile.",
    )
  const { file, dataDir, ...others } = found
  out.data({ file, data_dir: dataDir, ...others }, { lines: [`Linked to ${describe(found)}, by ${file}.`] })
}

/** A workspace of this machine, running or not. */
async function linkToDataDir({ terminal, out }: CommandContext, dataDir: string): Promise<void> {
  if (!(await isDataDirectory(dataDir)))
    throw usageFailure(
      `${dataDir} is no data directory of a workspace.`,
      `'lakelet up --data-dir ${dataDir}' makes it one.`,
    )
  const file = await writeLink(terminal.cwd, { dataDir })
  say(out, terminal.cwd, { file, dataDir })
}

/** Links the folder to the workspace that commands find now, and to what is named in it, which has to be there. */
export async function linkFolder(
  context: CommandContext,
  named: Pick<LinkTarget, 'project' | 'branch'>,
): Promise<Link> {
  const { terminal, out, signal } = context
  const { client, configuration } = await context.workspace()
  const { local, host, profile } = configuration
  const { project, branch } = named
  if (project !== undefined) await requirePresent(client, { project, branch }, signal)
  const target = { ...(local ? { dataDir: local.dataDir } : { host, profile }), project, branch }
  const made = { ...target, file: await writeLink(terminal.cwd, target) }
  say(out, terminal.cwd, made)
  return made
}

/** Reads PROJECT[/BRANCH]. */
export function namedTarget(text: string): { readonly project: string; readonly branch: string | undefined } {
  const match =
    /^projects\/([^/]+)(?:\/branches\/([^/]+))?$/.exec(text) ?? /^([^/]+)(?:\/([^/]+))?$/.exec(text)
  const [, project, branch] = match ?? []
  if (project !== undefined && text !== 'projects') return { project, branch }
  throw usageFailure(
    `'${text}' is neither PROJECT[/BRANCH] nor projects/<project>[/branches/<branch>].`,
    "'lakelet postgres list-branches' shows which there are.",
  )
}

function say(out: CommandContext['out'], folder: string, { file, dataDir, ...others }: Link): void {
  out.data(
    { file, data_dir: dataDir, ...others },
    { lines: [`${folder} is linked to ${describe({ file, dataDir, ...others })}.`] },
  )
}

function describe({ dataDir, host, project, branch }: Link): string {
  const workspace = `the workspace ${dataDir === undefined ? `at ${host}` : `in ${dataDir}`}`
  if (project === undefined) return workspace
  return `projects/${project}${branch === undefined ? '' : `/branches/${branch}`} of ${workspace}`
}
