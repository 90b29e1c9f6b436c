// The words at the beginning of a command line that name a group or a command, and what is said about one that names none.
import { nearest } from '@lakelet/api'
import { usageFailure } from './failure.ts'
import type { Program } from './program-definition.ts'

/** Throws a usage failure where the first word that is no known one stands where a command must. */
export function refuseUnknownCommand(program: Program, argv: readonly string[]): void {
  const known = knownWords(program, argv)
  const word = argv[known.length]
  if (isCommand(program, known) || word === undefined || word.startsWith('-')) return
  const command = ['lakelet', ...known].join(' ')
  const meant = nearest(word, wordsAfter(program, known))
  // People write the words of another group, too: `lakelet create-project`.
  const elsewhere = program.commands.find(({ path, hidden }) => !hidden && path.at(-1) === word)?.path
  const better = meant ? `${command} ${meant}` : elsewhere && ['lakelet', ...elsewhere].join(' ')
  throw usageFailure(
    `'${command}' has no command '${word}'.${better ? ` Did you mean '${better}'?` : ''}`,
    `'${command} --help' lists them.`,
  )
}

/** The words that may follow `known`; hidden ones only `withHidden`. */
export function wordsAfter(program: Program, known: readonly string[], withHidden = false): string[] {
  const words = program.commands
    .filter(({ hidden }) => withHidden || !hidden)
    .filter(({ path }) => known.every((each, index) => path[index] === each))
    .flatMap(({ path }) => path[known.length] ?? [])
  return [...new Set(words)]
}

/** The leading words of `argv` that name a group or a command. */
export function knownWords(program: Program, argv: readonly string[]): string[] {
  const known: string[] = []
  for (const word of argv) {
    const path = [...known, word]
    if (!program.commands.some((command) => path.every((each, index) => command.path[index] === each))) break
    known.push(word)
  }
  return known
}

export function isCommand(program: Program, words: readonly string[]): boolean {
  return program.commands.some(
    ({ path }) => path.length === words.length && path.every((each, index) => words[index] === each),
  )
}
