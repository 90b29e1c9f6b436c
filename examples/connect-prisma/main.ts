import { PrismaPg } from '@prisma/adapter-pg'
import { createPool } from 'lakelet-connect/pg'

// No adapter of ours is needed: hand Prisma's own adapter the pool. With a generated client it reads
//   const prisma = new PrismaClient({ adapter: new PrismaPg(pool, { disposeExternalPool: true }) })
// Here the adapter is used directly, as the client does.
const pool = createPool({ max: 5 })
const adapter = await new PrismaPg(pool, { disposeExternalPool: true }).connect()

await adapter.executeScript(`
  create table if not exists notes_prisma (id int primary key, title text not null);
  insert into notes_prisma values (1, 'Hello from Lakebase!') on conflict (id) do nothing;
`)
const { rows } = await adapter.queryRaw({
  sql: 'select title from notes_prisma where id = $1',
  args: [1],
  argTypes: [{ scalarType: 'int', arity: 'scalar' }],
})
console.log(rows[0]?.[0])

// `$disconnect()` of the client comes here; without `disposeExternalPool` the pool would stay open.
await adapter.dispose()
