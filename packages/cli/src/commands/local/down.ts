import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { Failure, exitCodes } from '../../command/failure.ts'
import { poll } from '../../command/poll.ts'
import { withProgress } from '../../command/progress.ts'
import { isAlive } from '../../config/local-workspace.ts'
import { requireLocalWorkspace } from '../../config/resolve.ts'
import { answers } from './answers.ts'

export const down = defineCommand({
  path: ['down'],
  summary: 'Stop the workspace that runs on this machine',
  description:
    'The one that runs in .lakelet of this directory or above, or that --data-dir or --profile names.',
  options: {
    timeout: {
      value: 'DURATION',
      summary: 'how long to wait for its end',
      default: '60s',
      parse: parseDuration,
    },
    force: { summary: 'end it at once; nothing that was committed is lost' },
  },
  examples: [
    { run: 'lakelet down', does: 'stops the workspace of this directory' },
    { run: 'lakelet down --data-dir /tmp/w', does: 'stops another one' },
  ],
  async handler(context, { options }) {
    const { terminal, out, signal } = context
    const { pid, host, dataDir } = await requireLocalWorkspace(terminal, context)
    // After a crash the number may belong to another program by now.
    if (!options.force && !(await answers(terminal.fetch, host))) {
      throw new Failure(`Process ${pid} of ${dataDir}/workspace.json runs but nothing answers at ${host}.`, {
        exitCode: exitCodes.conflict,
        todo: `See what it is with 'ps -p ${pid}'. If it is the workspace, 'lakelet down --force' ends it.`,
      })
    }
    end(pid, options.force ? 'SIGKILL' : 'SIGTERM')
    await withProgress(terminal, 'Stopping the workspace', () =>
      poll(async () => (isAlive(pid) ? undefined : true), {
        what: `The end of process ${pid}`,
        timeoutMs: options.timeout,
        signal,
      }),
    )
    out.note(`The workspace in ${dataDir} has stopped.`)
  },
})

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) throw error
    throw new Failure(`Process ${pid} belongs to another user.`, {
      exitCode: exitCodes.unauthenticated,
      todo: `Stop it as that user, or with 'sudo kill ${pid}'.`,
      cause: error,
    })
  }
}
