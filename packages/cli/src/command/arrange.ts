// Puts a command line into the one order that the parser knows: the words of the command, then flags and arguments. The flags that every
// command has may stand anywhere, as in the official CLI, and are written in its ways, too: `-o=json`, `--debug=true`.
import type { Command } from './define-command.ts'
import { isCommand, knownWords } from './known-words.ts'
import type { Program } from './program-definition.ts'
import { SHARED_OPTIONS } from './shared-options.ts'
import { kebab } from './spelling.ts'

/** A command line in order, and what follows `--` where the command gives it to another program. */
export interface Arranged {
  readonly words: readonly string[]
  readonly rest: readonly string[]
}

const HELP_FLAGS: readonly string[] = ['-h', '--help']
const VERSION_FLAGS: readonly string[] = ['-v', '--version']

/** Brings the words of the command to the front; everything else keeps its order. */
export function arrange(program: Program, argv: readonly string[]): Arranged {
  const end = argv.includes('--') ? argv.indexOf('--') : argv.length
  const words: string[] = []
  const flags: string[] = []
  let at = 0
  while (at < end) {
    const word = argv[at] ?? ''
    if (VERSION_FLAGS.includes(word)) return { words: [word], rest: [] }
    if (word.startsWith('-')) {
      const length = lengthOfSharedFlag(word) || lengthOfFlag(program, words, word)
      if (length === 0) break
      flags.push(...argv.slice(at, Math.min(at + length, end)))
      at += length
    } else if (knownWords(program, [...words, word]).length > words.length) {
      words.push(word)
      at += 1
    } else if (word === 'help' && words.length > 0 && !isCommand(program, words)) {
      // `lakelet apps help`, as people write it.
      flags.push('--help')
      at += 1
    } else break
  }
  const command = program.commands.find(({ path }) => path.join() === words.join())
  const given = [...flags, ...argv.slice(at, end)]
  const lengthOf = (word = '') => lengthOfSharedFlag(word) || lengthOfFlag(program, words, word)
  // The value of a flag stays as it is, however it looks.
  const others = given.flatMap((word, index) =>
    lengthOf(given[index - 1]) === 2 ? [word] : plainForm(word, command),
  )
  if (command?.passThrough) return { words: [...words, ...others], rest: argv.slice(end + 1) }
  return { words: [...words, ...others, ...argv.slice(end)], rest: [] }
}

/** How many words a flag of every command takes; 0 for any other flag. */
function lengthOfSharedFlag(word: string): 0 | 1 | 2 {
  if (HELP_FLAGS.includes(word)) return 1
  for (const { long, short, value } of SHARED_OPTIONS) {
    if (word === long || (short !== undefined && word === short)) return value ? 2 : 1
    if (word.startsWith(`${long}=`)) return 1
    if (short !== undefined && word.startsWith(short)) return 1
  }
  return 0
}

/** How many words a flag takes that only commands below `known` have; 0 for one that none has. */
function lengthOfFlag(program: Program, known: readonly string[], word: string): 0 | 1 | 2 {
  const below = program.commands.filter(({ path }) => known.every((each, index) => path[index] === each))
  for (const [name, { value, short }] of below.flatMap(({ options }) => Object.entries(options ?? {}))) {
    if (word.startsWith(`--${kebab(name)}=`)) return 1
    if (word === `--${kebab(name)}` || (short && word === `-${short}`)) return value ? 2 : 1
  }
  return 0
}

/** `-o=json` as `-o json`, and a switch that is set to true or false as the switch or nothing. */
function plainForm(word: string, command: Command | undefined): readonly string[] {
  const short = /^(-[a-z])=(.*)$/s.exec(word)
  if (short) return [short[1] ?? '', short[2] ?? '']
  const set = /^(--[a-z-]+)=(true|false)$/.exec(word)
  const flag = set?.[1] ?? ''
  if (!set || !isSwitch(flag, command)) return [word]
  return set[2] === 'true' ? [flag] : []
}

function isSwitch(flag: string, command: Command | undefined): boolean {
  if (SHARED_OPTIONS.some(({ long, value }) => long === flag && !value)) return true
  return Object.entries(command?.options ?? {}).some(
    ([name, { value }]) => value === undefined && `--${kebab(name)}` === flag,
  )
}
