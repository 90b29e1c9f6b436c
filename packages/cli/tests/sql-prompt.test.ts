// The prompt of `lakelet sql` at a real terminal, before a real Postgres.
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  type TestWorkspace,
  cliCommand,
  environment,
  startTestWorkspace,
} from '../../../tests/system/workspace.ts'
import { has, PseudoTerminal } from './pty.ts'

let workspace: TestWorkspace

/** Types lines and waits for what they show. */
class Person implements AsyncDisposable {
  readonly terminal: PseudoTerminal
  #seen = 0

  constructor(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
    // PATH is that of the program alone: the terminal needs its own.
    const given = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    this.terminal = new PseudoTerminal(['/usr/bin/env', ...given, ...cliCommand, ...command], {
      cwd: workspace.home,
      env: { ...environment(workspace.home), LAKELET_DATA_DIR: workspace.dataDir },
    })
  }

  /** What was shown since the last call, until `pattern` was; without codes of the terminal. */
  async sees(pattern: RegExp): Promise<string> {
    const shown = (): string =>
      // oxlint-disable-next-line no-control-regex -- the codes of a terminal are control characters
      this.terminal.output.slice(this.#seen).replaceAll(/\u001b\[\d*[A-Za-z]|\r/g, '')
    await vi.waitFor(() => expect(shown()).toMatch(pattern), { timeout: 30_000 })
    const text = shown()
    this.#seen = this.terminal.output.length
    return text
  }

  /** Types a line and gives what is shown up to the next prompt. */
  async types(line: string, until = /[=\-'"$*(][*!]?> $/): Promise<string> {
    this.terminal.type(`${line}\r`)
    // First the line itself: its echo ends what belongs to the line before.
    return this.sees(new RegExp(`\\n[^]*${until.source}`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.terminal[Symbol.asyncDispose]()
  }
}

describe.skipIf(!has('script'))('the prompt (skipped without script)', () => {
  let person: Person

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    await workspace.cli(['postgres', 'create-project', 'first'])
    person = new Person(['sql'], { EDITOR: 'sed -i s/42/43/' })
    expect(await person.sees(/=> $/)).toContain('of projects/first/branches/production as ')
  })
  afterAll(async () => {
    await person?.[Symbol.asyncDispose]()
    await workspace?.[Symbol.asyncDispose]()
  })

  it('takes statements over several lines and shows what they are in the midst of', async () => {
    expect(await person.types("SELECT 'it")).toMatch(/databricks_postgres'> $/)
    expect(await person.types("is' AS text,")).toMatch(/databricks_postgres-> $/)
    expect(await person.types('NULL AS n;')).toContain(
      ' text |  n   \n------+------\n it  +| NULL\n is   | \n(1 row)\n',
    )
    expect(await person.types('CREATE TABLE notes (id int PRIMARY KEY, content text NOT NULL);')).toContain(
      'CREATE TABLE\n',
    )
    expect(await person.types('BEGIN;')).toMatch(/=\*> $/)
    const failed = await person.types('SELECT id FROM note;')
    expect(failed).toContain(
      'ERROR: relation "note" does not exist (SQLSTATE 42P01)\nLINE 1: SELECT id FROM note\n',
    )
    expect(failed).toMatch(/=!> $/)
    expect(await person.types('ROLLBACK;')).toMatch(/=> $/)
  })

  it('knows the commands of psql that people use, and says which there are', async () => {
    expect(await person.types('\\d notes')).toContain('"notes_pkey" PRIMARY KEY, btree (id)')
    expect(await person.types('\\dt')).toContain(' public | notes | table |')
    for (const command of [
      '\\dn',
      '\\du',
      '\\l',
      '\\df pg_sleep',
      '\\dx',
      '\\dp',
      '\\di+',
      '\\d pg_class',
      '\\conninfo',
    ])
      expect(await person.types(command), command).not.toMatch(/ERROR|There is no/)
    expect(await person.types('\\watch')).toMatch(
      /There is no command \\watch\.\nThe prompt knows \\q .*\\copy/,
    )
    expect(await person.types('\\d nothing')).toContain('There is no relation nothing.')
    expect(await person.types('\\x on')).toContain('Expanded display is on.')
    expect(await person.types('SELECT 1 AS one;')).toContain('-[ RECORD 1 ]\none | 1\n')
    await person.types('\\x auto')
    expect(await person.types("SELECT repeat('x', 200) AS wide;")).toContain('-[ RECORD 1 ]')
    await person.types('\\timing')
    expect(await person.types('SELECT 41')).toMatch(/-> $/)
    expect(await person.types('+ 1 AS sum \\gx')).toMatch(/sum \| 42\n\nTime: [\d.]+ ms/)
    await person.types('\\timing off')
    expect(await person.types('SELECT 42 AS edited;')).toContain('42')
    expect(await person.types('\\e')).toContain('\n     43\n')
    expect(await person.types('\\c none')).toContain('database "none" does not exist')
    expect(await person.types('\\c postgres')).toMatch(/\npostgres=> $/)
    await person.types('\\c databricks_postgres')
  })

  it('moves data by COPY, from lines, files and files of statements', async () => {
    expect(await person.types('COPY notes FROM STDIN;', />> $/)).toContain('a row a line')
    await person.types('1\tone', />> $/)
    expect(await person.types('\\.')).toContain('COPY 1\n')
    expect(await person.types("\\copy notes to 'notes.csv' csv")).toContain('COPY 1\n')
    expect(await readFile(path.join(workspace.home, 'notes.csv'), 'utf8')).toBe('1,one\n')
    const rows = Array.from({ length: 20_000 }, (_, row) => `${row + 10}\trow ${row}\n`).join('')
    // Data that the server refuses are no statements.
    const script = `COPY notes FROM stdin;\n${rows}\\.\nCOPY notes FROM stdin;\nx\tno\nDROP TABLE notes;\n\\.\n\\echo done\nSELECT count(*) FROM notes`
    await writeFile(path.join(workspace.home, 'dump.sql'), script)
    const shown = await person.types('\\i dump.sql')
    expect(shown).toContain('COPY 20000\ndump.sql:20006: ERROR: invalid input syntax for type integer: "x"')
    expect(shown).toMatch(/done\n count *\n-+\n 20001\n/)
    expect(await person.types('\\i none.sql')).toContain('none.sql cannot be read (ENOENT)')
    expect(await person.types("\\copy notes from 'none.csv'")).toContain('none.csv cannot be read (ENOENT)')
  })

  it('cancels at Ctrl-C what runs, and gives up what is typed', async () => {
    person.terminal.type('SELECT pg_sleep(73);\r')
    const running = [
      'sql',
      '--field',
      '0.rows.0.n',
      "SELECT count(*) AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(73)' AND state = 'active'",
    ]
    await vi.waitFor(async () => expect(await workspace.cli(running)).toBe('1\n'), { timeout: 20_000 })
    person.terminal.type('\u0003')
    expect(await person.sees(/\n[^]*=> $/)).toContain('canceling statement due to user request')
    await person.types('SELECT')
    person.terminal.type("'half\u0003")
    await person.sees(/\^C\n[^]*=> $/)
    expect(await person.types('SELECT 5 AS five;')).toContain('five')
  })

  it('shows NOTIFY while it waits, completes names, and connects again', async () => {
    await person.types('LISTEN news;')
    await workspace.cli(['sql', "NOTIFY news, 'hello'"])
    await person.sees(/NOTIFY news "hello", from process \d+\n[^]*=> $/)
    person.terminal.type('SELECT content FROM note\t')
    await person.sees(/notes$/)
    expect(await person.types(' WHERE id = 1;')).toContain(' one\n')
    await workspace.cli([
      'sql',
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lakelet sql' AND pid <> pg_backend_pid()",
    ])
    await person.sees(/The connection is gone: [^]*57P01[^]*=> $/)
    expect(await person.types('SELECT 6 AS six;')).toMatch(/Connected again;[^]*\n six \n/)
  })

  it('leaves at Ctrl-D, and keeps what was typed for its owner alone, without passwords', async () => {
    await person.types("ALTER ROLE nobody PASSWORD 'secret';")
    person.terminal.type('\u0004')
    expect(await person.terminal.ended()).toBe(0)
    const file = path.join(workspace.home, '.local/state/lakelet/sql-history')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const kept = await readFile(file, 'utf8')
    expect(kept).toContain('SELECT 6 AS six;\n')
    expect(kept).not.toContain('secret')
    await using later = new Person(['sql'])
    await later.sees(/=> $/)
    // The line before, by the key Up.
    later.terminal.type('\u001b[A')
    await later.sees(/SELECT 6 AS six;$/)
  })

  it('opens in place of a psql that is missing', async () => {
    const empty = path.join(workspace.home, 'empty')
    await mkdir(empty)
    await using lone = new Person(['psql'], { PATH: empty })
    expect(await lone.sees(/=> $/)).toContain('There is no psql on this machine')
    lone.terminal.type('\\q\r')
    expect(await lone.terminal.ended()).toBe(0)
  })
})
