import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandContext } from '../command/context.ts'
import { defineCommand } from '../command/define-command.ts'
import { parseCount } from '../command/durations.ts'
import { Failure, usageFailure } from '../command/failure.ts'
import { DATABASE, type PostgresLogin, loginTo } from '../postgres/connection.ts'
import { findEndpoint, targetOf, targetOptions } from '../postgres/endpoint-target.ts'
import { openPrompt, personAt } from '../prompt/open-prompt.ts'
import { findPsql, noPsql, runPsql } from '../psql/psql-program.ts'

export const psql = defineCommand({
  path: ['psql'],
  summary: 'Open psql in a branch as yourself',
  description:
    'Runs the psql of this machine, or the one that LAKELET_PSQL names, with a fresh database credential. Where there is none, a terminal gets the prompt of `lakelet sql`, which knows the commands of psql that people use most.',
  arguments: {
    target: { summary: 'projects/<project>[/branches/<branch>[/endpoints/<endpoint>]]', optional: true },
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
  ],
  async handler(context, { arguments: { target }, options, rest }) {
    if (options.provisioned) throw usageFailure('A Lakelet workspace has no provisioned instances.')
    const { announce } = await context.workspace()
    announce()
    const endpoint = await findEndpoint(context, targetOf(target, options))
    const program = findPsql(context.terminal.env)
    const person = personAt(context)
    if (program === undefined && person && rest.length === 0) {
      context.out.note('There is no psql on this machine; this is the prompt of `lakelet sql`.')
      await openPrompt(context, endpoint, DATABASE, person)
      return
    }
    if (program === undefined) throw noPsql()
    const login = await loginTo(context, endpoint)
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
  const variables = { ...env, ...psqlEnvironment(login) }
  for (let tried = 0; ; tried++) {
    const { code, stderr } = await runPsql(program, args, variables, signal)
    const isFinal = /does not exist|authentication failed/.test(stderr)
    if (code !== CONNECTION_FAILED || isFinal || process.stderr.isTTY || tried === retries || signal.aborted)
      return code
    await sleep(FIRST_PAUSE_MS * 2 ** tried)
  }
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

function psqlEnvironment(login: PostgresLogin): Record<string, string> {
  return {
    PGPASSWORD: login.password,
    PGSSLMODE: 'require',
    ...(login.caFile === undefined ? {} : { PGSSLROOTCERT: login.caFile }),
  }
}
