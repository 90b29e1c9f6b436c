import { lakebase } from 'lakelet-connect/postgres'

const sql = lakebase({ max: 5, onnotice: () => {} })

await sql`create table if not exists notes_postgres (id int primary key, title text not null)`

await sql.begin(async (tx) => {
  await tx`insert into notes_postgres ${tx({ id: 1, title: 'Hello from Lakebase!' })} on conflict (id) do nothing`
})

const rows = await sql<{ title: string }[]>`select title from notes_postgres where id = ${1}`
console.log(rows[0]?.title)

await sql.end()
