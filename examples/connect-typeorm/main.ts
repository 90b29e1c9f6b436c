import { dataSourceOptions } from 'lakelet-connect/typeorm'
import { DataSource, EntitySchema } from 'typeorm'

interface Note {
  id: number
  title: string
}

const NoteEntity = new EntitySchema<Note>({
  name: 'Note',
  tableName: 'notes_typeorm',
  columns: { id: { type: 'int', primary: true }, title: { type: 'text' } },
})

const dataSource = new DataSource({
  ...dataSourceOptions({ max: 5 }),
  entities: [NoteEntity],
  synchronize: true,
})
await dataSource.initialize()

await dataSource.transaction(async (manager) => {
  await manager.save(NoteEntity, { id: 1, title: 'Hello from Lakebase!' })
})
const note = await dataSource.getRepository(NoteEntity).findOneBy({ id: 1 })
console.log(note?.title)

await dataSource.destroy()
