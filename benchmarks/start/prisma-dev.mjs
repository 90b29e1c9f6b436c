// PGlite behind a socket by `@prisma/dev`, from its import to the first answer.
const [name] = process.argv.slice(2)
const began = performance.now()
const { startPrismaDevServer } = await import('@prisma/dev')
const { default: pg } = await import('pg')
const server = await startPrismaDevServer({ name, persistenceMode: 'stateful' })
const client = new pg.Client({ connectionString: server.database.connectionString })
await client.connect()
await client.query('SELECT 1')
process.stdout.write(`${JSON.stringify({ ms: performance.now() - began })}\n`)
await client.end()
for await (const _ of process.stdin);
await server.close()
process.exit(0)
