// The commands of the prompt, which begin with a backslash as psql's do.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Failure, usageFailure } from '../command/failure.ts'
import { type Expanded, tableOf } from './aligned-table.ts'
import { type CatalogList, LISTS, relations } from './catalog-lists.ts'
import type { SqlSession } from '../postgres/sql-session.ts'
import { type CopyCommand, copyCommandOf } from './copy-data.ts'
import { describe } from './describe.ts'

/** What commands do with the prompt. */
export interface Prompt {
  expanded: Expanded
  isTimed: boolean
  readonly buffer: string
  readonly former: string
  readonly look: { readonly expanded: Expanded; readonly width: number }
  readonly env: Readonly<Record<string, string | undefined>>
  session(): Promise<SqlSession>
  write(text: string): void
  whereabouts(): string
  lend<T>(work: () => Promise<T>): Promise<T>
  leave(): void
  reset(): void
  take(text: string): Promise<void>
  runBuffer(isExpanded: boolean): Promise<void>
  include(file: string): Promise<void>
  connect(database: string): Promise<void>
  copy(command: CopyCommand): Promise<void>
}

/** A command: what follows its name is `rest`; `name` is as typed, without the backslash and `+`. */
interface PromptCommand {
  readonly names: RegExp
  /** As the help and completion show it. */
  readonly form: string
  readonly does: string
  readonly run: (prompt: Prompt, given: Given) => Promise<void> | void
}

interface Given {
  readonly name: string
  readonly isLong: boolean
  readonly rest: string
}

const COMMANDS: readonly PromptCommand[] = [
  { names: /^q$/, form: '\\q', does: 'leaves; so does Ctrl-D', run: (prompt) => prompt.leave() },
  { names: /^\?$/, form: '\\?', does: 'lists these commands', run: (prompt) => prompt.write(help()) },
  {
    names: /^d$/,
    form: '\\d[+] [NAME]',
    does: 'describes a table, view, index or sequence; without NAME lists them',
    run: describeOrList,
  },
  {
    names: /^d[tvmisE]+$/,
    form: '\\dt[+] [PATTERN]',
    does: 'lists tables; \\dv views, \\dm materialized views, \\di indexes, \\ds sequences',
    run: listRelations,
  },
  { names: /^d[ng]$/, form: '\\dn [PATTERN]', does: 'lists schemas', run: listCatalog },
  { names: /^du$/, form: '\\du [PATTERN]', does: 'lists roles', run: listCatalog },
  { names: /^df$/, form: '\\df [PATTERN]', does: 'lists functions', run: listCatalog },
  { names: /^dx$/, form: '\\dx [PATTERN]', does: 'lists installed extensions', run: listCatalog },
  { names: /^(dp|z)$/, form: '\\dp [PATTERN]', does: 'lists who may do what with tables', run: listCatalog },
  { names: /^(l|list)$/, form: '\\l [PATTERN]', does: 'lists databases', run: listCatalog },
  { names: /^(c|connect)$/, form: '\\c [DATABASE]', does: 'connects to another database', run: connect },
  {
    names: /^conninfo$/,
    form: '\\conninfo',
    does: 'says who you are and where',
    run: (prompt) => prompt.write(`${prompt.whereabouts()}\n`),
  },
  {
    names: /^x$/,
    form: '\\x [on|off|auto]',
    does: 'shows a record at a time; auto: where a row is wider than the terminal',
    run: expand,
  },
  { names: /^timing$/, form: '\\timing [on|off]', does: 'shows how long statements take', run: time },
  {
    names: /^(i|include)$/,
    form: '\\i FILE',
    does: 'runs the statements and commands of a file',
    run: (prompt, { rest }) => prompt.include(required(rest, '\\i FILE')),
  },
  {
    names: /^copy$/,
    form: "\\copy TABLE from|to 'FILE'",
    does: 'moves data between the database and a file of this machine',
    run: (prompt, { rest }) => prompt.copy(copyCommandOf(rest)),
  },
  { names: /^(e|edit)$/, form: '\\e', does: 'edits the statement in $EDITOR, and runs it', run: edit },
  {
    names: /^gx?$/,
    form: '\\g, \\gx',
    does: 'run the statement so far; \\gx shows a record at a time',
    run: (prompt, { name }) => prompt.runBuffer(name === 'gx'),
  },
  {
    names: /^(p|print)$/,
    form: '\\p',
    does: 'shows the statement so far',
    run: (prompt) => prompt.write(prompt.buffer === '' ? 'There is no statement yet.\n' : prompt.buffer),
  },
  {
    names: /^(r|reset)$/,
    form: '\\r',
    does: 'forgets the statement so far',
    run: (prompt) => prompt.reset(),
  },
  {
    names: /^echo$/,
    form: '\\echo TEXT',
    does: 'shows a text',
    run: (prompt, { rest }) => prompt.write(`${rest}\n`),
  },
]

/** Names of the commands with their backslash, for completion. */
export const COMMAND_NAMES: readonly string[] = COMMANDS.flatMap(({ form }) => form.match(/\\[a-z?]+/g) ?? [])

/** Runs the command of a line that begins with a backslash. */
export async function runCommand(prompt: Prompt, line: string): Promise<void> {
  const [, name = '', plus = '', rest = ''] = /^\\([^\s+]*)(\+?)\s*([^]*?)\s*;?\s*$/.exec(line.trim()) ?? []
  const command = COMMANDS.find(({ names }) => names.test(name))
  if (!command) {
    throw usageFailure(
      `There is no command \\${name}.`,
      `The prompt knows ${COMMAND_NAMES.join(' ')}; \\? says what they do. psql knows more, and 'lakelet psql' opens it where it is installed.`,
    )
  }
  await command.run(prompt, { name, isLong: plus !== '', rest })
}

function help(): string {
  const width = Math.max(...COMMANDS.map(({ form }) => form.length))
  const lines = COMMANDS.map(({ form, does }) => `  ${form.padEnd(width)}  ${does}\n`)
  return `Statements end with a semicolon and may have several lines. Tab completes; Ctrl-C cancels what runs, or gives up what is typed.\n${lines.join('')}`
}

async function describeOrList(prompt: Prompt, given: Given): Promise<void> {
  if (given.rest === '') return list(prompt, relations('', undefined, given.isLong))
  const session = await prompt.session()
  const text = await describe(session, given.rest, prompt.look)
  if (text === undefined) throw new Failure(`There is no relation ${given.rest}.`)
  prompt.write(text)
}

function listRelations(prompt: Prompt, { name, rest, isLong }: Given): Promise<void> {
  return list(prompt, relations(name.slice(1), rest === '' ? undefined : rest, isLong), rest)
}

const ALIASES: Readonly<Record<string, string>> = { z: 'dp', list: 'l', dg: 'du' }

async function listCatalog(prompt: Prompt, { name, rest }: Given): Promise<void> {
  const make = LISTS[ALIASES[name] ?? name]
  if (make) await list(prompt, make(rest === '' ? undefined : rest), rest)
}

async function list(prompt: Prompt, { title, columns, sql }: CatalogList, pattern = ''): Promise<void> {
  const session = await prompt.session()
  const [rows = []] = await session.query(sql)
  if (rows.length === 0)
    prompt.write(pattern === '' ? `${title}: none.\n` : `${title}: none matches ${pattern}.\n`)
  else prompt.write(tableOf({ title, columns, rows }, prompt.look.expanded, prompt.look.width))
}

async function connect(prompt: Prompt, { rest }: Given): Promise<void> {
  const database = /^"(.*)"$/.exec(rest)?.[1] ?? rest
  if (/\s/.test(database) && !rest.startsWith('"'))
    throw usageFailure('\\c takes a database.', "Another branch or role is another 'lakelet sql --branch …'.")
  await prompt.connect(database)
}

const EXPANDED: readonly Expanded[] = ['on', 'off', 'auto']

function expand(prompt: Prompt, { rest }: Given): void {
  const given = rest === '' ? (prompt.expanded === 'on' ? 'off' : 'on') : rest
  const chosen = EXPANDED.find((each) => each === given)
  if (!chosen) throw usageFailure(`\\x takes on, off or auto, not '${rest}'.`)
  prompt.expanded = chosen
  const means = { on: 'on', off: 'off', auto: 'used where a row is wider than the terminal' }
  prompt.write(`Expanded display is ${means[chosen]}.\n`)
}

function time(prompt: Prompt, { rest }: Given): void {
  if (!['', 'on', 'off'].includes(rest)) throw usageFailure(`\\timing takes on or off, not '${rest}'.`)
  prompt.isTimed = rest === '' ? !prompt.isTimed : rest === 'on'
  prompt.write(`Timing is ${prompt.isTimed ? 'on' : 'off'}.\n`)
}

async function edit(prompt: Prompt): Promise<void> {
  const { env } = prompt
  const editor = env['PSQL_EDITOR'] || env['VISUAL'] || env['EDITOR'] || 'vi'
  const place = await mkdtemp(path.join(tmpdir(), 'lakelet-sql-'))
  try {
    const file = path.join(place, 'statement.sql')
    await writeFile(file, prompt.buffer || prompt.former, { mode: 0o600 })
    const code = await prompt.lend(async () => {
      // EDITOR may hold arguments; the shell takes them apart.
      const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit', env })
      return (await once(child, 'close'))[0] as number | null
    })
    if (code !== 0)
      throw new Failure(`The editor '${editor}' ended with exit code ${code}.`, {
        todo: 'EDITOR names another one.',
      })
    await prompt.take(await readFile(file, 'utf8'))
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

function required(rest: string, form: string): string {
  if (rest === '') throw usageFailure(`It is written as ${form}.`)
  return rest.replace(/^'(.*)'$/, '$1')
}
