// Connections to a project's database as the owner, with a database credential as the password.
import { readFileSync } from 'node:fs'
import { Client, type QueryResultRow } from 'pg'
import type { TestWorkspace } from '../system/workspace.ts'
import { ask, type Endpoint } from './workspace-objects.ts'

/** Opens a connection; the caller ends it. */
export async function connectTo(
  workspace: TestWorkspace,
  endpoint: Endpoint,
  database = 'databricks_postgres',
): Promise<Client> {
  const { token } = await ask<{ token: string }>(workspace, 'POST', '/api/2.0/postgres/credentials', {
    endpoint: endpoint.name,
  })
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database,
    options: `endpoint=${endpoint.uid}`,
    ssl: { ca: readFileSync(workspace.caFile, 'utf8') },
  })
  await client.connect()
  return client
}

/** Runs one query on a connection of its own and gives its rows. */
export async function rowsOf<T extends QueryResultRow>(
  workspace: TestWorkspace,
  endpoint: Endpoint,
  query: string,
): Promise<T[]> {
  const client = await connectTo(workspace, endpoint)
  try {
    return (await client.query<T>(query)).rows
  } finally {
    await client.end()
  }
}
