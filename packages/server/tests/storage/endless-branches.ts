// Run as a process of its own by killed.test.ts: makes, clones and removes branches until it is killed.
import { openPostgres } from '../../src/postgres/index.ts'
import { startStorage } from '../../src/storage/index.ts'
import { testLog } from '../postgres/installed.ts'

const postgres = await openPostgres({ dataDir: process.argv[2] ?? '' })
const storage = await startStorage({ postgres, log: testLog })
for (let n = Date.now(); ; n += 1) {
  await storage.create(`br-${n}`)
  await storage.clone(`br-${n}-child`, `br-${n}`)
  await storage.remove(`br-${n}`)
}
