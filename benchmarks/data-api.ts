// Requests per second of the Data API. Peer: the same rows asked for by pg in the gateway's pool, by the same role from the same process; it
// has no HTTP, no JSON and one statement where a request is a transaction of four.
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Pool } from 'pg'
import { load, requestText } from './http-load.ts'
import { type BenchmarkResult, compare } from './measure.ts'
import { type BenchWorkspace, startBenchWorkspace } from './workspace.ts'

const ROUNDS = 7
const WARMUPS = 3
const CONNECTIONS = 10
const WINDOW_MS = 2000
const POSTGRES = '/api/2.0/postgres'
const BRANCH = 'projects/bench/branches/production'
const ENDPOINT = `${BRANCH}/endpoints/primary`
const DATA_API = `${POSTGRES}/${BRANCH}/databases/databricks-postgres/data-api`

const SUBJECTS = [
  {
    name: 'one row',
    path: '/notes?select=id,title&id=eq.7',
    sql: 'SELECT id, title FROM notes WHERE id = 7',
  },
  {
    name: '100 rows',
    path: '/notes?select=id,title&order=id&limit=100',
    sql: 'SELECT id, title FROM notes ORDER BY id LIMIT 100',
  },
]

export async function dataApi(): Promise<BenchmarkResult> {
  await using stack = new AsyncDisposableStack()
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(directory, { recursive: true, force: true }))
  await chmod(directory, 0o711)
  const workspace = stack.use(await startBenchWorkspace(path.join(directory, 'workspace'), {}))
  await workspace.operate('POST', `${POSTGRES}/projects?project_id=bench`, {})
  await workspace.operate('POST', DATA_API, { spec: { db_schemas: ['public'] } })
  const caller = await makeCaller(workspace)
  const { uid } = await workspace.call<{ uid: string }>('GET', `${POSTGRES}/${ENDPOINT}`)
  const { status } = await workspace.call<{ status: { url: string } }>('GET', DATA_API)
  const pool = new Pool({
    ...(await loginOf(workspace, uid)),
    user: caller.name,
    password: caller.token,
    max: CONNECTIONS,
  })
  stack.defer(() => pool.end())
  const url = new URL(status.url)
  const rows = []
  for (const { name, path: query, sql } of SUBJECTS) {
    const request = requestText({ method: 'GET', path: `${url.pathname}${query}`, token: caller.token })
    const sample = async () =>
      (await load({ port: Number(url.port), request, connections: CONNECTIONS, forMs: WINDOW_MS }))
        .requestsPerSecond
    const peer = { name: 'pg, pooled', isPeer: true, sample: () => queries(pool, sql) }
    rows.push(
      ...(await compare(name, 'requests/s', [peer, { name: 'Data API', sample }], {
        rounds: ROUNDS,
        warmups: WARMUPS,
      })),
    )
  }
  return { rows, goals: [] }
}

async function queries(pool: Pool, sql: string): Promise<number> {
  const began = performance.now()
  let count = 0
  const one = async () => {
    for (; performance.now() < began + WINDOW_MS; count += 1) await pool.query(sql)
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, one))
  return (count * 1000) / (performance.now() - began)
}

/** A service principal that may read 1000 notes. */
async function makeCaller(
  workspace: BenchWorkspace,
): Promise<{ readonly name: string; readonly token: string }> {
  const scim = '/api/2.0/preview/scim/v2/ServicePrincipals'
  const made = await workspace.call<{ id: string; applicationId: string }>('POST', scim, {
    displayName: 'caller',
    active: true,
  })
  const secrets = `/api/2.0/accounts/servicePrincipals/${made.id}/credentials/secrets`
  const { secret } = await workspace.call<{ secret: string }>('POST', secrets, {})
  const name = made.applicationId
  const { uid } = await workspace.call<{ uid: string }>('GET', `${POSTGRES}/${ENDPOINT}`)
  const { token } = await workspace.call<{ token: string }>('POST', `${POSTGRES}/credentials`, {
    endpoint: ENDPOINT,
  })
  const owner = new Pool({
    ...(await loginOf(workspace, uid)),
    user: workspace.file.user,
    password: token,
    max: 1,
  })
  await owner.query('CREATE EXTENSION databricks_auth')
  await owner.query(`SELECT databricks_create_role('${name}', 'SERVICE_PRINCIPAL')`)
  await owner.query(`CREATE TABLE notes AS SELECT n AS id, 'note ' || n AS title FROM generate_series(1, 1000) n;
    ALTER TABLE notes ADD PRIMARY KEY (id); GRANT "${name}" TO authenticator; GRANT USAGE ON SCHEMA public TO "${name}"; GRANT SELECT ON notes TO "${name}"`)
  await owner.end()
  const reply = await fetch(`${workspace.file.host}/oidc/v1/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }),
  })
  return { name, token: ((await reply.json()) as { access_token: string }).access_token }
}

async function loginOf({ file }: BenchWorkspace, uid: string) {
  return {
    ...file.postgres,
    database: 'databricks_postgres',
    options: `endpoint=${uid} pool=transaction`,
    ssl: { ca: await readFile(file.caFile, 'utf8'), checkServerIdentity: () => undefined },
  }
}
