import { defineCommand } from '../../command/define-command.ts'
import { parseDuration } from '../../command/durations.ts'
import { Failure, exitCodes } from '../../command/failure.ts'
import { poll } from '../../command/poll.ts'
import { dataDirOf, isAlive, requireLocalWorkspace } from '../../config/local-workspace.ts'
import { answers } from './answers.ts'

export const down = defineCommand({
  path: ['down'],
  summary: 'Stop the workspace that runs on this machine',
  options: {
    dataDir: { value: 'DIR', summary: 'its data directory; .lakelet when left out' },
    timeout: {
      value: 'DURATION',
      summary: 'how long to wait for its end',
      default: '60s',
      parse: parseDuration,
    },
    force: { summary: 'end it at once; nothing that was committed is lost' },
  },
  async handler({ terminal, out, signal }, { options }) {
    const dataDir = dataDirOf(terminal, options.dataDir)
    const { pid, host } = await requireLocalWorkspace(dataDir)
    // After a crash the number may belong to another program by now.
    if (!options.force && !(await answers(terminal.fetch, host))) {
      throw new Failure(`Process ${pid} of ${dataDir}/workspace.json runs but nothing answers at ${host}.`, {
        exitCode: exitCodes.conflict,
        todo: `See what it is with 'ps -p ${pid}'. If it is the workspace, 'lakelet down --force' ends it.`,
      })
    }
    process.kill(pid, options.force ? 'SIGKILL' : 'SIGTERM')
    await poll(async () => (isAlive(pid) ? undefined : true), {
      what: `The end of process ${pid}`,
      timeoutMs: options.timeout,
      signal,
    })
    out.note(`The workspace in ${dataDir} has stopped.`)
  },
})
