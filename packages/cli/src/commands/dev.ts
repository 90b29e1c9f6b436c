import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { CommandContext } from '../command/context.ts'
import { defineCommand } from '../command/define-command.ts'
import { parseDuration } from '../command/durations.ts'
import { Failure, exitCodes, usageFailure } from '../command/failure.ts'
import { Board } from '../dev/board.ts'
import { branchForDev } from '../dev/branch.ts'
import { Child } from '../dev/child.ts'
import { keepCredentials } from '../dev/credentials.ts'
import { environmentFor } from '../dev/environment.ts'
import { runSql, seedingOf } from '../dev/seed.ts'
import { showWarnings } from '../dev/server-log.ts'
import { Signals } from '../dev/signals.ts'
import { workspaceForDev } from '../dev/workspace.ts'
import { type Connecting, connectingTo } from '../postgres/connecting.ts'
import { findEndpoint } from '../postgres/endpoint-target.ts'

export const dev = defineCommand({
  path: ['dev'],
  summary: 'Run a program with a workspace, a branch and credentials that do not end',
  description:
    'Starts the workspace of this folder where none runs, and stops it at the end then. The program gets PG… with a password file that is kept fresh (psql, psycopg, pg and all that follows libpq), DATABASE_URL of a door on this machine behind which every login has a fresh credential, and what connectors and the SDKs ask with (ENDPOINT_NAME, DATABRICKS_…): it need not be started again when a credential ends. Its output and the warnings of the workspace are shown line by line. Ctrl-C and signals reach the program and all that it started; the exit code is its own.',
  options: {
    project: { value: 'PROJECT', summary: 'id of the project; when left out the linked or the only one' },
    branch: {
      value: 'BRANCH',
      summary:
        'id of the branch, which is made where it is not there; when left out the linked or the default one',
    },
    newBranch: { summary: 'a branch for this call alone, made from the one that would be used' },
    ttl: {
      value: 'DURATION',
      summary: 'how long a branch that is made lives: 2h; one of --new-branch is then not deleted at the end',
      parse: parseDuration,
    },
    database: {
      short: 'd',
      value: 'DATABASE',
      summary: 'Postgres database; databricks_postgres when left out',
    },
    migrate: {
      value: 'COMMAND',
      summary: 'line for the shell that runs first, each time; where it fails, the program is not started',
    },
    seed: {
      value: 'COMMAND|FILE.sql',
      summary: 'line for the shell or SQL that runs after that, once, where the database had no table',
    },
    raw: { summary: 'give the program this terminal, without names before its lines' },
  },
  passThrough: 'COMMAND',
  examples: [
    { run: 'lakelet dev -- npm start', does: 'runs the app with the default branch' },
    {
      run: "lakelet dev --branch feature-x --migrate 'npx drizzle-kit migrate' --seed seed.sql -- npm run dev",
      does: 'runs it with a branch of its own, migrated and seeded',
    },
    { run: 'lakelet dev --new-branch -- pytest', does: 'runs tests in a branch that goes afterwards' },
  ],
  async handler(outside, { options, rest }) {
    if (rest.length === 0)
      throw usageFailure('Which program?', "It stands behind two dashes: 'lakelet dev -- npm start'.")
    if (options.newBranch && options.branch !== undefined)
      throw usageFailure(
        '--branch NAME or --new-branch, not both.',
        '--branch NAME makes a branch that is not there, too.',
      )
    const seedFile = await checkedSeed(outside, options.seed)
    using signals = new Signals(outside.terminal)
    const board = new Board({
      write: (stream, text) => outside.terminal[stream](text),
      hasColor: (stream) => outside.terminal.hasColor?.(stream) ?? false,
    })
    const own = board.writer('lakelet', 'stderr', 'yellow')
    const say = (text: string): void => own.write(`${outside.out.typed(text)}\n`)
    const before: CommandContext = { ...outside, signal: signals.before }
    await using workspace = await workspaceForDev(before)
    const context: CommandContext = { ...before, workspace: async () => workspace.connection }
    const { local, source } = workspace.connection.configuration
    say(`${workspace.isStarted ? 'Started ' : 'Using '}${source} at ${workspace.connection.host}.`)
    await using branch = await branchForDev(context, options)
    if (branch.said !== undefined) say(branch.said)
    const endpoint = await findEndpoint(context, { ...branch, endpoint: undefined })
    const wanted = { database: options.database, withPassword: false }
    const connecting = await connectingTo(context, endpoint, wanted)
    await using credentials = await keepCredentials(context, connecting, say)
    const env = await environmentFor(context, connecting, credentials)
    await using _warnings = local ? showWarnings(local.dataDir, (line) => say(line)) : undefined
    say(`Postgres of ${endpoint.name} at ${connecting.host}:${connecting.port}.`)
    const { cwd } = context.terminal
    const run = async (name: string, command: readonly string[], isRaw: boolean): Promise<number> => {
      context.signal.throwIfAborted()
      const shown = { board, name, color: name === 'app' ? ('cyan' as const) : ('magenta' as const) }
      const child = new Child({ command, cwd, env }, isRaw ? undefined : shown)
      return signals.during(child, () => child.ended())
    }
    const seeding = options.seed === undefined ? undefined : await seedingOf(context, connecting)
    if (options.migrate !== undefined) await step('migrate', options.migrate, run)
    if (options.seed !== undefined && seeding) {
      if (seedFile === undefined) await step('seed', options.seed, run)
      else await seedFrom(context, connecting, seedFile)
      await seeding.done()
      say('The database is seeded.')
    }
    const code = await run('app', rest, options.raw)
    if (code !== 0) throw new Failure('', { exitCode: code })
  },
})

async function step(
  name: 'migrate' | 'seed',
  line: string,
  run: (name: string, command: readonly string[], isRaw: boolean) => Promise<number>,
): Promise<void> {
  const code = await run(name, ['sh', '-c', line], false)
  if (code === 0) return
  throw new Failure(`--${name} failed with exit code ${code}, so the program was not started: ${line}`, {
    exitCode: code,
  })
}

interface SeedFile {
  readonly name: string
  readonly sql: string
}

/** The SQL of a seed that is a file, read before anything is started; undefined for a line of the shell. */
async function checkedSeed(
  { terminal }: CommandContext,
  seed: string | undefined,
): Promise<SeedFile | undefined> {
  if (seed === undefined || !seed.endsWith('.sql')) return undefined
  // A line of the shell may end so, too: `psql -f seed.sql`.
  if (/\s/.test(seed) && !existsSync(path.resolve(terminal.cwd, seed))) return undefined
  const sql = await readFile(path.resolve(terminal.cwd, seed), 'utf8').catch((cause: unknown) => {
    throw new Failure(`--seed names ${seed}, which cannot be read.`, { exitCode: exitCodes.usage, cause })
  })
  return { name: seed, sql }
}

async function seedFrom(
  context: CommandContext,
  connecting: Connecting,
  { name, sql }: SeedFile,
): Promise<void> {
  try {
    await runSql(context, connecting, sql)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    throw new Failure(`--seed ${name} failed, so the program was not started: ${error.message}`, {
      exitCode: error.exitCode,
      cause: error,
      ...(error.todo === undefined ? {} : { todo: error.todo }),
    })
  }
}
