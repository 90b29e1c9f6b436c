// Programs of examples/ as `lakelet dev` runs them, each with a branch that it makes, over the ends of many credentials.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { whyNoPython } from '../clients/python.ts'
import { isSoak } from '../hostile/duration.ts'
import { Example, PROJECT, TTL_SECONDS, packedConnector, postNote, settings } from './example-app.ts'
import { startTestWorkspace } from './workspace.ts'

const noPython = await whyNoPython()
const APIS = [
  { name: 'express-pg', command: ['npm', 'start'] },
  { name: 'fastapi-sqlalchemy', command: ['sh', 'start.sh'], unable: noPython },
].filter((each) => {
  if (each.unable) console.log(`skipped: ${each.name} ${each.unable}`)
  return !each.unable
})

it.runIf(isSoak)(
  'examples go on under lakelet dev when their credentials have ended, which takes npm run soak',
  async () => {
    await using workspace = await startTestWorkspace({ env: settings })
    await using connector = await packedConnector()
    await workspace.cli(['postgres', 'create-project', PROJECT])
    for (const { name, command } of APIS) {
      await using example = new Example(workspace, { name, command, isDev: true })
      await example.prepare(connector)
      await example.start()
      for (const content of ['first', 'second', 'third']) {
        const reply = await postNote(example.url, { content })
        expect(reply.status, example.log).toBe(201)
        await sleep((TTL_SECONDS + 1) * 1000)
        await example.cutConnections()
      }
      const notes = (await (await fetch(`${example.url}/notes`)).json()) as { content: string }[]
      expect(notes.map((each) => each.content)).toEqual(['first', 'second', 'third'])
      expect(example.log).toContain(`Branch ${name} was made from production.`)
      expect(example.log).toMatch(/^app \| /m)
    }
  },
)
