import { defineCommand } from '../command/define-command.ts'
import { Failure } from '../command/failure.ts'
import type { Output } from '../command/output.ts'
import { DATABASE, loginTo } from '../postgres/connection.ts'
import { findEndpoint, targetOf } from '../postgres/endpoint-target.ts'
import { type Granted, type GrantRequest, grant } from '../postgres/grants.ts'
import { PRINCIPAL_KINDS, findPrincipal } from '../postgres/principal.ts'
import { openSqlSession } from '../postgres/sql-session.ts'

export const grants = defineCommand({
  path: ['grants'],
  summary: 'Give an app, a user or a group what it needs in a Postgres database',
  description:
    'Makes the Postgres role of an identity and grants it what it needs, as you: to connect, the schema, the tables, sequences and functions in it, and those that you make there later. All of it happens in one transaction, what is there already is left alone, and what was run is printed as SQL. It needs the rights that the statements need. Nothing is ever taken away.',
  arguments: {
    project: { summary: 'id of the project, or projects/<project>[/branches/<branch>]' },
    principal: { summary: "an app's name, a user's e-mail address, or a service principal's client id" },
  },
  options: {
    branch: { value: 'BRANCH', summary: 'id of the branch; the default branch when left out' },
    database: { short: 'd', value: 'DATABASE', summary: 'Postgres database', default: DATABASE },
    schema: { value: 'SCHEMA', repeat: true, summary: 'schema, repeatable; public when left out' },
    readOnly: { summary: 'SELECT only, and no CREATE' },
    type: { value: 'TYPE', choices: PRINCIPAL_KINDS, summary: 'what PRINCIPAL names, where it is not clear' },
    dryRun: { summary: 'print the statements and change nothing' },
  },
  examples: [
    { run: 'lakelet grants my-app-db my-lakebase-app', does: 'lets the app read and write in schema public' },
    {
      run: 'lakelet grants my-app-db analyst@example.com --read-only --branch dev',
      does: 'lets a user read a branch',
    },
    {
      run: 'lakelet grants my-app-db my-lakebase-app --dry-run',
      does: 'prints what is missing, as SQL',
    },
  ],
  async handler(context, { arguments: { project, principal: name }, options }) {
    const { signal, out } = context
    const { client, announce } = await context.workspace()
    const target = project.includes('/') ? project : `projects/${project}`
    const endpoint = await findEndpoint(
      context,
      targetOf(target, { project: undefined, branch: options.branch, endpoint: undefined }),
    )
    const principal = await findPrincipal(client, name, options.type, signal)
    if (!options.dryRun) announce()
    const request: GrantRequest = {
      principal,
      database: options.database,
      schemas: options.schema.length > 0 ? [...new Set(options.schema)] : ['public'],
      isReadOnly: options.readOnly,
    }
    const login = await loginTo(context, endpoint)
    await using session = await openSqlSession({
      login,
      database: request.database,
      onNotice: (notice) => out.note(notice),
      signal: context.signal,
    })
    const granted = await grant(session, request, options.dryRun)
    show(granted, request, { out, branch: branchOf(endpoint.name), isDryRun: options.dryRun })
  },
})

interface Circumstances {
  readonly out: Output
  /** Full name of the branch. */
  readonly branch: string
  readonly isDryRun: boolean
}

function show(granted: Granted, request: GrantRequest, { out, branch, isDryRun }: Circumstances): void {
  const { statements, refused, writable } = granted
  const { principal, database, schemas, isReadOnly } = request
  const who = principal.app === undefined ? principal.role : `app ${principal.app} (${principal.role})`
  out.data(
    {
      role: principal.role,
      type: principal.type,
      app: principal.app,
      branch,
      database,
      schemas,
      read_only: isReadOnly,
      dry_run: isDryRun,
      statements,
      refused,
    },
    { lines: statements },
  )
  const place = `${database} of ${branch}`
  if (statements.length > 0)
    out.note(
      isDryRun
        ? `Nothing was changed: this is what ${who} is missing in ${place}.`
        : `Granted to ${who} in ${place}. What other roles make there later needs another 'lakelet grants'.`,
    )
  else if (refused.length === 0) out.note(`Nothing to do: ${who} has it all in ${place}.`)
  if (writable.length > 0)
    out.note(
      `${who} may write ${writable.join(', ')} by earlier grants; --read-only takes nothing away, REVOKE does.`,
    )
  if (refused.length > 0) throw notGrantable(granted, isDryRun)
}

function notGrantable({ refused }: Granted, isDryRun: boolean): Failure {
  const owners = [...new Set(refused.map(({ owner }) => owner))].join(', ')
  return new Failure(
    `These are not yours to grant:\n${refused
      .map(({ object, owner, privileges }) => `  ${object}, of ${owner}: ${privileges.join(', ')}`)
      .join('\n')}`,
    {
      todo: `Run this as ${owners}, or as a member of that role.${isDryRun ? '' : ' Everything else was done.'}`,
    },
  )
}

function branchOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.indexOf('/endpoints/'))
}
