// What may come next on a command line: words of commands, flags, values of flags, and names of what there is in the workspace.
import type { Command } from '../command/define-command.ts'
import { wordsAfter } from '../command/known-words.ts'
import type { Program } from '../command/program-definition.ts'
import { type NameKind, kindOfArgument, kindOfValue } from './kinds.ts'
import { type Flag, type Line, flagsOf, readWords } from './read-words.ts'

export interface Candidate {
  readonly text: string
  readonly summary?: string
}

/** Names of a kind in the workspace that the line means; none where it cannot be asked. `text` is what is typed so far. */
export type Names = (kind: NameKind, line: Line, text: string) => Promise<readonly string[]>

/** The candidates for the last of `words`, or `files` where the shell knows better. */
export async function candidatesFor(
  program: Program,
  words: readonly string[],
  names: Names,
): Promise<readonly Candidate[] | 'files'> {
  const typed = words.at(-1) ?? ''
  const line = readWords(program, words.slice(0, -1))
  if (line.isPassed) return 'files'
  const found = await allCandidates(program, line, typed, names)
  return found === 'files' ? found : found.filter(({ text }) => text.startsWith(typed))
}

async function allCandidates(
  program: Program,
  line: Line,
  typed: string,
  names: Names,
): Promise<readonly Candidate[] | 'files'> {
  const { path, command, pending } = line
  if (pending) return valuesOf(pending, line, typed, names)
  const assigned = /^(--[a-z-]+)=(.*)$/s.exec(typed)
  if (assigned) {
    const flag = flagsOf(program, path, command).find((each) => each.flag === assigned[1])
    const values = flag ? await valuesOf(flag, line, assigned[2] ?? '', names) : []
    return values === 'files' ? values : values.map(({ text }) => ({ text: `${assigned[1]}=${text}` }))
  }
  if (typed.startsWith('-') && command) {
    return flagsOf(program, path, command).map(({ flag, summary }) => ({ text: flag, summary }))
  }
  if (typed.startsWith('-'))
    return flagsOf({ ...program, commands: [] }, []).map(({ flag, summary }) => ({ text: flag, summary }))
  if (!command) return commandWords(program, path)
  if (command.path[0] === 'help') return commandWords(program, line.given)
  const found = await argumentsOf(command, line, typed, names)
  // A command may have others below it.
  const below = line.given.length === 0 ? commandWords(program, path) : []
  return found === 'files' ? found : [...below, ...found]
}

function commandWords(program: Program, path: readonly string[]): readonly Candidate[] {
  return wordsAfter(program, path).map((word) => {
    const full = [...path, word].join(' ')
    const command = program.commands.find((each) => each.path.join(' ') === full)
    return { text: word, summary: command?.summary ?? program.groups[full] ?? '' }
  })
}

async function valuesOf(
  flag: Flag,
  line: Line,
  typed: string,
  names: Names,
): Promise<readonly Candidate[] | 'files'> {
  if (flag.choices.length > 0) return flag.choices.map((text) => ({ text }))
  return namesOf(kindOfValue(flag), line, typed, names)
}

async function argumentsOf(
  command: Command,
  line: Line,
  typed: string,
  names: Names,
): Promise<readonly Candidate[] | 'files'> {
  const definitions = Object.entries(command.arguments ?? {})
  const last = definitions.at(-1)
  const [name] = definitions[line.given.length] ?? (last?.[1].variadic ? last : []) ?? []
  return name === undefined ? [] : namesOf(kindOfArgument(command, name), line, typed, names)
}

async function namesOf(
  kind: NameKind | 'files' | readonly string[] | undefined,
  line: Line,
  typed: string,
  names: Names,
): Promise<readonly Candidate[] | 'files'> {
  if (kind === undefined || kind === 'files') return kind ?? []
  const found = typeof kind === 'string' ? await names(kind, line, typed) : kind
  return found.map((text) => ({ text }))
}
