import { branchControlRoutes, branchName, type SchemaComparison } from '@lakelet/api'
import { defineCommand } from '../../command/define-command.ts'
import { Failure } from '../../command/failure.ts'
import { DATABASE } from '../../postgres/connection.ts'
import { findBranch } from '../../postgres/endpoint-target.ts'
import { branchArgument, namedBranch, projectOption } from './branch-target.ts'
import { type Moment, splitMoment } from '../../postgres/moment.ts'

const SIGNS = { add: '+', remove: '-', change: '~' } as const

export const branchDiff = defineCommand({
  path: ['branch', 'diff'],
  summary:
    'Show what the schema of a branch has to change to become like that of another one, or of another time',
  description:
    'Compares schemas, tables, columns, indexes, constraints, views, functions, policies, grants, extensions and the rest of a database, not its rows. --sql prints the statements that lead from FROM to TO, to be run in FROM. Both computes are woken.',
  arguments: {
    from: { summary: `${branchArgument.summary}; with @TIME, @-1h or @LSN behind it as it was then` },
    to: { summary: 'what it is compared with, likewise' },
  },
  options: {
    project: projectOption,
    database: { short: 'd', value: 'DATABASE', summary: 'Postgres database', default: DATABASE },
    sql: { summary: 'print the statements alone' },
    exitCode: { summary: 'end with exit code 1 where they differ, for use in CI' },
  },
  examples: [
    { run: 'lakelet branch diff production dev --project my-app-db', does: 'lists what dev changed' },
    {
      run: 'lakelet branch diff production dev --project my-app-db --sql > migration.sql',
      does: 'writes the migration of production',
    },
    {
      run: 'lakelet branch diff production@-1h production --project my-app-db',
      does: 'lists what changed within the last hour',
    },
    {
      run: 'lakelet branch diff production ci --project my-app-db --exit-code',
      does: 'fails where migrations do not lead to what production has',
    },
  ],
  async handler(context, { arguments: { from, to }, options }) {
    const { workspace, out, signal } = context
    const now = new Date()
    const [left, right] = [splitMoment(from, now), splitMoment(to, now)]
    const { client } = await workspace()
    const params = await findBranch(context, namedBranch(left.name, options.project))
    const other = right.name.includes('/') ? right.name : branchName(params.project, right.name)
    const body = { with: other, database: options.database, ...left.moment, ...withOf(right.moment) }
    const found = await client.call(branchControlRoutes.compareBranch, { params, body }, signal)
    for (const note of found.notes) out.note(note)
    if (options.sql) out.raw(found.sql)
    else out.data(found, { lines: linesOf(found) })
    if (options.exitCode && found.changes.length > 0) {
      throw new Failure(`The schemas of ${found.from} and ${found.to} differ.`)
    }
  },
})

function withOf(moment: Moment | undefined) {
  if (moment === undefined) return {}
  return 'lsn' in moment ? { with_lsn: moment.lsn } : { with_time: moment.time }
}

function linesOf({ changes, destructive_statements: lossy }: SchemaComparison): string[] {
  if (changes.length === 0) return ['The schemas are alike.']
  const lines = changes.map(({ action, kind, name, attributes }) => {
    const what = attributes ? `: ${attributes.join(', ')}` : ''
    return `${SIGNS[action]} ${kind} ${name}${what}`
  })
  const loss = lossy === 0 ? [] : [`${lossy} of the statements (--sql) lose data.`]
  return [...lines, ...loss]
}
