import { type Command, defineCommand } from '../command/define-command.ts'
import { helpOf } from '../command/parser.ts'
import type { Program } from '../command/program-definition.ts'

/** The command that shows the help of the others; the program holds it, so it is asked for when it runs. */
export function helpCommand(program: () => Program): Command {
  return defineCommand({
    path: ['help'],
    summary: 'Show the help of a command',
    arguments: { command: { summary: 'words of the command or group', optional: true, variadic: true } },
    examples: [{ run: 'lakelet help apps deploy', does: "the same as 'lakelet apps deploy --help'" }],
    async handler({ out }, { arguments: { command } }) {
      out.raw(await helpOf(program(), command))
    },
  })
}
