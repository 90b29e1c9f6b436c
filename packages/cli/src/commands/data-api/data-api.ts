// `lakelet data-api …`: PostgREST's interface to a database, on, off, and where it is.
import {
  ApiError,
  type Client,
  type DataApi,
  dataApiRoutes,
  databaseRoutes,
  type Operation,
} from '@lakelet/api'
import type { CommandContext } from '../../command/context.ts'
import { defineCommand } from '../../command/define-command.ts'
import { Failure } from '../../command/failure.ts'
import { DATABASE } from '../../postgres/connection.ts'
import { findBranch, targetOf } from '../../postgres/endpoint-target.ts'
import { waitForOperation } from '../postgres/operation.ts'

const TIMEOUT_MS = 120_000

const target = {
  target: {
    summary:
      'projects/<project>[/branches/<branch>], or the id of a project; when left out the linked or the only one',
    optional: true,
  },
} as const

const database = {
  database: { short: 'd', value: 'DATABASE', summary: 'Postgres database', default: DATABASE },
} as const

export const dataApiEnable = defineCommand({
  path: ['data-api', 'enable'],
  summary: 'Serve a database over HTTP, for PostgREST clients',
  description:
    'Callers show an OAuth token of the workspace and act as their own Postgres role, once that is granted: GRANT "<role>" TO authenticator. Row-level security applies to them. Called again it changes the schemas.',
  arguments: target,
  options: {
    ...database,
    schema: { value: 'SCHEMA', repeat: true, summary: 'schema to expose, repeatable; public when left out' },
  },
  examples: [
    { run: 'lakelet data-api enable my-app-db', does: 'exposes schema public of the default branch' },
  ],
  async handler(context, { arguments: { target: text }, options }) {
    const { client, params } = await databaseOf(context, text, options.database)
    const { signal, out } = context
    const body = { spec: { db_schemas: options.schema.length > 0 ? [...options.schema] : ['public'] } }
    const present = await find(client, params, signal)
    const query = { update_mask: 'spec.db_schemas' }
    const started = present
      ? await client.call(dataApiRoutes.updateDataApi, { params, query, body }, signal)
      : await client.call(dataApiRoutes.createDataApi, { params, body }, signal)
    await wait(client, started, signal)
    const made = await client.call(dataApiRoutes.getDataApi, { params }, signal)
    out.data(made, { lines: [made.status.url] })
    out.note('Who is to call needs: GRANT "<its Postgres role>" TO authenticator')
  },
})

export const dataApiShow = defineCommand({
  path: ['data-api', 'show'],
  summary: 'Show where the Data API of a database is, and its settings',
  arguments: target,
  options: database,
  examples: [{ run: 'lakelet data-api show my-app-db', does: 'its URL and the exposed schemas' }],
  async handler(context, { arguments: { target: text }, options }) {
    const { client, params } = await databaseOf(context, text, options.database)
    const found = await client.call(dataApiRoutes.getDataApi, { params }, context.signal)
    const { url, db_schemas: schemas = [], available_schemas: available } = found.status
    context.out.data(found, {
      lines: [`URL      ${url}`, `Schemas  ${schemas.join(', ')} (there are ${available.join(', ')})`],
    })
  },
})

export const dataApiDisable = defineCommand({
  path: ['data-api', 'disable'],
  summary: 'Serve a database over HTTP no more',
  arguments: target,
  options: database,
  examples: [{ run: 'lakelet data-api disable my-app-db', does: 'its URL answers 404 from then on' }],
  async handler(context, { arguments: { target: text }, options }) {
    const { client, params } = await databaseOf(context, text, options.database)
    const started = await client.call(dataApiRoutes.deleteDataApi, { params }, context.signal)
    context.out.data(await wait(client, started, context.signal), { lines: ['The Data API is disabled.'] })
  },
})

interface DatabaseParams {
  readonly project: string
  readonly branch: string
  readonly database: string
}

async function databaseOf(
  context: CommandContext,
  text: string | undefined,
  name: string,
): Promise<{ readonly client: Client; readonly params: DatabaseParams }> {
  const full = text === undefined || text.includes('/') ? text : `projects/${text}`
  const none = { project: undefined, branch: undefined, endpoint: undefined }
  const { client } = await context.workspace()
  const branch = await findBranch(context, targetOf(full, none))
  const { databases = [] } = await client.call(
    databaseRoutes.listDatabases,
    { params: branch },
    context.signal,
  )
  const found = databases.find((each) => each.status.postgres_database === name || each.database_id === name)
  if (!found)
    throw new Failure(`There is no database '${name}' in ${branch.project}, branch ${branch.branch}.`)
  return { client, params: { ...branch, database: found.database_id } }
}

async function find(
  client: Client,
  params: DatabaseParams,
  signal: AbortSignal,
): Promise<DataApi | undefined> {
  try {
    return await client.call(dataApiRoutes.getDataApi, { params }, signal)
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

function wait(client: Client, started: Operation, signal: AbortSignal): Promise<unknown> {
  return waitForOperation(client, started, { timeoutMs: TIMEOUT_MS, signal })
}
