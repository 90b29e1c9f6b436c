// A command is data: where it stands in the tree, what it takes, an example, and a handler. The argument parser, the
// help and the documentation are made from it; no handler sees the parser.
import type { CommandContext } from './context.ts'

/** A positional argument; its key, in capitals, is its name in the help. */
export interface ArgumentDefinition {
  readonly summary: string
  readonly optional?: true
  readonly variadic?: true
}

/** An option; its key in kebab-case is the flag. Without `value` it is a switch. */
export interface OptionDefinition {
  readonly summary: string
  /** Name of the value in the help; absent for a switch. */
  readonly value?: string
  readonly short?: string
  readonly repeat?: true
  /** With `repeat`: one text may hold several values, separated by commas; one in double quotes keeps its commas. */
  readonly separated?: true
  readonly choices?: readonly string[]
  readonly default?: string | number
  /** Reads the text given; throws a Failure that says what is expected. */
  readonly parse?: (text: string) => unknown
  readonly hidden?: true
}

export type ArgumentDefinitions = Readonly<Record<string, ArgumentDefinition>>
export type OptionDefinitions = Readonly<Record<string, OptionDefinition>>

type ArgumentValue<A extends ArgumentDefinition> = A extends { variadic: true }
  ? readonly string[]
  : A extends { optional: true }
    ? string | undefined
    : string

type ParsedValue<O extends OptionDefinition> = O extends { parse: (text: string) => infer T }
  ? T
  : O extends { choices: readonly (infer C)[] }
    ? C
    : string

type OptionValue<O extends OptionDefinition> = O extends { value: string }
  ? O extends { repeat: true }
    ? readonly ParsedValue<O>[]
    : O extends { default: string | number }
      ? ParsedValue<O>
      : ParsedValue<O> | undefined
  : boolean

export type ArgumentValues<A extends ArgumentDefinitions> = { readonly [K in keyof A]: ArgumentValue<A[K]> }
export type OptionValues<O extends OptionDefinitions> = { readonly [K in keyof O]: OptionValue<O[K]> }

export interface Example {
  readonly run: string
  readonly does: string
}

export interface CommandDefinition<A extends ArgumentDefinitions, O extends OptionDefinitions> {
  /** Words after `lakelet`. */
  readonly path: readonly string[]
  readonly summary: string
  /** Paragraphs below the usage line, where the summary does not say it all. */
  readonly description?: string
  readonly arguments?: A
  readonly options?: O
  readonly examples?: readonly Example[]
  /** What follows `--` on the command line goes to another program; this is its name in the help. */
  readonly passThrough?: string
  readonly hidden?: true
  readonly handler: (
    context: CommandContext,
    input: {
      readonly arguments: ArgumentValues<A>
      readonly options: OptionValues<O>
      /** The words after `--`. */
      readonly rest: readonly string[]
    },
  ) => Promise<void>
}

/** A command whose argument types are known to its handler only. */
export type Command = Omit<CommandDefinition<ArgumentDefinitions, OptionDefinitions>, 'handler'> & {
  readonly handler: (
    context: CommandContext,
    input: {
      readonly arguments: Readonly<Record<string, unknown>>
      readonly options: Readonly<Record<string, unknown>>
      readonly rest: readonly string[]
    },
  ) => Promise<void>
}

/** Declares a command; the types of its handler's input follow from its arguments and options. */
export function defineCommand<
  const A extends ArgumentDefinitions = Readonly<Record<string, never>>,
  const O extends OptionDefinitions = Readonly<Record<string, never>>,
>(definition: CommandDefinition<A, O>): Command {
  // The parser builds the input from the same definition, which is what the cast relies on.
  return definition as unknown as Command
}
