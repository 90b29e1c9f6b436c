import { existsSync } from 'node:fs'
import path from 'node:path'
import { defineCommand } from '../../command/define-command.ts'
import type { CommandContext } from '../../command/context.ts'
import { parseDuration } from '../../command/durations.ts'
import { withProgress } from '../../command/progress.ts'
import { Failure, failureOf, usageFailure } from '../../command/failure.ts'
import { refuseForeignDataDirectory } from '../../config/data-directory.ts'
import { dataDirOf, findLocalWorkspace } from '../../config/local-workspace.ts'
import { startDetached } from '../../local/detached.ts'
import { type TutorialResult, TEMPLATES, runTutorial } from '../../tutorial/run-tutorial.ts'

export const up = defineCommand({
  path: ['up'],
  summary: 'Start a workspace and keep it running until interrupted',
  description:
    'Everything lives in the data directory, .lakelet here unless --data-dir names another one: starting again shows the same data. A busy default port gives way to the next free one; a busy port that was asked for is an error.',
  options: {
    host: { value: 'ADDRESS', summary: 'address to listen on', default: '127.0.0.1' },
    httpPort: {
      value: 'PORT',
      summary: 'port of the API and the console (0: any free one); 8080 when left out',
      parse: parsePort,
    },
    postgresPort: {
      value: 'PORT',
      summary: 'port of Postgres (0: any free one); 5432 when left out',
      parse: parsePort,
    },
    tutorial: { summary: 'perform the tutorial once the workspace runs' },
    template: { value: 'TEMPLATE', summary: 'template of the tutorial app', choices: TEMPLATES },
    detach: { summary: 'go on in the background; `lakelet down` stops it, `lakelet logs` shows its log' },
    wait: { summary: 'with --detach: return when it serves and the tutorial is done' },
    timeout: {
      value: 'DURATION',
      summary: 'with --wait: how long to wait',
      default: '10m',
      parse: parseDuration,
    },
  },
  examples: [
    { run: 'lakelet up', does: 'starts a workspace in .lakelet' },
    {
      run: 'lakelet up --tutorial --data-dir /tmp/w --http-port 0 --postgres-port 0',
      does: 'performs the tutorial on free ports',
    },
    { run: 'lakelet up --detach --wait', does: 'starts one in the background, for a script' },
  ],
  async handler(context, { options }) {
    const { signal, out, terminal } = context
    const dataDir = dataDirOf(terminal, context.dataDir)
    if (options.wait && !options.detach) throw usageFailure('--wait goes with --detach.')
    if (options.detach) {
      await upDetached(context, dataDir, options)
      return
    }
    const started = performance.now()
    const { startWorkspace } = await import('@lakelet/server')
    await using workspace = await withProgress(terminal, 'Starting the workspace', () =>
      startWorkspace({
        dataDir,
        host: options.host,
        httpPort: options.httpPort,
        postgresPort: options.postgresPort,
        ownsProcess: true,
        command: terminal.command,
      }),
    )
    for (const notice of workspace.notices) out.note(notice)
    out.note(`The workspace runs (${seconds(performance.now() - started)}).`)
    const tutorial =
      options.tutorial && !signal.aborted
        ? await performTutorial(context, workspace, options.template)
        : undefined
    if (signal.aborted) return
    const { host, postgres } = workspace
    const link = await workspace.signInLink()
    const appUrl = tutorial && 'appUrl' in tutorial ? tutorial.appUrl : undefined
    const data = { host, sign_in: link, postgres, ...(appUrl ? { app_url: appUrl } : {}) }
    const lines = [
      '',
      `Workspace  ${link}`,
      out.typed('           (the link signs one browser in, once; `lakelet open` makes another)'),
      `Postgres   ${postgres.host}:${postgres.port}`,
      ...(appUrl ? [`App        ${appUrl}`] : []),
      '',
    ]
    out.data(data, { lines })
    const failure = tutorial && 'failure' in tutorial ? { failure: tutorial.failure } : {}
    terminal.tellParent?.({ ready: { data, lines, ...failure } })
    out.note('Ctrl-C stops it.')
    await untilAborted(signal)
    out.note('Stopping …')
  },
})

/** Before the log of a process in the background is put there: the server is loaded only for a directory with a disk. */
async function mountOwnDisk(dataDir: string): Promise<void> {
  if (!existsSync(path.join(dataDir, 'disk.json'))) return
  const { ensureMounted } = await import('@lakelet/server')
  await ensureMounted(dataDir)
}

/** Starts this command again apart from the terminal; a workspace that runs there already is as good. */
async function upDetached(
  { terminal, out, signal }: CommandContext,
  dataDir: string,
  options: DetachOptions,
): Promise<void> {
  const running = await findLocalWorkspace(dataDir)
  if (running) {
    const { pid, host, postgres } = running
    out.note(`A workspace runs in ${dataDir} already.`)
    out.data({ pid, data_dir: dataDir, host, postgres }, { lines: [`Workspace  ${host}`] })
    return
  }
  await mountOwnDisk(dataDir)
  await refuseForeignDataDirectory(dataDir)
  const child = startDetached(terminal, dataDir, ['up', '--data-dir', dataDir, ...flagsOf(options)])
  const { pid, logFile } = child
  if (!options.wait) {
    child.release()
    out.data(
      { pid, data_dir: dataDir, log: logFile },
      { lines: [`Process ${pid} starts it; it writes to ${logFile}.`] },
    )
    return
  }
  const { data, lines, failure } = await withProgress(terminal, 'Starting the workspace', () =>
    child.ready(options.timeout, signal),
  )
  out.data({ pid, data_dir: dataDir, log: logFile, ...data }, { lines })
  out.note("'lakelet down' stops it, 'lakelet logs' shows its log.")
  if (failure !== undefined) throw new Failure(`The tutorial stopped: ${failure}`)
}

interface DetachOptions {
  readonly host: string
  readonly httpPort: number | undefined
  readonly postgresPort: number | undefined
  readonly tutorial: boolean
  readonly template: string | undefined
  readonly wait: boolean
  readonly timeout: number
}

function flagsOf({ host, httpPort, postgresPort, tutorial, template }: DetachOptions): string[] {
  return [
    '--host',
    host,
    ...(httpPort === undefined ? [] : ['--http-port', String(httpPort)]),
    ...(postgresPort === undefined ? [] : ['--postgres-port', String(postgresPort)]),
    ...(tutorial ? ['--tutorial'] : []),
    ...(template === undefined ? [] : ['--template', template]),
  ]
}

/** What the tutorial needs to know of the workspace: only what any client is told. */
type Public = Parameters<typeof runTutorial>[1]

/** A failure is told and leaves the workspace running, so that one can look. */
async function performTutorial(
  context: CommandContext,
  workspace: Public,
  template: (typeof TEMPLATES)[number] | undefined,
): Promise<TutorialResult | { readonly failure: string } | undefined> {
  try {
    return await runTutorial(context, workspace, template)
  } catch (error) {
    if (context.signal.aborted) return undefined
    const failure = failureOf(error)
    context.out.note(`\nThe tutorial stopped: ${failure.message}`)
    if (failure.todo) context.out.note(failure.todo)
    context.out.note(
      'The workspace stays up so that you can look. Starting again goes on where the tutorial stopped.',
    )
    return { failure: failure.message }
  }
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= 65_535) return port
  throw usageFailure(`'${text}' is not a port: a number from 0 to 65535.`)
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** A duration for people. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
