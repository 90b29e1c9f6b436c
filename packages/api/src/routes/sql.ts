import { z } from 'zod'
import { sqlRunBody } from '../resources/sql.ts'
import { defineRoute } from '../route.ts'

const base = '/api/2.0/lakelet/sql/runs'

/** SQL over HTTP, as the caller's own role and over the gateway like any client. */
export const sqlRoutes = {
  run: defineRoute({
    id: 'sql.run',
    method: 'POST',
    path: base,
    summary: 'Run SQL statements on one connection and stream their results, a JSON object a line',
    body: sqlRunBody,
    bodyLimit: 2 * 1024 * 1024,
    reply: 'stream',
    contentType: 'application/x-ndjson',
    errors: ['resource_not_found', 'sql_run_repeated', 'sql_runs_limit'],
    permission: { kind: 'service', rule: 'whom the database lets log in, with the rights of that role' },
  }),
  cancel: defineRoute({
    id: 'sql.cancel',
    method: 'DELETE',
    path: `${base}/:run`,
    summary: 'Cancel a run of SQL; its statement is cancelled in Postgres',
    params: z.object({ run: z.string() }),
    reply: z.object({}),
    errors: ['resource_not_found'],
    permission: { kind: 'service', rule: 'who started the run' },
  }),
} as const
