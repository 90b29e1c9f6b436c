import { EntitySchema, MikroORM } from '@mikro-orm/postgresql'
import { createConnector } from 'lakelet-connect'
import { mikroOrmOptions } from 'lakelet-connect/mikro-orm'

interface Note {
  id: number
  title: string
}

const NoteEntity = new EntitySchema<Note>({
  name: 'Note',
  tableName: 'notes_mikro_orm',
  properties: { id: { type: 'integer', primary: true, autoincrement: false }, title: { type: 'text' } },
})

const connector = createConnector()
const orm = await MikroORM.init({ ...mikroOrmOptions({ connector, max: 5 }), entities: [NoteEntity] })
await orm.schema.update()

await orm.em.fork().transactional(async (em) => {
  await em.upsert(NoteEntity, { id: 1, title: 'Hello from Lakebase!' })
})
const note = await orm.em.fork().findOne(NoteEntity, { id: 1 })
console.log(note?.title)

await orm.close()
await connector.close()
