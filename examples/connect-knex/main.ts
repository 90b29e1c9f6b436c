import knex from 'knex'
import { createConnector } from 'lakelet-connect'
import { knexConfig } from 'lakelet-connect/knex'

const connector = createConnector()
const db = knex(knexConfig({ connector, max: 5 }))

if (!(await db.schema.hasTable('notes_knex'))) {
  await db.schema.createTable('notes_knex', (table) => {
    table.integer('id').primary()
    table.text('title').notNullable()
  })
}
await db.transaction(async (tx) => {
  await tx('notes_knex').insert({ id: 1, title: 'Hello from Lakebase!' }).onConflict('id').ignore()
})
const note = await db('notes_knex').where({ id: 1 }).first<{ title: string }>('title')
console.log(note?.title)

await db.destroy()
await connector.close()
