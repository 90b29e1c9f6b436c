import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { db, pool } from './db.ts'

await migrate(db, { migrationsFolder: `${import.meta.dirname}/drizzle` })
await pool.end()
