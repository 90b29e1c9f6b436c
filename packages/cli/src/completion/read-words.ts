// What a command line that is not finished says so far.
import type { Command } from '../command/define-command.ts'
import { isCommand, wordsAfter } from '../command/known-words.ts'
import type { Program } from '../command/program-definition.ts'
import { SHARED_OPTIONS } from '../command/shared-options.ts'
import { kebab } from '../command/spelling.ts'

/** A flag as completion sees it. */
export interface Flag {
  readonly flag: string
  readonly short: string | undefined
  readonly summary: string
  /** Name of its value; absent for a switch. */
  readonly value: string | undefined
  readonly choices: readonly string[]
}

export interface Line {
  /** The words of the command or group. */
  readonly path: readonly string[]
  readonly command: Command | undefined
  /** The arguments so far. */
  readonly given: readonly string[]
  /** The values of flags so far, by the flag. */
  readonly values: Readonly<Record<string, string>>
  /** The flag whose value is typed now. */
  readonly pending: Flag | undefined
  /** After `--`, in a command that gives what follows to another program. */
  readonly isPassed: boolean
}

/** Reads the words before the one that is typed. */
export function readWords(program: Program, words: readonly string[]): Line {
  const path: string[] = []
  const given: string[] = []
  const values: Record<string, string> = {}
  let command: Command | undefined
  let pending: Flag | undefined
  for (const [index, word] of words.entries()) {
    if (pending) {
      values[pending.flag] = word
      pending = undefined
    } else if (word === '--') {
      const isPassed = command?.passThrough !== undefined
      return { path, command, given: [...given, ...words.slice(index + 1)], values, pending, isPassed }
    } else if (word.startsWith('-')) {
      const [name = '', ...value] = word.split('=')
      const flag = flagsOf(program, path, command).find((each) => each.flag === name || each.short === name)
      if (flag && value.length > 0) values[flag.flag] = value.join('=')
      else if (flag?.value !== undefined) pending = flag
    } else if (given.length === 0 && wordsAfter(program, path, true).includes(word)) {
      path.push(word)
      if (isCommand(program, path))
        command = program.commands.find((each) => each.path.join() === path.join())
    } else given.push(word)
  }
  return { path, command, given, values, pending, isPassed: false }
}

/** The flags that may stand there; before the command is known those of every command. */
export function flagsOf(program: Program, path: readonly string[], command?: Command): readonly Flag[] {
  const own = command
    ? Object.entries(command.options ?? {})
    : program.commands
        .filter((each) => path.every((word, index) => each.path[index] === word))
        .flatMap(({ options }) => Object.entries(options ?? {}))
  return [
    ...own
      .filter(([, { hidden }]) => !hidden)
      .map(([name, { short, summary, value, choices = [] }]) => ({
        flag: `--${kebab(name)}`,
        short: short && `-${short}`,
        summary,
        value,
        choices,
      })),
    ...SHARED_OPTIONS.map(({ long, short, summary, value, choices = [] }) => ({
      flag: long,
      short,
      summary,
      value,
      choices,
    })),
    { flag: '--help', short: '-h', summary: 'show help', value: undefined, choices: [] },
  ]
}
