import { eq, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { createPool } from 'lakelet-connect/pg'

const notes = pgTable('notes_drizzle', { id: integer().primaryKey(), title: text().notNull() })

// No adapter is needed: the pool is a genuine pg.Pool.
const pool = createPool()
const db = drizzle({ client: pool })

await db.execute(sql`create table if not exists notes_drizzle (id int primary key, title text not null)`)
await db.transaction(async (tx) => {
  await tx.insert(notes).values({ id: 1, title: 'Hello from Lakebase!' }).onConflictDoNothing()
})
const [note] = await db.select().from(notes).where(eq(notes.id, 1))
console.log(note?.title)

await pool.end()
