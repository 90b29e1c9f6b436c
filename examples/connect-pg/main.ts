import { createPool } from 'lakelet-connect/pg'

const pool = createPool({ max: 5, application_name: 'example' })

await pool.query('create table if not exists notes_pg (id int primary key, title text not null)')

// A transaction, as with any pg.Pool.
const client = await pool.connect()
try {
  await client.query('begin')
  await client.query(
    'insert into notes_pg values ($1, $2) on conflict (id) do update set title = excluded.title',
    [1, 'Hello from Lakebase!'],
  )
  await client.query('commit')
} finally {
  client.release()
}

const { rows } = await pool.query<{ title: string }>('select title from notes_pg where id = $1', [1])
console.log(rows[0]?.title)

await pool.end()
