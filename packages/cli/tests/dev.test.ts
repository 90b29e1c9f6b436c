// `lakelet dev` with real programs against a workspace where credentials live for two seconds.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { expectInLog } from '../../../tests/guards/log-guard.ts'
import { isSoak } from '../../../tests/hostile/duration.ts'
import { pythonWith, whyNoPython } from '../../../tests/clients/python.ts'
import { seedPostgres } from '../../../tests/system/postgres-cache.ts'
import {
  type TestWorkspace,
  cliCommand,
  environment,
  runCommand,
  startTestWorkspace,
} from '../../../tests/system/workspace.ts'
import { PseudoTerminal, has } from './pty.ts'
import { type Ran, runLakelet } from './terminal.ts'

const TTL_SECONDS = 2
const PG = path.dirname(path.dirname(new URL(import.meta.resolve('pg')).pathname))

let workspace: TestWorkspace
let cwd: string

beforeAll(async () => {
  workspace = await startTestWorkspace({
    env: {
      LAKELET_CREDENTIALS_DEFAULT_TTL_SECONDS: String(TTL_SECONDS),
      LAKELET_CREDENTIALS_MIN_TTL_SECONDS: '1',
    },
  })
  await workspace.cli(['postgres', 'create-project', 'shop'])
  cwd = await mkdtemp(path.join(workspace.directory, 'app-'))
  await chmod(cwd, 0o755)
})

afterAll(() => workspace?.[Symbol.asyncDispose]())

function variables(): Record<string, string> {
  const own = environment(workspace.home)
  const nodes = path.dirname(process.execPath)
  // What a developer's shell may hold, which would be stronger than what the program gets.
  const misleading = {
    PGPASSWORD: 'old',
    PGSERVICE: 'other',
    DATABRICKS_CONFIG_PROFILE: '',
    DATABASE_URL: 'x',
  }
  return { ...own, ...misleading, PATH: `${nodes}:${own['PATH']}`, LAKELET_DATA_DIR: workspace.dataDir }
}

/** In this process. */
function dev(...args: readonly string[]): Promise<Ran> {
  return runLakelet(['dev', ...args], { cwd, home: workspace.home, env: variables() })
}

/** Logs in by every way in turn until the password file held `life` tokens, each of which had ended when the next one came. */
const LOGS_IN = (life: number) => `
const { Client } = require('${PG}')
const { readFileSync } = require('node:fs')
const tokens = new Set()
async function ask(options) {
  const client = new Client(options)
  await client.connect()
  const { rows } = await client.query('SELECT current_user AS me')
  await client.end()
  return rows[0].me
}
async function main() {
  while (tokens.size < ${life}) {
    tokens.add(readFileSync(process.env.PGPASSFILE, 'utf8').trim())
    for (const options of [{}, { connectionString: process.env.DATABASE_URL }])
      if ((await ask(options)) !== process.env.PGUSER) throw new Error('somebody else')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const ended = [...tokens][0].split(':').at(-1)
  const late = await ask({ password: ended }).catch((error) => error)
  console.log('went on;', late.message)
  process.exit(7)
}
main().catch((error) => { console.error(error); process.exit(1) })
`

describe('credentials', () => {
  it('end and are replaced under a program that goes on', async () => {
    await writeFile(path.join(cwd, 'logs-in.cjs'), LOGS_IN(4))
    const ran = await dev('--', 'node', 'logs-in.cjs')
    expect(ran.stderr).toContain(
      'lakelet | Postgres of projects/shop/branches/production/endpoints/primary at',
    )
    expect(ran).toMatchObject({
      code: 7,
      stdout: expect.stringMatching(/^app \| went on; JWT token has expired/) as string,
    })
  })

  it.skipIf(!has('psql'))('are what psql finds by both ways (skipped without psql)', async () => {
    const asks = `psql -Atc 'SELECT 1 + 1' && psql "$DATABASE_URL" -Atc 'SELECT current_user'`
    expect(await dev('--', 'sh', '-c', asks)).toMatchObject({
      code: 0,
      stdout: `app | 2\napp | ${workspace.user}\n`,
    })
  })

  it.runIf(isSoak)('are what psycopg finds for as long as it runs, which takes npm run soak', async () => {
    const missing = await whyNoPython()
    if (missing !== undefined) {
      console.log(`skipped: ${missing}`)
      return
    }
    const python = await pythonWith(['psycopg[binary]==3.3.2'])
    const script = `import os, psycopg, time
seen = set()
while len(seen) < 6:
    seen.add(open(os.environ["PGPASSFILE"]).read())
    for conninfo in ("", os.environ["DATABASE_URL"]):
        with psycopg.connect(conninfo) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (os.environ["PGUSER"],)
    time.sleep(0.1)
print("went on")`
    expect(await dev('--', python, '-c', script)).toMatchObject({ code: 0, stdout: 'app | went on\n' })
  })

  it('come beside the passwords that the user keeps for other servers', async () => {
    await writeFile(path.join(workspace.home, '.pgpass'), 'elsewhere:5432:*:me:secret\n', { mode: 0o600 })
    const ran = await dev(
      '--',
      'sh',
      '-c',
      'tail -n 1 "$PGPASSFILE"; stat -c %a "$PGPASSFILE"; echo "<$PGPASSWORD$PGSERVICE>"',
    )
    expect(ran).toMatchObject({ code: 0, stdout: 'app | elsewhere:5432:*:me:secret\napp | 600\napp | <>\n' })
  })
})

describe('the branch', () => {
  it('of --new-branch is there for the program and goes with it', async () => {
    const ran = await dev('--new-branch', '--', 'sh', '-c', 'echo $ENDPOINT_NAME')
    const name = /app \| (projects\/shop\/branches\/dev-\w+)\/endpoints/.exec(ran.stdout)?.[1] ?? ''
    expect(ran.stderr).toContain('was made from production; it goes when this ends.')
    expect(await workspace.lakelet(['postgres', 'get-branch', name])).toMatchObject({ code: 4 })
  })

  it('that is named is made once, migrated each time, and seeded where nothing was', async () => {
    await writeFile(path.join(cwd, 'seed.sql'), 'INSERT INTO t VALUES (1); INSERT INTO t VALUES (2)')
    const migrate = `node -e "const { Client } = require('${PG}'); const c = new Client(); c.connect().then(() => c.query('CREATE TABLE IF NOT EXISTS t (x int)')).then(() => c.end())"`
    const asked = ['--branch', 'feature', '--ttl', '2h', '--migrate', migrate, '--seed', 'seed.sql']
    const count = ['--', ...cliCommand, 'sql', '--branch', 'feature', 'SELECT count(*) AS n FROM t']
    const failing = await dev(...asked.with(asked.length - 1, 'exit 5'), ...count)
    expect(failing).toMatchObject({ code: 5, stdout: '' })
    expect(failing.stderr).toContain('--seed failed with exit code 5, so the program was not started: exit 5')
    const first = await dev(...asked, ...count)
    expect(first).toMatchObject({ code: 0, stdout: 'app | n\napp | 2\n' })
    expect(first.stderr).toContain('The database is seeded.')
    expect((await dev(...asked, ...count)).stdout).toBe('app | n\napp | 2\n')
    const shown = JSON.parse(
      await workspace.cli(['postgres', 'get-branch', 'projects/shop/branches/feature']),
    ) as {
      status: { expire_time: string; create_time: string }
    }
    expect(Date.parse(shown.status.expire_time) - Date.now()).toBeLessThan(7_200_000)
  })
})

it('keeps the exit code of a migration that fails, and does not start the program', async () => {
  const ran = await dev('--migrate', 'echo broken >&2; exit 9', '--', 'echo', 'never')
  expect(ran).toMatchObject({ code: 9, stdout: '' })
  expect(ran.stderr).toMatch(/migrate \| broken\n.*--migrate failed with exit code 9/s)
})

it('shows the warnings of the workspace beside what the program writes', async () => {
  expectInLog(/careful/)
  const log = path.join(workspace.dataDir, 'lakelet.log')
  const line = JSON.stringify({ level: 40, time: 0, component: 'test', msg: 'careful' })
  // The program waits for a file that is there when the warning was shown.
  const shown = path.join(cwd, 'shown')
  const stderr: string[] = []
  const [command, ...args] = cliCommand
  const child = spawn(
    command,
    [...args, 'dev', '--', 'sh', '-c', `echo ready; until [ -e ${shown} ]; do sleep 0.1; done`],
    { cwd, env: variables() },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stdout.once('data', () => void appendFile(log, `${line}\n`))
  child.stderr.on('data', (chunk: Buffer) => {
    stderr.push(chunk.toString())
    if (stderr.join('').includes('lakelet | 1970-01-01T00:00:00.000Z WARN  test: careful'))
      void writeFile(shown, '')
  })
  expect(await once(child, 'close')).toEqual([0, null])
})

it.each([
  [[], 2, "It stands behind two dashes: 'lakelet dev -- npm start'"],
  [['npm', 'start'], 2, 'Too many arguments'],
  [['--branch', 'a', '--new-branch', '--', 'x'], 2, '--branch NAME or --new-branch, not both'],
  [['--ttl', 'soon', '--', 'x'], 2, "'soon' is not a duration"],
  [['--seed', 'none.sql', '--', 'x'], 2, '--seed names none.sql, which cannot be read'],
  [['--branch', 'Bad', '--', 'x'], 1, "must match pattern ^[a-z][a-z0-9-]{0,62}$, got 'Bad'"],
  [['--project', 'shpo', '--', 'x'], 4, "Did you mean 'projects/shop'?"],
  [['--database', 'nope', '--', 'x'], 4, 'has no database "nope"'],
  [['--', '/no/such/program'], 127, "'/no/such/program' cannot be run: there is no such program."],
  [['--', '/'], 126, "'/' cannot be run"],
])('refuses %j', async (args, code, message) => {
  const ran = await dev(...args)
  expect(ran.stderr).toContain(message)
  expect(ran).toMatchObject({ code, stdout: '' })
})

/** Says when it is there, and starts one that would outlive it; both note who they are. */
const FAMILY = `
const { spawn } = require('node:child_process')
const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
process.on('SIGINT', () => { console.log('clean end'); process.exit(5) })
console.log(['pids', process.pid, child.pid, String(process.stdout.isTTY), process.env.FORCE_COLOR].join(' '))
setInterval(() => {}, 1000)
`

it.skipIf(!has('script'))(
  'ends the program and all that it started on Ctrl-C (skipped without script)',
  async () => {
    await writeFile(path.join(cwd, 'family.cjs'), FAMILY)
    await using terminal = new PseudoTerminal(['exec', ...cliCommand, 'dev', '--', 'node', 'family.cjs'], {
      cwd,
      env: variables(),
    })
    await terminal.shows(/pids \d+ \d+ undefined 1\r/)
    const [, own = '', child = ''] = /pids (\d+) (\d+)/.exec(terminal.output) ?? []
    terminal.type('\u0003')
    expect(await terminal.ended()).toBe(5)
    expect(terminal.output).toContain('\u001B[36mapp |\u001B[39m clean end')
    for (const pid of [own, child]) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
    expect((await workspace.lakelet(['status'])).code).toBe(0)
  },
)

it.skipIf(!has('script'))('gives the terminal itself with --raw (skipped without script)', async () => {
  await using terminal = new PseudoTerminal(
    [
      ...cliCommand,
      'dev',
      '--raw',
      '--',
      'node',
      '-e',
      'console.log(`on a terminal: ${process.stdout.isTTY}`)',
    ],
    { cwd, env: variables() },
  )
  expect(await terminal.ended()).toBe(0)
  expect(terminal.output).toContain('on a terminal: true\r\n')
})

it('starts a workspace where none runs, makes its first project, and stops it again', async () => {
  // Short, since sockets lie in it.
  const place = await mkdtemp(path.join(tmpdir(), 'l-'))
  onTestFinished(() => rm(place, { recursive: true, force: true }))
  await chmod(place, 0o755)
  const folder = path.join(place, 'My App')
  await mkdir(folder)
  const data = path.join(folder, '.lakelet')
  await seedPostgres(data)
  const env = environment(workspace.home)
  const call = (...args: readonly string[]) => runCommand([...cliCommand, ...args], { cwd: folder, env })
  const none = await call('init')
  expect(none).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringContaining('No workspace runs here.') as string,
  })
  expect(await readFile(path.join(folder, '.gitignore'), 'utf8')).toBe('.env\n')
  // What runs inside sees the workspace: init makes the folder whole, twice the same.
  const init = [...cliCommand, 'init'].map((word) => `'${word}'`).join(' ')
  const both = await call(
    'dev',
    '--',
    'sh',
    '-c',
    `unset DATABRICKS_HOST DATABRICKS_TOKEN; ${init} && cp .env first && ${init} && cmp .env first && ps -o pid= -p $(cat .lakelet/lock.pid) | tr -d ' '`,
  )
  expect(both.stderr).toMatch(/Started the workspace in .*\n.*Project my-app was made/s)
  expect(both.stdout).toMatch(/\.env has the variables of projects\/my-app\/.*\.env is up to date/s)
  expect(both.code).toBe(0)
  expect(await call('status')).toMatchObject({ code: 4 })
  const pid = Number(both.stdout.trim().split('\n').at(-1)?.replace(/\D/g, ''))
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
