// The adapter between commands as data and the argument parser. Nothing else knows the parser.
import { Argument, Command as Parser, CommanderError, Option } from 'commander'
import type { ArgumentDefinition, Command, OptionDefinition } from './define-command.ts'
import { usageFailure } from './failure.ts'
import type { OutputFormat } from './output.ts'
import { nearest } from '@lakelet/api'

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

export interface Program {
  readonly version: string
  readonly summary: string
  readonly commands: readonly Command[]
  /** Summaries of the words that have commands below them. */
  readonly groups: Readonly<Record<string, string>>
}

/** Parses `argv`; answers the help text instead when that is what was asked for. Rejects with a usage failure. */
export async function parseCommandLine(
  program: Program,
  argv: readonly string[],
): Promise<ParsedCommand | { readonly help: string }> {
  let parsed: ParsedCommand | undefined
  let help = ''
  refuseUnknownCommand(program, argv)
  const [words, rest] = splitPassThrough(program, argv)
  const root = buildParser(
    program,
    (text) => (help += text),
    rest,
    (result) => (parsed = result),
  )
  try {
    await root.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== 0 && error.code !== 'commander.help') throw misuse(error, program, argv)
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
  const parents = new Map<string, Parser>([['', root]])
  for (const command of program.commands) {
    const parent = parentOf(command.path.slice(0, -1), parents, program, write)
    parent.addCommand(buildCommand(command, write, rest, onParsed), { hidden: command.hidden ?? false })
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
  parentOf(path.slice(0, -1), parents, program, write).addCommand(group)
  parents.set(key, group)
  return group
}

function settle(parser: Parser, write: (text: string) => void): Parser {
  return parser
    .exitOverride()
    .configureOutput({ writeOut: write, writeErr: () => {}, getOutHelpWidth: () => 100 })
    .configureHelp({ showGlobalOptions: false, sortSubcommands: true })
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .action(() => write(parser.helpInformation()))
    .allowExcessArguments(false)
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
  addSharedOptions(parser)
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

function examplesOf(command: Command): string {
  const lines = (command.examples ?? []).map(({ run, does }) => `  ${run}\n      ${does}`)
  return `\nExamples:\n${lines.join('\n')}`
}

function addSharedOptions(parser: Parser): void {
  parser.optionsGroup('Options of every command:')
  parser.addOption(
    new Option('-o, --output <FORMAT>', 'format of what is printed')
      .choices(['text', 'json'])
      .default('text'),
  )
  parser.option('--field <PATH>', 'print only this field of the result, such as status.hosts.host')
  parser.option('-p, --profile <NAME>', 'profile of the configuration file to use')
  parser.option('--data-dir <DIR>', 'data directory of the workspace on this machine')
  parser.option('--debug', 'show every request on standard error')
}

function argumentOf(name: string, definition: ArgumentDefinition): Argument {
  const text = `${placeholder(name)}${definition.variadic ? '...' : ''}`
  return new Argument(definition.optional ? `[${text}]` : `<${text}>`, definition.summary)
}

function optionOf(name: string, definition: OptionDefinition): Option {
  const flag = `--${kebab(name)}${definition.value ? ` <${definition.value}>` : ''}`
  const option = new Option(definition.short ? `-${definition.short}, ${flag}` : flag, definition.summary)
  if (definition.choices) option.choices(definition.choices)
  if (definition.hidden) option.hideHelp()
  const { parse } = definition
  if (definition.repeat) {
    option.argParser((text: string, before: unknown) => [
      ...(Array.isArray(before) ? (before as unknown[]) : []),
      ...(definition.separated ? valuesOf(text) : [text]).map((each) => (parse ? parse(each) : each)),
    ])
  } else if (parse) option.argParser((text: string) => parse(text))
  const { default: fallback } = definition
  if (fallback !== undefined) {
    const isParsed = parse !== undefined && typeof fallback === 'string'
    option.default(isParsed ? parse(fallback) : fallback, JSON.stringify(fallback))
  }
  return option
}

function valuesOf(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
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

function optionValue(
  name: string,
  definition: OptionDefinition,
  given: Readonly<Record<string, unknown>>,
): unknown {
  // The parser reads --no-x as "x is false" and keeps it under the name x.
  const negated = /^no([A-Z])(.*)$/.exec(name)
  if (negated) return given[`${negated[1]?.toLowerCase()}${negated[2]}`] === false
  if (definition.value) return given[name] ?? (definition.repeat ? [] : undefined)
  return given[name] === true
}

/** Takes the words after `--` away where the command gives them to another program. */
function splitPassThrough(
  program: Program,
  argv: readonly string[],
): [words: string[], rest: readonly string[]] {
  const at = argv.indexOf('--')
  const isPassed = program.commands.some(
    (command) => command.passThrough && command.path.every((word, index) => argv[index] === word),
  )
  return at === -1 || !isPassed ? [[...argv], []] : [argv.slice(0, at), argv.slice(at + 1)]
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

function refuseUnknownCommand(program: Program, argv: readonly string[]): void {
  const known = knownWords(program, argv)
  const word = argv[known.length]
  const isCommand = program.commands.some(
    ({ path }) => path.length === known.length && path.join() === known.join(),
  )
  if (isCommand || word === undefined || word.startsWith('-')) return
  const choices = program.commands
    .filter(({ path, hidden }) => !hidden && known.every((each, index) => path[index] === each))
    .map(({ path }) => path[known.length] ?? '')
  const meant = nearest(word, choices)
  const command = ['lakelet', ...known].join(' ')
  throw usageFailure(
    `'${command}' has no command '${word}'.${meant ? ` Did you mean '${command} ${meant}'?` : ''}`,
    `'${command} --help' lists them.`,
  )
}

/** The leading words of `argv` that name a group or a command. */
function knownWords(program: Program, argv: readonly string[]): string[] {
  const known: string[] = []
  for (const word of argv) {
    const path = [...known, word]
    const isKnown = program.commands.some((command) =>
      path.every((each, index) => command.path[index] === each),
    )
    if (!isKnown) break
    known.push(word)
  }
  return known
}

function placeholder(name: string): string {
  return kebab(name).replaceAll('-', '_').toUpperCase()
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
