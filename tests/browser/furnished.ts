// A workspace that has something of everything, for tests and pictures that look at whole pages.
import { appsRoutes, scimRoutes, secretRoutes, servicePrincipalSecretRoutes, tokenRoutes } from '@lakelet/api'
import path from 'node:path'
import { type TestWorkspace, writeFiles } from '../system/workspace.ts'

export const PROJECT = 'my-app-db'
export const BRANCH = 'production'
export const APP = 'my-lakebase-app'

const DATA = `CREATE TABLE notes (id SERIAL PRIMARY KEY, content TEXT NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
INSERT INTO notes (content) VALUES ('Welcome to Lakebase Autoscaling!'), ('This app connects to Postgres'), ('Data fetched from your database');
CREATE SCHEMA sales;
CREATE TABLE sales.orders_of_the_year_with_a_long_name (id int PRIMARY KEY, customer text, "Total amount" numeric(12, 2), details jsonb, ordered_at timestamptz);
INSERT INTO sales.orders_of_the_year_with_a_long_name
SELECT n, 'Customer ' || n, n * 10.5, jsonb_build_object('n', n, 'tags', '["a", "b"]'::jsonb), '2026-11-25 10:00+00'::timestamptz + n * interval '1 min'
FROM generate_series(1, 120) n;`

/** Fills a new workspace: projects, branches, roles, tables, apps with deployments, people, files, tokens and secrets. */
export async function furnish(workspace: TestWorkspace): Promise<void> {
  await furnishPostgres(workspace)
  await furnishIdentity(workspace)
  await furnishApps(workspace)
}

async function furnishPostgres(workspace: TestWorkspace): Promise<void> {
  const create = (kind: string, words: readonly string[], spec: object = {}) =>
    workspace.cli(['postgres', `create-${kind}`, ...words, '--json', JSON.stringify({ spec })])
  const project = `projects/${PROJECT}`
  const branch = `${project}/branches/${BRANCH}`
  await create('project', [PROJECT])
  await workspace.cli(['sql', DATA])
  await create('branch', [project, 'staging'], { no_expiry: true })
  const ofStaging = { source_branch: `${project}/branches/staging`, ttl: '259200s' }
  await create('branch', [project, 'pr-118-change-the-order-of-the-columns'], ofStaging)
  await create('branch', [project, 'dev-anna'], { ttl: '172800s' })
  await create('branch', [project, 'gone'], { ttl: '172800s' })
  await workspace.cli(['postgres', 'delete-branch', `${project}/branches/gone`])
  const password = { postgres_role: 'reporting', auth_method: 'PG_PASSWORD_SCRAM_SHA_256' }
  await create('role', [branch, '--role-id', 'reporting'], password)
  await create('snapshot', [project, 'before-migration'], { source_branch: branch, no_expiry: true })
  const schedule = [
    { retention: '604800s', daily_schedule: { hour: 3 } },
    { retention: '2592000s', weekly_schedule: { day_of_week: 'SUNDAY', hour: 3 } },
  ]
  const json = JSON.stringify({ schedule })
  const ofBranch = `${branch}/snapshot-schedule`
  await workspace.cli(['postgres', 'update-snapshot-schedule', ofBranch, 'schedule', '--json', json])
  await create('project', ['quarterly-reports-of-the-marketing-department'], {
    display_name: '四半期レポート',
  })
}

async function furnishIdentity({ client }: TestWorkspace): Promise<void> {
  const user = await client.call(scimRoutes.createUser, {
    body: { userName: 'anna.bergstroem-fitzgerald@subsidiary.example.com', displayName: 'Anna Bergström' },
  })
  await client.call(scimRoutes.createGroup, {
    body: { displayName: 'data-engineering', members: [{ value: user.id }] },
  })
  const principal = await client.call(scimRoutes.createServicePrincipal, { body: { displayName: 'ci' } })
  const params = { service_principal_id: principal.id }
  await client.call(servicePrincipalSecretRoutes.create, { params, body: {} })
  await client.call(tokenRoutes.create, { body: { comment: 'laptop', lifetime_seconds: 864_000 } })
  await client.call(secretRoutes.createScope, { body: { scope: 'shop' } })
  const secret = { scope: 'shop', key: 'payment-key', string_value: 'not shown' }
  await client.call(secretRoutes.put, { body: secret })
}

async function furnishApps(workspace: TestWorkspace): Promise<void> {
  const { client } = workspace
  const template = { query: { template: 'node-hello-world' } }
  await client.call(appsRoutes.create, { ...template, body: { name: APP, description: 'Notes of the team' } })
  await client.call(appsRoutes.create, {
    ...template,
    body: { name: 'an-app-that-nobody-deployed' },
  })
  const local = path.join(workspace.directory, APP)
  await writeFiles(local, {
    'app.yaml':
      "command: ['node', 'server.mjs']\nenv:\n  - name: GREETING\n    value: 'Hello from Lakebase!'\n",
    'server.mjs': `import { createServer } from 'node:http'
console.log('listening')
createServer((_, reply) => reply.end(process.env.GREETING)).listen(process.env.DATABRICKS_APP_PORT)
`,
  })
  const folder = `/Workspace/Users/${workspace.user}/${APP}`
  await workspace.cli(['sync', local, folder])
  await workspace.cli(['apps', 'deploy', APP, '--source-code-path', folder])
}
