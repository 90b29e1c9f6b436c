import { createConnector } from 'lakelet-connect'
import { sequelizeOptions } from 'lakelet-connect/sequelize'
import { DataTypes, Sequelize } from 'sequelize'

const connector = createConnector()
const sequelize = new Sequelize({ ...sequelizeOptions({ connector, max: 5 }), logging: false })

const Note = sequelize.define(
  'Note',
  { id: { type: DataTypes.INTEGER, primaryKey: true }, title: { type: DataTypes.TEXT, allowNull: false } },
  { tableName: 'notes_sequelize', timestamps: false },
)
await Note.sync()
await sequelize.transaction(async (transaction) => {
  await Note.upsert({ id: 1, title: 'Hello from Lakebase!' }, { transaction })
})
const note = await Note.findByPk(1)
console.log(note?.get('title'))

await sequelize.close()
await connector.close()
