import { existsSync } from 'node:fs'
import path from 'node:path'
import { defineCommand } from '../../command/define-command.ts'
import { parseCount } from '../../command/durations.ts'
import { Failure, exitCodes } from '../../command/failure.ts'
import { requireDataDirectory } from '../../config/resolve.ts'
import { followLines, lastLines } from '../../local/follow-file.ts'
import { SEVERITIES, levelOf, textOf } from '../../local/log-lines.ts'

export const logs = defineCommand({
  path: ['logs'],
  summary: 'Print the log of the workspace on this machine',
  description:
    'Also of one that does not run any more. What an app writes is shown by `lakelet apps logs`. With -o json the lines are printed as they are stored.',
  options: {
    follow: { short: 'f', summary: 'go on with what is written until interrupted' },
    tail: {
      short: 'n',
      value: 'COUNT',
      summary: 'how many lines to begin with',
      default: 100,
      parse: parseCount,
    },
    level: {
      value: 'LEVEL',
      summary: 'leave out what matters less',
      choices: ['debug', 'info', 'warn', 'error'],
      default: 'info',
    },
  },
  examples: [
    { run: 'lakelet logs --level warn', does: 'shows what went wrong lately' },
    { run: 'lakelet logs -f', does: 'shows what happens' },
  ],
  async handler(context, { options }) {
    const { terminal, out, signal } = context
    const dataDir = await requireDataDirectory(terminal, context)
    const file = path.join(dataDir, 'lakelet.log')
    if (!existsSync(file))
      throw new Failure(`The workspace in ${dataDir} has written no log yet.`, {
        exitCode: exitCodes.notFound,
      })
    const least = SEVERITIES[options.level]
    const show = (line: string) => {
      if (levelOf(line) < least) return
      out.raw(`${out.format === 'json' ? line : textOf(line)}\n`)
    }
    // More than are wanted are read, since some are left out.
    const recent = (await lastLines(file, Infinity)).filter((line) => levelOf(line) >= least)
    for (const line of options.tail > 0 ? recent.slice(-options.tail) : []) show(line)
    if (!options.follow) return
    for await (const line of followLines(file, signal)) show(line)
  },
})
