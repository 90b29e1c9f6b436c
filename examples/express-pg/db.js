import { createPool } from 'lakelet-connect/pg'

/** A pg.Pool whose every new connection logs in with a credential that is still good. It finds the database in the environment. */
export const pool = createPool()
