// `lakelet sql` and `lakelet psql` against a real workspace: results of any size, COPY, types, Ctrl-C.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest'
import {
  type TestWorkspace,
  cliCommand,
  environment,
  startTestWorkspace,
} from '../../../tests/system/workspace.ts'
import { scaled } from '../../../tests/hostile/duration.ts'
import { has, PseudoTerminal } from './pty.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', 'first'])
})

afterAll(() => workspace?.[Symbol.asyncDispose]())

/** A line of `sh` in which `lakelet` is the command line. */
function shell(line: string): readonly string[] {
  const lakelet = cliCommand.map((word) => `'${word}'`).join(' ')
  return ['-c', `lakelet() { ${lakelet} "$@"; }; ${line}`]
}

function variables(): Record<string, string> {
  return { ...environment(workspace.home), LAKELET_DATA_DIR: workspace.dataDir }
}

async function runShell(line: string): Promise<string> {
  const child = spawn('sh', shell(line), {
    cwd: workspace.home,
    env: variables(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await once(child, 'close')
  return said.replace(/^Workspace: .*\n/gm, '')
}

function atTerminal(...argv: readonly string[]): PseudoTerminal {
  return new PseudoTerminal([...cliCommand, ...argv], { cwd: workspace.home, env: variables() })
}

it('keeps types in JSON, and every digit', async () => {
  const sql = `SELECT 1 AS a, true AS b, NULL AS c, 9007199254740993 AS big, 1.50 AS n, 0.1234567890123456789 AS long,
    'NaN'::float8 AS nan, 1e300::float8 AS f, ARRAY[1, NULL] AS ints, ARRAY['a', 'NULL', NULL, 'x"y,'] AS texts,
    '{"x": [1]}'::jsonb AS j, ARRAY[[true], [false]] AS bs, 'text' AS t, '{}'::int[] AS none, 2 AS a; CREATE TABLE t (x int)`
  expect(JSON.parse(await workspace.cli(['sql', '-o', 'json', sql]))).toEqual([
    {
      rows: [
        {
          a: 1,
          b: true,
          c: null,
          big: '9007199254740993',
          n: 1.5,
          long: '0.1234567890123456789',
          nan: 'NaN',
          f: 1e300,
          ints: [1, null],
          texts: ['a', 'NULL', null, 'x"y,'],
          j: { x: [1] },
          bs: [[true], [false]],
          t: 'text',
          none: [],
          a_2: 2,
        },
      ],
      command: 'SELECT',
      row_count: 1,
    },
    { rows: [], command: 'CREATE TABLE', row_count: null },
  ])
  expect(await workspace.cli(['sql', '--field', '0.rows.0.a', 'SELECT 7 AS a'])).toBe('7\n')
})

it('shows NULL, line breaks and wide characters as text, and what came before an error', async () => {
  const ran = await workspace.lakelet([
    'sql',
    `SELECT 'ü日本' AS x, NULL AS y, E'a\\n\\x1b[31mb' AS z; SELECT 1/0`,
  ])
  expect(ran.stdout).toBe('x      y     z\nü日本  NULL  a\\n\\u001b[31mb\n')
  expect(ran.code).toBe(1)
  expect(ran.stderr.replace(/^Workspace: .*\n/, '')).toBe('Error: ERROR: division by zero (SQLSTATE 22012)\n')
  const marked = await workspace.lakelet(['sql', "SELECT 'ü',\n  nothing FROM x"])
  expect(marked.stderr).toContain(`LINE 2:   nothing FROM x\n${' '.repeat(23)}^\n`)
})

it('streams 130,000 rows, and COPY in both directions, in bounded memory', async () => {
  // A gigabyte at full length.
  const rows = scaled(100_000, 1_050_000)
  const lines = await runShell(
    `lakelet sql "SELECT i, repeat('x', 20) FROM generate_series(1, 130000) i" | wc -l`,
  )
  expect(Number(lines)).toBe(130_001)
  const file = path.join(workspace.home, 'rows')
  // A heap of this size holds neither of the two.
  const small = 'NODE_OPTIONS=--max-old-space-size=40'
  const out = `${small} lakelet sql "COPY (SELECT i, repeat('x', 1000) FROM generate_series(1, ${rows}) i) TO STDOUT" > rows`
  expect(await runShell(out)).toBe(`COPY ${rows}\n`)
  const digits = Array.from({ length: rows }, (_, row) => String(row + 1).length)
  expect((await stat(file)).size).toBe(digits.reduce((sum, each) => sum + each + 1002, 0))
  const back =
    'lakelet sql "CREATE TABLE back (i int, t text); COPY back FROM STDIN; SELECT count(*), sum(i) FROM back" < rows'
  expect(await runShell(`${small} ${back}`)).toBe(
    `CREATE TABLE\nCOPY ${rows}\n${'count'.padEnd(String(rows).length)}  sum\n${rows}  ${(rows * (rows + 1)) / 2}\n`,
  )
  const embedded = `lakelet psql -- -c "\\\\copy (SELECT * FROM back WHERE i < 3) TO STDOUT WITH CSV" | cut -c1-5`
  expect(await runShell(embedded)).toBe('1,xxx\n2,xxx\n')
}, 1_200_000)

it('says what is wrong with COPY, files and nothing at all', async () => {
  const failed = async (args: readonly string[], input = '') =>
    (await workspace.lakelet(['sql', ...args], { input })).stderr
  expect(await failed(['CREATE TEMP TABLE c (i int); COPY c FROM STDIN'], 'one\n')).toContain(
    'invalid input syntax for type integer: "one"',
  )
  expect(await failed([], 'CREATE TEMP TABLE c (i int); COPY c FROM STDIN')).toContain(
    'the SQL came from standard input; give it as an argument or with --file',
  )
  expect(await failed(['-o', 'json', 'COPY (SELECT 1) TO STDOUT'])).toContain('a format of its own')
  expect(await failed(['-f', 'none.sql'])).toContain('none.sql cannot be read')
  expect(await failed(['  '])).toContain('There is no SQL to run')
  await writeFile(path.join(workspace.home, 'dump.sql'), 'COPY t (x) FROM stdin;\n1\n\\.\n')
  expect(await failed(['-f', 'dump.sql'])).toContain("'lakelet psql < FILE'")
  expect(await runShell('lakelet psql -- -f dump.sql; lakelet psql -- -Atc "SELECT x FROM t"')).toBe(
    'COPY 1\n1\n',
  )
})

it.skipIf(!has('script'))(
  'cancels at Ctrl-C what runs, at a terminal, and leaves (skipped without script)',
  async () => {
    await using terminal = atTerminal('sql', 'SELECT pg_sleep(71)')
    const running = [
      'sql',
      '--field',
      '0.rows.0.n',
      "SELECT count(*) AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(71)'  AND state = 'active'",
    ]
    await vi.waitFor(async () => expect(await workspace.cli(running)).toBe('1\n'), { timeout: 90_000 })
    terminal.type('\u0003')
    expect(await terminal.ended()).toBe(130)
    expect(terminal.output).toContain('canceling statement due to user request')
    expect(await workspace.cli(running)).toBe('0\n')
  },
)

it.skipIf(!has('script'))('leaves at Ctrl-C while it waits for SQL (skipped without script)', async () => {
  await using terminal = atTerminal('sql', '-o', 'json')
  await terminal.shows(/end it with Ctrl-D/)
  terminal.type('\u0003')
  expect(await terminal.ended()).toBe(130)
})

it('says how to get psql where it is missing', async () => {
  const [command, ...args] = cliCommand
  const child = spawn(command, [...args, 'psql'], {
    cwd: workspace.home,
    env: { ...variables(), PATH: workspace.home },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  expect(await once(child, 'exit')).toEqual([1, null])
  expect(said).toContain("or use 'lakelet sql', which needs none")
})

it('ends psql when it is itself asked to end', async () => {
  const [command, ...args] = cliCommand
  const child = spawn(command, [...args, 'psql', '--', '-c', 'SELECT pg_sleep(72)'], {
    cwd: workspace.home,
    env: variables(),
    stdio: 'ignore',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const running = [
    'sql',
    '--field',
    '0.rows.0.n',
    "SELECT count(*) AS n FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(72)'",
  ]
  await vi.waitFor(async () => expect(await workspace.cli(running)).toBe('1\n'), { timeout: 90_000 })
  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([130, null])
})
