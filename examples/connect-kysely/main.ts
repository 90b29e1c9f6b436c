import { Kysely, PostgresDialect } from 'kysely'
import { createPool } from 'lakelet-connect/pg'

interface Database {
  notes_kysely: { id: number; title: string }
}

// No adapter is needed: the pool is a genuine pg.Pool, and `destroy()` ends it.
const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: createPool() }) })

await db.schema
  .createTable('notes_kysely')
  .ifNotExists()
  .addColumn('id', 'integer', (column) => column.primaryKey())
  .addColumn('title', 'text', (column) => column.notNull())
  .execute()
await db.transaction().execute(async (tx) => {
  const note = { id: 1, title: 'Hello from Lakebase!' }
  await tx
    .insertInto('notes_kysely')
    .values(note)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
})
const note = await db.selectFrom('notes_kysely').select('title').where('id', '=', 1).executeTakeFirst()
console.log(note?.title)

await db.destroy()
