// Opens the prompt at a terminal: where nothing else gives statements, and in place of a psql that is missing.
import type { Endpoint } from '@lakelet/api'
import type { CommandContext } from '../command/context.ts'
import type { Screen } from '../command/terminal.ts'
import { loginTo } from '../postgres/connection.ts'
import type { Moment } from '../postgres/moment.ts'
import { visible } from '../commands/sql-output.ts'
import { COMMAND_NAMES } from './commands.ts'
import { Names, candidates } from './complete.ts'
import { History, historyFile } from './history.ts'
import { LastingSession } from './lasting-session.ts'
import { LineEditor } from './line-editor.ts'
import { SqlPrompt } from './sql-prompt.ts'

type Input = NonNullable<CommandContext['terminal']['stdin']>

/** The keyboard and the screen of a person; undefined where one of them is something else. */
export function personAt({
  terminal,
}: CommandContext): { readonly input: Input; readonly screen: Screen } | undefined {
  const { stdin, screen } = terminal
  return stdin?.isTTY && screen ? { input: stdin, screen } : undefined
}

/** Reads and runs statements until the person leaves. */
export async function openPrompt(
  context: CommandContext,
  endpoint: Endpoint,
  { database, moment }: { readonly database: string; readonly moment: Moment | undefined },
  { input, screen }: NonNullable<ReturnType<typeof personAt>>,
): Promise<void> {
  const { terminal, signal } = context
  // Ctrl-C ends a statement and not the session.
  terminal.ignoreInterrupts()
  const names = new Names()
  let editor: LineEditor | undefined
  const say = (text: string): void => (editor ? editor.say(text) : terminal.stdout(text))
  await using session = await LastingSession.open({
    login: () => loginTo(context, endpoint, moment),
    database,
    onNotice: (text) => say(`${text}\n`),
    onNotification: ({ channel, payload, processId }) =>
      say(
        `NOTIFY ${visible(channel)}${payload ? ` "${visible(payload)}"` : ''}, from process ${processId}\n`,
      ),
    say,
    signal,
  })
  const branch = endpoint.name.replace(/\/endpoints\/[^/]+$/, '')
  const prompt = new SqlPrompt({
    session,
    names,
    write: (text) => terminal.stdout(text),
    pressure: () => terminal.outputPressure?.(),
    width: () => screen.columns || 80,
    lend: (work) => (editor ? editor.lend(work) : work()),
    whereabouts: () =>
      `Database "${session.database}" of ${branch} as ${session.login.user}, at ${session.login.host}:${session.login.port}.`,
    env: terminal.env,
    cwd: terminal.cwd,
  })
  const complete = async (line: string): Promise<[string[], string]> => {
    // A sleeping branch is not woken for names.
    const isAsked = !session.isLost && !/^\s*\\\S*$/.test(line)
    const known = isAsked
      ? await session
          .current()
          .then((current) => names.of(current))
          .catch(() => [])
      : []
    return candidates(line, COMMAND_NAMES, known)
  }
  await using lines = await LineEditor.open({
    input,
    output: screen,
    history: new History(historyFile(terminal.env, terminal.home)),
    complete,
    onInterrupt: () => prompt.interrupt(),
    signal,
  })
  editor = lines
  say(`${prompt.whereabouts()}\n\\? lists the commands, \\q leaves.\n`)
  await prompt.consume(lines)
  signal.throwIfAborted()
}
