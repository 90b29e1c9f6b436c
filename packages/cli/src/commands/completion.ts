import { type Command, defineCommand } from '../command/define-command.ts'
import { usageFailure } from '../command/failure.ts'
import type { Program } from '../command/program-definition.ts'
import { candidatesFor } from '../completion/candidates.ts'
import { namesFrom } from '../completion/names.ts'
import { FILES, INSTALL, SHELLS, type Shell, scriptOf } from '../completion/scripts.ts'

export const completion = defineCommand({
  path: ['completion'],
  summary: 'Print the script that completes commands and names in a shell',
  description:
    'Commands, flags and their values are completed, and the names of projects, branches, endpoints, databases, roles, apps, workspace files and profiles where a workspace runs. Without SHELL it prints how to install it.',
  arguments: { shell: { summary: 'bash, zsh or fish', optional: true } },
  examples: [
    { run: 'source <(lakelet completion bash)', does: 'completes in this bash' },
    ...SHELLS.map((shell) => ({ run: INSTALL[shell], does: `completes in every new ${shell}` })),
  ],
  handler({ out }, { arguments: { shell } }) {
    if (shell === undefined) {
      const lines = SHELLS.map((each) => `${each.padEnd(5)} ${INSTALL[each]}`)
      out.data(INSTALL, { lines })
    } else if (SHELLS.some((each) => each === shell)) out.raw(scriptOf(shell as Shell))
    else throw usageFailure(`There is no completion for '${shell}'.`, `There is for ${SHELLS.join(', ')}.`)
    return Promise.resolve()
  },
})

/** What the scripts call: candidates for the last word after `--`, one a line, with a tab before what they do. */
export function completeCommand(program: () => Program): Command {
  return defineCommand({
    path: ['__complete'],
    summary: 'Print what may come next; for the scripts of `lakelet completion`',
    passThrough: 'WORDS',
    hidden: true,
    async handler({ out, terminal }, { rest }) {
      const found = await candidatesFor(program(), rest, namesFrom(terminal))
      if (found === 'files') out.raw(`${FILES}\n`)
      else
        out.raw(found.map(({ text, summary }) => (summary ? `${text}\t${summary}\n` : `${text}\n`)).join(''))
    },
  })
}
