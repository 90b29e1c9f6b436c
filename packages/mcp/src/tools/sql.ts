import { randomBytes } from 'node:crypto'
import { branchControlRoutes, branchName, branchRoutes } from '@lakelet/api'
import { z } from 'zod'
import type { Answer } from '../answer.ts'
import {
  branchFields,
  confirmFields,
  databaseField,
  lsnField,
  namedBranchFields,
  timeField,
} from '../fields.ts'
import { createBranch } from '../new-branch.ts'
import { ToolError } from '../problem.ts'
import { schemaOf } from '../sql/schema.ts'
import { runSql, type SqlOutcome, statementsOf } from '../sql/run.ts'
import { branchOf, endpointOf, getBranch, guardedName } from '../targets.ts'
import { defineTool, type ToolContext, unconfirmed } from '../tool.ts'
import { done } from '../wait.ts'

const sqlField = z
  .string()
  .min(1)
  .max(200_000)
  .describe('One or more SQL statements, separated by semicolons.')
const common = {
  database: databaseField,
  max_rows: z.int().min(1).max(1000).default(100).describe('Rows shown of each statement.'),
  timeout_seconds: z.int().min(1).max(600).default(30).describe('For all statements together.'),
}
/** Life of a branch that is thrown away, should nobody be left to do it. */
const TRY_TTL = '3600s'

export const sqlTools = [
  defineTool({
    name: 'query',
    title: 'Query (read-only)',
    description:
      'Runs SQL in one READ ONLY transaction that is rolled back: Postgres refuses every write. As the signed-in user, with their rights. With time or lsn it reads the branch as it was. Values come as Postgres prints them, null is null. For writes use try_sql (throw-away branch) or execute.',
    toolset: 'sql',
    effect: 'reads',
    input: z.object({ sql: sqlField, ...branchFields, ...common, time: timeField, lsn: lsnField }),
    async run(context, input) {
      if (input.time !== undefined && input.lsn !== undefined)
        throw new ToolError('Name a moment of the past with time or with lsn, not with both.')
      const statements = statementsOf(input.sql)
      const outcome = await runSql(context, {
        ...(await askedOf(context, input)),
        statements,
        contained: true,
        time: input.time,
        lsn: input.lsn,
      })
      return told(outcome, 'The SQL was run; nothing was changed.')
    },
  }),
  defineTool({
    name: 'explain',
    title: 'Explain a statement',
    description:
      'The plan of one statement. With analyze: true it is run, in a READ ONLY transaction that is rolled back, and the plan has its real times; of a statement that writes only the plan can be had.',
    toolset: 'sql',
    effect: 'reads',
    input: z.object({
      sql: sqlField.describe('One SQL statement, without EXPLAIN.'),
      analyze: z.boolean().default(false),
      ...branchFields,
      database: databaseField,
      timeout_seconds: common.timeout_seconds,
    }),
    async run(context, input) {
      const statements = statementsOf(input.sql)
      const [statement] = statements
      if (statements.length !== 1)
        throw new ToolError('explain takes one statement, without EXPLAIN before it.')
      const options = input.analyze ? 'ANALYZE, BUFFERS, SETTINGS' : 'SETTINGS'
      const outcome = await runSql(context, {
        ...(await askedOf(context, { ...input, max_rows: 1000 })),
        statements: [`EXPLAIN (${options}) ${statement}`],
        contained: true,
      })
      if (outcome.error) return told(outcome, '')
      const plan = outcome.results[0]?.rows?.map(([line]) => line ?? '') ?? []
      return { text: input.analyze ? 'The plan and its real times.' : 'The plan.', data: { plan } }
    },
  }),
  defineTool({
    name: 'describe_schema',
    title: 'Describe the schema',
    description:
      'Tables and views of a database with columns, types, keys, constraints, indexes, estimated rows and comments; the columns of one table, or only names where there are many. Name a table or a schema to narrow it.',
    toolset: 'sql',
    effect: 'reads',
    input: z.object({
      ...branchFields,
      database: databaseField,
      schema: z
        .string()
        .max(63)
        .optional()
        .describe('Only this schema; all but the system ones when left out.'),
      table: z.string().max(63).optional().describe('Only this table or view.'),
      names_only: z.boolean().default(false).describe('Names and sizes, without columns.'),
    }),
    async run(context, input) {
      const asked = await askedOf(context, { ...input, max_rows: 1000, timeout_seconds: 60 })
      const { relations, count } = await schemaOf(context, asked, input)
      const some = count > relations.length
      return {
        text: `Tables and views: ${relations.length}.`,
        data: { branch: branchOfEndpoint(asked.endpoint), database: input.database, relations },
        more: some
          ? `${count} tables and views match; narrow it with schema, table or names_only`
          : undefined,
      }
    },
  }),
  defineTool({
    name: 'try_sql',
    title: 'Try SQL on a throw-away branch',
    description:
      'Makes a branch of a branch, runs the SQL there with writing allowed, answers with its outcome and what it changed in the schema (with SQL), and deletes the branch. The source is not touched. Use it to try migrations. keep: true leaves the branch for an hour.',
    toolset: 'sql',
    effect: 'adds',
    input: z.object({
      sql: sqlField,
      ...branchFields,
      ...common,
      keep: z.boolean().default(false).describe('Leave the branch there; it deletes itself after an hour.'),
    }),
    run: trySql,
  }),
  defineTool({
    name: 'execute',
    title: 'Execute SQL that writes',
    description:
      'Runs SQL that may change data and schema, in one transaction: all of it or nothing. Done in two calls: the first shows what would be run and where. Prefer try_sql first. in_transaction: false is for what cannot be in one, such as CREATE INDEX CONCURRENTLY or VACUUM.',
    toolset: 'sql',
    effect: 'destroys',
    input: z.object({
      sql: sqlField,
      ...namedBranchFields,
      ...common,
      in_transaction: z.boolean().default(true),
      ...confirmFields,
    }),
    async run(context, input) {
      const statements = statementsOf(input.sql)
      const asked = await askedOf(context, input)
      const branch = await getBranch(context, await branchOf(context, input))
      const question = await unconfirmed(context, {
        input,
        would: `The SQL in the data (statements: ${statements.length}) would be run with writing allowed.`,
        data: { branch: branch.name, database: input.database, statements },
        // The data of a branch changes all the time; which branch it is does not.
        state: [branch.uid, guardedName(branch) ?? ''],
        name: guardedName(branch),
      })
      if (question) return question
      const outcome = await runSql(context, {
        ...asked,
        statements: input.in_transaction ? ['BEGIN', ...statements, 'COMMIT'] : statements,
        contained: false,
      })
      return told(
        outcome,
        input.in_transaction ? 'The SQL was run and committed.' : 'The SQL was run.',
        input.in_transaction
          ? 'Nothing was committed, unless a COMMIT stands in the SQL.'
          : 'What ran before stays.',
      )
    },
  }),
]

async function trySql(
  context: ToolContext,
  input: {
    readonly sql: string
    readonly project?: string | undefined
    readonly branch?: string | undefined
    readonly database: string
    readonly max_rows: number
    readonly timeout_seconds: number
    readonly keep: boolean
  },
): Promise<Answer> {
  const statements = statementsOf(input.sql)
  const { project, branch } = await branchOf(context, input)
  const id = `try-${randomBytes(5).toString('hex')}`
  const params = { project, branch: id }
  context.progress('making the branch')
  // Also what is cut off here goes by itself: the branch has an end.
  await createBranch(context, { project, branch, id, ttl: TRY_TTL })
  let isDisposed = false
  try {
    context.progress('running the SQL')
    const outcome = await runSql(context, {
      ...(await askedOf(context, { ...input, project, branch: id })),
      statements,
      contained: false,
    })
    context.progress('comparing the schemas')
    const { changes, sql } = await context.client.call(
      branchControlRoutes.compareBranch,
      { params: { project, branch }, body: { with: id, database: input.database } },
      context.signal,
    )
    if (!input.keep) isDisposed = await dispose(context, params)
    const answer = told(outcome, 'The SQL was run on a branch of its own; the source is as it was.')
    const left = isDisposed
      ? ''
      : input.keep
        ? ' The branch stays for an hour.'
        : ' The branch could not be deleted now; it deletes itself after an hour.'
    return {
      ...answer,
      text: `${answer.text}${left}`,
      data: {
        ...(answer.data as object),
        schema_changes: changes,
        schema_sql: sql,
        source: branchName(project, branch),
        ...(isDisposed ? {} : { branch: branchName(project, id) }),
      },
    }
  } catch (error) {
    if (!isDisposed && !input.keep) await dispose(context, params)
    throw error
  }
}

/** Also when the caller is gone. */
async function dispose(
  { client }: ToolContext,
  params: { readonly project: string; readonly branch: string },
): Promise<boolean> {
  const signal = AbortSignal.timeout(60_000)
  try {
    const started = await client.call(branchRoutes.deleteBranch, { params, query: { purge: true } }, signal)
    await done({ client, signal, progress: () => {} }, started)
    return true
  } catch {
    // Its end comes by itself.
    return false
  }
}

async function askedOf(
  context: ToolContext,
  input: {
    readonly project?: string | undefined
    readonly branch?: string | undefined
    readonly database: string
    readonly max_rows: number
    readonly timeout_seconds: number
  },
) {
  const endpoint = await endpointOf(context, await branchOf(context, input))
  return {
    endpoint: endpoint.name,
    database: input.database,
    maxRows: input.max_rows,
    timeoutSeconds: input.timeout_seconds,
  }
}

function branchOfEndpoint(name: string): string {
  return name.split('/').slice(0, 4).join('/')
}

/** An error of Postgres is an answer too: the agent mends its SQL. */
function told(outcome: SqlOutcome, good: string, bad = 'Nothing was changed.'): Answer {
  const { results, error, stopped } = outcome
  const more = results.some(({ truncated }) => truncated)
    ? 'there are more rows or longer values; ask for fewer columns, aggregate, use LIMIT and OFFSET, or raise max_rows (1000 at most)'
    : undefined
  if (error) throw new SqlError(outcome, bad)
  if (stopped !== undefined) {
    const why =
      stopped === 'time' ? 'It took longer than timeout_seconds' : 'There was more to read than is shown'
    return { text: `${why}, so it was cancelled.`, data: { results }, more }
  }
  return { text: good, data: { results }, more }
}

class SqlError extends ToolError {
  constructor({ results, error }: SqlOutcome, bad: string) {
    super(`Postgres refused it. ${bad} The data has its words.`, { ...error, results })
  }
}
