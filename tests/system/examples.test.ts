// Programs of examples/, each against a real workspace where credentials live for seconds, and one of them deployed as an app that is told
// nothing but its database.
import { cp } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { whyNoPython } from '../clients/python.ts'
import {
  Example,
  type Packed,
  PROJECT,
  TTL_SECONDS,
  packedConnector,
  postNote as post,
  settings,
  vendorConnector,
} from './example-app.ts'
import { type TestWorkspace, startTestWorkspace } from './workspace.ts'

const noPython = await whyNoPython()
const APIS = [
  { name: 'express-pg', command: ['npm', 'start'] },
  { name: 'fastify-drizzle', command: ['npm', 'start'] },
  { name: 'fastapi-sqlalchemy', command: ['sh', 'start.sh'], unable: noPython },
].filter((each) => {
  if (each.unable) console.log(`skipped: ${each.name} ${each.unable}`)
  return !each.unable
})

let workspace: TestWorkspace
let connector: Packed
const examples = new Map<string, Example>()

beforeAll(async () => {
  ;[workspace, connector] = await Promise.all([startTestWorkspace({ env: settings }), packedConnector()])
  await workspace.cli(['postgres', 'create-project', PROJECT])
})

afterAll(async () => {
  await Promise.all([...examples.values()].map((each) => each[Symbol.asyncDispose]()))
  await workspace?.[Symbol.asyncDispose]()
  await connector?.[Symbol.asyncDispose]()
})

describe.each(APIS)('$name', ({ name, command }) => {
  it('migrates, and keeps notes', async () => {
    const example = new Example(workspace, { name, command })
    examples.set(name, example)
    await example.prepare(connector)
    await example.start()
    const made = await post(example.url, { content: 'first' })
    expect(made.status, example.log).toBe(201)
    const refused = await post(example.url, { content: '' })
    expect([400, 422]).toContain(refused.status)
    const { id, content } = (await made.json()) as { id: number | string; content: string }
    expect(content).toBe('first')
    expect(await (await fetch(`${example.url}/notes`)).json()).toEqual([{ id, content }])
  }, 300_000)
})

it('all of them go on when their credentials have ended and their connections are cut', async () => {
  await sleep((TTL_SECONDS + 1) * 1000)
  for (const example of examples.values()) {
    await example.cutConnections()
    for (const content of ['second', 'third']) {
      const reply = await post(example.url, { content })
      expect(reply.status, example.log).toBe(201)
    }
    const notes = (await (await fetch(`${example.url}/notes`)).json()) as { content: string }[]
    expect(notes.map((each) => each.content)).toEqual(['first', 'second', 'third'])
  }
})

it('an app with a database as its resource needs no variable: its connector finds the endpoint', async () => {
  const folder = path.join(workspace.directory, 'deployed')
  const files = `/Workspace/Users/${workspace.user}/notes`
  await cp(path.join(import.meta.dirname, '../../examples/express-pg'), folder, { recursive: true })
  await vendorConnector(folder, connector.tarball)
  const branch = `projects/${PROJECT}/branches/production`
  const postgres = {
    branch,
    database: `${branch}/databases/databricks-postgres`,
    permission: 'CAN_CONNECT_AND_CREATE',
  }
  const resources = [{ name: 'postgres', postgres }]
  const app = JSON.parse(
    await workspace.cli(['apps', 'create', 'notes', '--json', JSON.stringify({ resources })]),
  ) as { url: string; service_principal_client_id: string }
  await workspace.cli(['sync', folder, files])
  await workspace.cli(['apps', 'deploy', 'notes', '--source-code-path', files])
  const headers = { authorization: `Bearer ${workspace.token}` }
  expect((await post(app.url, { content: 'deployed' }, headers)).status).toBe(201)
  const owner = await workspace.cli([
    'sql',
    '--project',
    PROJECT,
    "SELECT tableowner FROM pg_tables WHERE tablename = 'notes'",
  ])
  expect(owner).toContain(app.service_principal_client_id)
}, 300_000)
