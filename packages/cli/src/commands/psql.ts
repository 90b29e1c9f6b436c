import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandContext } from '../command/context.ts'
import { defineCommand } from '../command/define-command.ts'
import { parseCount } from '../command/durations.ts'
import { Failure, usageFailure } from '../command/failure.ts'
import { DATABASE, type PostgresLogin, loginTo } from '../postgres/connection.ts'
import { findEndpoint, momentTargetOf, targetOptions } from '../postgres/endpoint-target.ts'
import { openPrompt, personAt } from '../prompt/open-prompt.ts'
import { findPsql, noPsql, runPsql } from '../psql/psql-program.ts'

export const psql = defineCommand({
  path: ['psql'],
  summary: 'Open psql in a branch as yourself',
  description:
    'Runs the psql of this machine, or the one that LAKELET_PSQL names, with a fresh database credential. Where there is none, a terminal gets the prompt of `lakelet sql`, which knows the commands of psql that people use most.',
  arguments: {
    target: {
      summary:
        'id of the branch, or projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]; with @TIME, @-5m or @LSN behind it as it was then',
      optional: true,
    },
  },
  options: {
    ...targetOptions,
    maxRetries: {
      value: 'COUNT',
      summary: 'how often a script tries again when the connection fails',
      default: 3,
      parse: parseCount,
    },
    autoscaling: { summary: 'accepted for the official grammar; every project is one', hidden: true },
    provisioned: { summary: 'refused: a Lakelet workspace has no provisioned instances', hidden: true },
  },
  passThrough: 'PSQL_ARGS',
  examples: [
    { run: 'lakelet psql projects/my-app-db', does: 'opens a prompt in the default branch' },
    { run: "lakelet psql projects/my-app-db -- -c 'SELECT 1'", does: 'runs one statement' },
    { run: 'lakelet psql production@-5m', does: 'reads the branch as it was five minutes ago' },
  ],
  async handler(context, { arguments: { target }, options, rest }) {
    if (options.provisioned) throw usageFailure('A Lakelet workspace has no provisioned instances.')
    const { announce } = await context.workspace()
    announce()
    const { target: wanted, moment } = momentTargetOf(target, options)
    const endpoint = await findEndpoint(context, wanted)
    const program = findPsql(context.terminal.env)
    const person = personAt(context)
    if (program === undefined && person && rest.length === 0) {
      context.out.note('There is no psql on this machine; this is the prompt of `lakelet sql`.')
      await openPrompt(context, endpoint, { database: DATABASE, moment }, person)
      return
    }
    if (program === undefined) throw noPsql()
    const login = await loginTo(context, endpoint, moment)
    // Ctrl-C belongs to psql now: it ends a query and not the session.
    context.terminal.ignoreInterrupts()
    const code = await runPatiently(context, program, psqlArguments(login, rest), login, options.maxRetries)
    if (code !== 0) throw new Failure('', { exitCode: code })
  },
})

/** Exit code of psql for a connection that failed or broke. */
const CONNECTION_FAILED = 2
const FIRST_PAUSE_MS = 500

async function runPatiently(
  { terminal: { env }, signal }: CommandContext,
  program: string,
  args: readonly string[],
  login: PostgresLogin,
  retries: number,
): Promise<number> {
  const variables = { ...env, ...psqlEnvironment(login, env['PGOPTIONS']) }
  for (let tried = 0; ; tried++) {
    const { code, stderr } = await runPsql(program, args, variables, signal)
    const isOver = code !== CONNECTION_FAILED || !mayPass(stderr)
    if (isOver || process.stderr.isTTY || tried === retries || signal.aborted) return code
    await sleep(FIRST_PAUSE_MS * 2 ** tried)
  }
}

/** What a server says that may let the next one in: it starts, stops, is full, or its compute is not there yet. */
const PASSING =
  /starting up|shutting down|not yet accepting|recovery mode|too many|connection slots|terminating connection|no backend of the pool|compute node|not ready|is stopping/i

/**
 * Whether another try may help, by what psql said: it did not come in, and what kept it out may pass. One that was in and lost its
 * connection is not run again, since what it did before would be done twice.
 */
export function mayPass(stderr: string): boolean {
  const refusal = /^psql: error: (.*)/ms.exec(stderr)?.[1]
  if (refusal === undefined) return false
  return !refusal.includes('FATAL:') || PASSING.test(refusal)
}

/** What psql is called with; a port or a database among `rest` wins. */
export function psqlArguments(login: PostgresLogin, rest: readonly string[]): string[] {
  const isGiven = (short: string, long: string): boolean =>
    rest.some((word) => word.startsWith(short) || word === long || word.startsWith(`${long}=`))
  return [
    `--host=${login.host}`,
    `--username=${login.user}`,
    ...(isGiven('-p', '--port') ? [] : [`--port=${login.port}`]),
    ...(isGiven('-d', '--dbname') ? [] : [`--dbname=${DATABASE}`]),
    ...rest,
  ]
}

function psqlEnvironment(login: PostgresLogin, options: string | undefined): Record<string, string> {
  const words = [options, login.options].filter((each) => each)
  return {
    ...(words.length > 0 ? { PGOPTIONS: words.join(' ') } : {}),
    PGPASSWORD: login.password,
    PGSSLMODE: 'require',
    ...(login.caFile === undefined ? {} : { PGSSLROOTCERT: login.caFile }),
  }
}
