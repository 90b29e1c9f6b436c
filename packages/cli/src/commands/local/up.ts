import { defineCommand } from '../../command/define-command.ts'
import type { CommandContext } from '../../command/context.ts'
import { failureOf, usageFailure } from '../../command/failure.ts'
import { dataDirOf } from '../../config/local-workspace.ts'
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
  },
  examples: [
    { run: 'lakelet up', does: 'starts a workspace in .lakelet' },
    {
      run: 'lakelet up --tutorial --data-dir /tmp/w --http-port 0 --postgres-port 0',
      does: 'performs the tutorial on free ports',
    },
  ],
  async handler(context, { options }) {
    const { signal, out } = context
    const started = performance.now()
    const { startWorkspace } = await import('@lakelet/server')
    await using workspace = await startWorkspace({
      dataDir: dataDirOf(context.terminal, context.dataDir),
      host: options.host,
      httpPort: options.httpPort,
      postgresPort: options.postgresPort,
      ownsProcess: true,
      command: context.terminal.command,
    })
    for (const notice of workspace.notices) out.note(notice)
    out.note(`The workspace runs (${seconds(performance.now() - started)}).`)
    const tutorial =
      options.tutorial && !signal.aborted
        ? await performTutorial(context, workspace, options.template)
        : undefined
    if (signal.aborted) return
    const { host, postgres } = workspace
    const link = await workspace.signInLink()
    out.data(
      { host, sign_in: link, postgres, ...(tutorial ? { app_url: tutorial.appUrl } : {}) },
      {
        lines: [
          '',
          `Workspace  ${link}`,
          out.typed('           (the link signs one browser in, once; `lakelet open` makes another)'),
          `Postgres   ${postgres.host}:${postgres.port}`,
          ...(tutorial ? [`App        ${tutorial.appUrl}`] : []),
          '',
        ],
      },
    )
    out.note('Ctrl-C stops it.')
    await untilAborted(signal)
    out.note('Stopping …')
  },
})

/** What the tutorial needs to know of the workspace: only what any client is told. */
type Public = Parameters<typeof runTutorial>[1]

/** A failure is told and leaves the workspace running, so that one can look. */
async function performTutorial(
  context: CommandContext,
  workspace: Public,
  template: (typeof TEMPLATES)[number] | undefined,
): Promise<TutorialResult | undefined> {
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
    return undefined
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
