import { drizzle } from 'drizzle-orm/node-postgres'
import { createPool } from 'lakelet-connect/pg'

/** A genuine pg.Pool, whose every new connection logs in with a credential that is still good. */
export const pool = createPool()

export const db = drizzle({ client: pool })
