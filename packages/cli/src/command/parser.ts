// The adapter between commands as data and the argument parser. Nothing else knows the parser.
import { Command as Parser, CommanderError } from 'commander'
import { arrange } from './arrange.ts'
import type { Command } from './define-command.ts'
import { EXIT_CODES, usageFailure } from './failure.ts'
import { knownWords, refuseUnknownCommand } from './known-words.ts'
import type { OutputFormat } from './output.ts'
import { argumentOf, optionOf, optionValue } from './parse-option.ts'
import type { Program } from './program-definition.ts'
import { addSharedOptions } from './shared-options.ts'
import { placeholder } from './spelling.ts'

/** A command line that was understood. */
export interface ParsedCommand {
  readonly command: Command
  readonly input: {
    readonly arguments: Readonly<Record<string, unknown>>
    readonly options: Readonly<Record<string, unknown>>
    readonly rest: readonly string[]
  }
  readonly format: OutputFormat
  /** Field of the result to print alone. */
  readonly field: string | undefined
  readonly profile: string | undefined
  readonly dataDir: string | undefined
  readonly isDebug: boolean
}

/** Parses `argv`; answers the help text instead when that is what was asked for. Rejects with a usage failure. */
export async function parseCommandLine(
  program: Program,
  argv: readonly string[],
): Promise<ParsedCommand | { readonly help: string }> {
  let parsed: ParsedCommand | undefined
  let help = ''
  const { words, rest } = arrange(program, argv)
  refuseUnknownCommand(program, words)
  const root = buildParser(
    program,
    (text) => (help += text),
    rest,
    (result) => (parsed = result),
  )
  try {
    await root.parseAsync([...words], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== 0 && error.code !== 'commander.help') throw misuse(error, program, words)
  }
  return parsed ?? { help }
}

/** Help of one command, of a group, or of the program for an empty path. */
export async function helpOf(program: Program, path: readonly string[]): Promise<string> {
  const result = await parseCommandLine(program, [...path, '--help'])
  return 'help' in result ? result.help : ''
}

type OnParsed = (parsed: ParsedCommand) => void

function buildParser(
  program: Program,
  write: (text: string) => void,
  rest: readonly string[],
  onParsed: OnParsed,
): Parser {
  const root = settle(new Parser('lakelet'), write)
    .description(program.summary)
    .version(program.version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', afterHelp())
  addSharedOptions(root, true)
  const parents = new Map<string, Parser>([['', root]])
  for (const command of program.commands) {
    const parent = parentOf(command.path.slice(0, -1), parents, program, write)
    const built = buildCommand(command, write, rest, onParsed)
    parent.addCommand(built, { hidden: command.hidden ?? false })
    // A command may have others below it: `env` and `env pull`.
    parents.set(command.path.join(' '), built)
  }
  return root
}

function parentOf(
  path: readonly string[],
  parents: Map<string, Parser>,
  program: Program,
  write: (text: string) => void,
): Parser {
  const key = path.join(' ')
  const known = parents.get(key)
  if (known) return known
  const group = settle(new Parser(path.at(-1)), write)
    .summary(program.groups[key] ?? '')
    .description(program.groups[key] ?? '')
  addSharedOptions(group, false)
  parentOf(path.slice(0, -1), parents, program, write).addCommand(group)
  parents.set(key, group)
  return group
}

function settle(parser: Parser, write: (text: string) => void): Parser {
  return parser
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {}, getOutHelpWidth: () => 100 })
    .configureHelp({ showGlobalOptions: false, sortSubcommands: true, subcommandTerm: termOf })
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .enablePositionalOptions()
    .action(() => parser.outputHelp())
    .allowExcessArguments(false)
}

/** A line of a list of commands: a group has no arguments, and flags are a matter of the command's own help. */
function termOf(parser: Parser): string {
  const names = parser.registeredArguments.map((each) => {
    const name = `${each.name()}${each.variadic ? '...' : ''}`
    return each.required ? ` <${name}>` : ` [${name}]`
  })
  return `${parser.name()}${names.join('')}`
}

function buildCommand(
  command: Command,
  write: (text: string) => void,
  rest: readonly string[],
  onParsed: OnParsed,
): Parser {
  const parser = settle(new Parser(command.path.at(-1)), write)
    .summary(command.summary)
    .description(command.description ? `${command.summary}\n\n${command.description}` : command.summary)
  for (const [name, definition] of Object.entries(command.arguments ?? {})) {
    parser.addArgument(argumentOf(name, definition))
  }
  for (const [name, definition] of Object.entries(command.options ?? {})) {
    parser.addOption(optionOf(name, definition))
  }
  addSharedOptions(parser, true)
  if (command.passThrough) parser.usage(`${usageOf(command)} [-- ${command.passThrough}...]`)
  if (command.examples?.length) parser.addHelpText('after', examplesOf(command))
  return parser.action(() => onParsed(readParsed(command, parser, rest)))
}

function usageOf(command: Command): string {
  const names = Object.entries(command.arguments ?? {}).map(([name, each]) =>
    each.optional ? `[${placeholder(name)}]` : `<${placeholder(name)}>`,
  )
  return ['[options]', ...names].join(' ')
}

function afterHelp(): string {
  const lines = EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`)
  return `\nExit codes:\n${lines.join('\n')}\n\n'lakelet COMMAND --help' says what a command takes, with examples.\n'lakelet completion bash|zsh|fish' completes commands and names in your shell.`
}

function examplesOf(command: Command): string {
  const lines = (command.examples ?? []).map(({ run, does }) => `  ${run}\n      ${does}`)
  return `\nExamples:\n${lines.join('\n')}`
}

function readParsed(command: Command, parser: Parser, rest: readonly string[]): ParsedCommand {
  const given = parser.opts<Record<string, unknown>>()
  const names = Object.keys(command.arguments ?? {})
  const options = Object.fromEntries(
    Object.entries(command.options ?? {}).map(([name, definition]) => [
      name,
      optionValue(name, definition, given),
    ]),
  )
  return {
    command,
    input: {
      arguments: Object.fromEntries(
        names.map((name, index) => [name, parser.processedArgs[index] as unknown]),
      ),
      options,
      rest,
    },
    format: given['output'] === 'json' ? 'json' : 'text',
    field: given['field'] as string | undefined,
    profile: given['profile'] as string | undefined,
    dataDir: given['dataDir'] as string | undefined,
    isDebug: given['debug'] === true,
  }
}

function misuse(error: CommanderError, program: Program, argv: readonly string[]): Error {
  const message = error.message
    .replace(/^error: /, '')
    .replace(/\n\(Did you mean (.*)\?\)$/, ". Did you mean '$1'?")
  const [first = '', ...others] = message
  const sentence = `${first.toUpperCase()}${others.join('')}`
  return usageFailure(
    /[.?]$/.test(sentence) ? sentence : `${sentence}.`,
    `'lakelet ${[...knownWords(program, argv), '--help'].join(' ')}' shows how it is used.`,
  )
}
