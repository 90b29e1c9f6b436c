// A program that starts a workspace in its own process and asks it one thing. Run in a folder where `lakelet` and `pg` are installed.
import { readFile } from 'node:fs/promises'

const [dataDir] = process.argv.slice(2)
const began = performance.now()
const { startWorkspace } = await import('lakelet')
const { default: pg } = await import('pg')
const workspace = await startWorkspace({ dataDir, httpPort: 0, postgresPort: 0 })
const token = /^token\s*=\s*(\S+)/m.exec(await readFile(workspace.configFile, 'utf8'))[1]
const reply = await fetch(`${workspace.host}/api/2.0/postgres/credentials`, {
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  body: JSON.stringify({ endpoint: 'projects/bench/branches/production/endpoints/primary' }),
})
const client = new pg.Client({
  ...workspace.postgres,
  user: workspace.ownerEmail,
  database: 'databricks_postgres',
  password: (await reply.json()).token,
  ssl: { ca: await readFile(workspace.caFile, 'utf8') },
})
await client.connect()
await client.query('SELECT 1')
process.stdout.write(`${JSON.stringify({ ms: performance.now() - began })}\n`)
await client.end()
for await (const _ of process.stdin);
await workspace[Symbol.asyncDispose]()
