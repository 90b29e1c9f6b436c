// What a worker or a forked process runs: one query, then the end.
import { createPool } from '../../src/pg/index.ts'

const pool = createPool()
await pool.query('select 1')
await pool.end()
