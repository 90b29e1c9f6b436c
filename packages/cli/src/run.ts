// One call of `lakelet`: parse, run the handler, and turn what it throws into a message and an exit code.
import { COMMAND, asTyped } from './command/command-name.ts'
import { Failure, exitCodes, failureOf } from './command/failure.ts'
import { Output } from './command/output.ts'
import { type ParsedCommand, parseCommandLine } from './command/parser.ts'
import type { Terminal } from './command/terminal.ts'
import { traced } from './config/trace.ts'
import { connectWorkspace, type WorkspaceConnection } from './config/connect.ts'
import { program } from './program.ts'

/** Runs a command line and gives the exit code. Never rejects. */
export async function run(
  argv: readonly string[],
  terminal: Terminal,
  signal: AbortSignal = new AbortController().signal,
): Promise<number> {
  const isDebug = isDebugAsked(argv)
  try {
    const parsed = await parseCommandLine(program, argv)
    if ('help' in parsed) {
      terminal.stdout(parsed.help)
      return 0
    }
    await runCommand(parsed, terminal, signal)
    return 0
  } catch (error) {
    const failure = signal.aborted ? interrupted(error) : failureOf(error)
    show(failure, terminal, isDebug)
    return failure.exitCode
  }
}

/** Also where the command line is not understood; what follows `--` is for another program. */
function isDebugAsked(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).some((word) => /^--debug(=true)?$/.test(word))
}

async function runCommand(parsed: ParsedCommand, outside: Terminal, signal: AbortSignal): Promise<void> {
  const { command, input, profile, dataDir, isDebug } = parsed
  const terminal = isDebug ? { ...outside, fetch: traced(outside.fetch, outside) } : outside
  let connection: Promise<WorkspaceConnection> | undefined
  const workspace = (): Promise<WorkspaceConnection> =>
    (connection ??= connectWorkspace(terminal, { profile, dataDir }))
  await command.handler(
    {
      terminal,
      out: new Output(terminal, parsed.format, parsed.field),
      signal,
      profile,
      dataDir,
      isDebug,
      workspace,
    },
    input,
  )
}

function interrupted(error: unknown): Failure {
  return error instanceof Failure
    ? error
    : new Failure('Interrupted.', { exitCode: exitCodes.interrupted, cause: error })
}

function show(failure: Failure, terminal: Terminal, isDebug: boolean): void {
  const say = (text: string) => terminal.stderr(`${asTyped(text, terminal.command ?? COMMAND)}\n`)
  if (failure.message !== '') say(`Error: ${failure.message}`)
  if (failure.todo) say(failure.todo)
  if (!isDebug) return
  for (let cause = failure.cause; cause instanceof Error; cause = cause.cause) {
    terminal.stderr(`caused by ${cause.stack ?? cause.message}\n`)
  }
}
