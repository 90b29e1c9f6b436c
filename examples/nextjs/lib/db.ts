import { createPool } from 'lakelet-connect/pg'

/**
 * A pg.Pool whose every new connection logs in with a credential that is still good. A build loads this module without the variables of the
 * app; what is missing is told by the first query.
 */
export const pool = createPool()
