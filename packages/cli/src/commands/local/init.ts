import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { CommandContext } from '../../command/context.ts'
import { defineCommand } from '../../command/define-command.ts'
import { isMissing } from '../../config/config-file.ts'
import { NotRunning } from '../../config/local-workspace.ts'
import { NothingConfigured } from '../../config/resolve.ts'
import { isTakenByGit } from '../../config/taken-by-git.ts'
import { projectIfNone } from '../../dev/branch.ts'
import { findBranch, findEndpoint } from '../../postgres/endpoint-target.ts'
import { pullVariables } from '../env/pull.ts'
import { linkFolder, namedTarget } from './link.ts'

export const init = defineCommand({
  path: ['init'],
  summary: 'Make this folder one that belongs to a project: link, .env, .gitignore',
  description:
    'Links the folder to the project that is named or the only one there is, makes one with the name of the folder in a workspace that has none, writes .env as `lakelet env pull` does, and has git ignore it. Doing it again changes nothing that is right already.',
  arguments: {
    target: { summary: 'PROJECT, PROJECT/BRANCH or projects/<project>[/branches/<branch>]', optional: true },
  },
  examples: [
    { run: 'lakelet init', does: 'prepares the folder of an app' },
    { run: 'lakelet init my-app-db/dev', does: 'prepares it for branch dev' },
  ],
  async handler(context, { arguments: { target } }) {
    const { out, terminal } = context
    const named = target === undefined ? undefined : namedTarget(target)
    const ignored = await ignoreSecrets(terminal)
    if (ignored.length > 0) out.note(`.gitignore has ${ignored.join(' and ')} now.`)
    const { link, isRunning } = await linkIfRunning(context, named)
    if (!isRunning) {
      out.note(
        "No workspace runs here. 'lakelet dev -- COMMAND' starts one for as long as the command runs, 'lakelet up --detach --wait' one that stays; 'lakelet init' links this folder to it then and writes .env.",
      )
      return
    }
    const endpoint = await findEndpoint(context, { ...link, endpoint: undefined })
    const { file, isChanged } = await pullVariables(context, endpoint, '.env', { withPassword: false })
    out.data(
      { endpoint: endpoint.name, link: link.file, env_file: file, is_changed: isChanged },
      {
        lines: [
          `.env ${isChanged ? 'has the variables' : 'is up to date: it has those'} of ${endpoint.name}.`,
        ],
      },
    )
    out.note("'lakelet dev -- COMMAND' runs your app with them, 'lakelet psql' opens psql.")
  },
})

interface Linked {
  readonly link: { readonly project: string; readonly branch: string; readonly file: string }
  readonly isRunning: true
}

async function linkIfRunning(
  context: CommandContext,
  named: ReturnType<typeof namedTarget> | undefined,
): Promise<Linked | { readonly link: undefined; readonly isRunning: false }> {
  try {
    await context.workspace()
  } catch (error) {
    if (error instanceof NotRunning || error instanceof NothingConfigured)
      return { link: undefined, isRunning: false }
    throw error
  }
  const { link: present } = await context.workspace()
  const made = await projectIfNone(context, named?.project)
  if (made !== undefined) context.out.note(made)
  const target = await findBranch(context, named ?? { project: undefined, branch: undefined })
  const isLinked = present?.project !== undefined && named === undefined
  const { file } = isLinked
    ? present
    : // A branch that nobody named is the default one, whichever that will be.
      await linkFolder(context, { project: target.project, branch: named?.branch })
  return { link: { ...target, file }, isRunning: true }
}

/** Has git ignore .env in this folder, where it does not; gives the lines that were added. */
async function ignoreSecrets({ cwd, env }: CommandContext['terminal']): Promise<string[]> {
  const file = path.join(cwd, '.gitignore')
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return ''
    throw error
  })
  const lines = text.split(/\r?\n/).map((line) => line.trim())
  if (lines.includes('.env')) return []
  // A line such as `.env*` ignores it, too. Outside a repository nobody can be asked.
  if (lines.some((line) => line.startsWith('.env')) && !(await isTakenByGit(path.join(cwd, '.env'), env)))
    return []
  await writeFile(file, `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}.env\n`)
  return ['.env']
}
