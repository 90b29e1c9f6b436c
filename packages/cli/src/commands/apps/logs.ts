import { appendFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AppLogLine, type Client, appsRoutes } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { parseCount, parseDuration } from '../../command/durations.ts'
import { Failure, usageFailure } from '../../command/failure.ts'
import { type LogStreamEnd, followLogs } from './log-stream.ts'

type Source = AppLogLine['source']

export const appsLogs = defineCommand({
  path: ['apps', 'logs'],
  summary: 'Print what an app wrote',
  arguments: { name: { summary: 'name of the app' } },
  options: {
    tailLines: {
      value: 'COUNT',
      summary: 'how many of the latest lines to begin with',
      default: 200,
      parse: parseCount,
    },
    follow: { short: 'f', summary: 'go on printing new lines until interrupted' },
    timeout: {
      value: 'DURATION',
      summary: 'with --follow: how long to go on; without end when left out',
      parse: parseDuration,
    },
    search: { value: 'TEXT', summary: 'only lines that contain this text' },
    source: { value: 'SOURCES', summary: 'APP, SYSTEM or both, separated by commas', parse: parseSources },
    outputFile: { value: 'FILE', summary: 'append the lines to this file, too' },
  },
  examples: [{ run: 'lakelet apps logs my-app -f', does: 'shows the log as it grows' }],
  async handler({ workspace, out, signal, terminal }, { arguments: { name }, options }) {
    const { client, tokens } = await workspace()
    const { search = '', source = ['APP', 'SYSTEM'], tailLines } = options
    const isWanted = (line: AppLogLine) => source.includes(line.source) && line.message.includes(search)
    const print = async (line: AppLogLine): Promise<void> => {
      const text = `${new Date(line.timestamp * 1000).toISOString()} [${line.source}] ${line.message}`
      out.event(line, text)
      if (options.outputFile) await appendFile(path.resolve(terminal.cwd, options.outputFile), `${text}\n`)
    }
    const latest = await readLogs(client, name, tailLines, signal)
    for (const line of latest.filter(isWanted)) await print(line)
    if (!options.follow) return
    const end = options.timeout ? AbortSignal.any([signal, AbortSignal.timeout(options.timeout)]) : signal
    const onLine = (line: AppLogLine) => (isWanted(line) ? print(line) : undefined)
    const follow = (url: string, since: number) =>
      followLogs({ url, tokens, search, signal: end, since, onLine })
    await followUntilInterrupted({ client, name, signal: end, since: latest.at(-1)?.timestamp ?? 0 }, follow)
  },
})

function parseSources(text: string): readonly Source[] {
  const sources = text.split(',').map((each) => each.trim().toUpperCase())
  const unknown = sources.find((each) => each !== 'APP' && each !== 'SYSTEM')
  if (unknown !== undefined)
    throw usageFailure(`'${unknown}' is no source of log lines; they are APP and SYSTEM.`)
  return sources as Source[]
}

async function readLogs(
  client: Client,
  name: string,
  tailLines: number,
  signal: AbortSignal,
): Promise<readonly AppLogLine[]> {
  const call = { params: { name }, query: { tail_lines: tailLines } }
  return (await client.call(appsRoutes.getLogs, call, signal)).lines
}

const RECONNECT_MS = 1000

/** States of a compute in which no more lines come. */
const ENDED = ['STOPPED', 'DELETING', 'ERROR']

async function followUntilInterrupted(
  app: {
    readonly client: Client
    readonly name: string
    readonly signal: AbortSignal
    readonly since: number
  },
  follow: (url: string, since: number) => Promise<LogStreamEnd>,
): Promise<void> {
  const { client, name, signal } = app
  for (let { since } = app; !signal.aborted;) {
    const app = await client.call(appsRoutes.get, { params: { name } }, signal)
    if (ENDED.includes(app.compute_status.state)) {
      throw new Failure(`App ${name} is in state ${app.compute_status.state} and writes no log.`, {
        todo: `'lakelet apps start ${name}' starts it.`,
      })
    }
    since = (await follow(app.url, since)).lastTimestamp
    if (!signal.aborted) await sleep(RECONNECT_MS, undefined, { signal }).catch(() => {})
  }
}
