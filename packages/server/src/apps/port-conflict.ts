// Why a start failed on a port: what programs print when theirs is taken, and who has it.
import { hasProcessTable, ownerOfPort } from './process-table.ts'

const TAKEN = /EADDRINUSE|address already in use|connection in use|port \d+ is in use|\[Errno (?:98|48)\]/i

/** The port that an app failed to listen on because it is taken, read from its output and its command; undefined for other failures. */
export function conflictingPort(output: string, command: readonly string[]): number | undefined {
  if (!TAKEN.test(output)) return undefined
  const start = output.search(TAKEN)
  const around = output.slice(Math.max(0, start - 200), start + 400)
  const printed =
    /\bport:? (\d{2,5})\b/i.exec(around)?.[1] ??
    /(?:[\d.\]*:]|localhost):(\d{2,5})\b/.exec(output.slice(start, start + 400))?.[1] ??
    /\('[^']*', (\d{2,5})\)/.exec(around)?.[1]
  const port = Number(printed ?? portIn(command) ?? Number.NaN)
  return Number.isInteger(port) ? port : undefined
}

/** The port that a command line names, as most servers spell it. */
function portIn(command: readonly string[]): string | undefined {
  return /(?:--port|-p|--server\.port|--bind|-b)[= ](?:\S*:)?(\d{2,5})\b/.exec(command.join(' '))?.[1]
}

/** Words for who listens on `port`; `appOf` knows the workspace's own processes. */
export async function describeOwner(
  port: number,
  appOf: (pid: number) => string | undefined,
): Promise<string> {
  const owner = hasProcessTable ? await ownerOfPort(port) : undefined
  if (!owner) return 'another process'
  const app = appOf(owner.pid)
  return app === undefined
    ? `process ${owner.pid} (${owner.command})`
    : `the app ${app} (process ${owner.pid})`
}
