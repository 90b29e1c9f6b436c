// The whole tutorial with the TypeScript template and lakelet-connect, through public interfaces only.
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import {
  type NotesApp,
  NOTES,
  deployNotesApp,
  freePort,
  getPage,
  grantOnNotes,
  notesOf,
  openApp,
  openLocally,
  prepareNotesApp,
  replaceInFile,
  startCredentialCounter,
} from './notes-app.ts'
import { type TestWorkspace, startTestWorkspace } from './workspace.ts'

/** Life of a credential in these tests. */
const TTL_SECONDS = 3

let workspace: TestWorkspace
let app: NotesApp
/** Of what counts the credentials; the app is let out to it. */
let counterPort: number

beforeAll(async () => {
  counterPort = await freePort()
  workspace = await startTestWorkspace({
    env: {
      LAKELET_CREDENTIALS_DEFAULT_TTL_SECONDS: String(TTL_SECONDS),
      LAKELET_CREDENTIALS_MIN_TTL_SECONDS: '1',
      LAKELET_APPS_LOCAL_PORTS: String(counterPort),
    },
  })
  app = await prepareNotesApp(workspace, 'notes-node')
})

afterAll(() => workspace?.[Symbol.asyncDispose]())

it('says on its page that a GRANT is missing, since service principals inherit nothing', async () => {
  await deployNotesApp(workspace, app)
  const page = await openApp(workspace)
  expect(page.text).toContain('permission denied for table notes')
  expect(page.status).toBe(500)
}, 300_000)

it('shows the notes, newest first, once it may read them', async () => {
  await grantOnNotes(workspace, app.clientId)
  const page = await openApp(workspace)
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining('Hello from Lakebase!') as string })
  expect(notesOf(page)).toEqual(NOTES)
})

it('escapes what people write', async () => {
  await workspace.cli(['sql', "INSERT INTO notes (content) VALUES ('<script>alert(1)</script>')"])
  const { text } = await openApp(workspace)
  await workspace.cli(['sql', "DELETE FROM notes WHERE content LIKE '<script>%'"])
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
  expect(text).not.toContain('<script>')
})

it('runs on this machine as the user', async () => {
  const install = ['npm', 'install', '--no-audit', '--no-fund']
  const page = await openLocally(workspace, app, { install, run: ['npm', 'start'] })
  expect(page.status).toBe(200)
  expect(notesOf(page)).toEqual(NOTES)
}, 300_000)

it('goes on while credentials end, and asks for one per life and not per query', async () => {
  await using counter = await startCredentialCounter(workspace, counterPort)
  await replaceInFile(path.join(app.local, 'app.ts'), {
    'createPool()': 'createPool({ maxLifetimeSeconds: 1 })',
  })
  await replaceInFile(path.join(app.local, 'app.yaml'), {
    'env:\n': `env:\n  - name: DATABRICKS_HOST\n    value: '${counter.host}'\n`,
  })
  await workspace.cli(['sync', '--exclude', 'node_modules', app.local, app.folder])
  await workspace.cli(['apps', 'deploy', 'my-lakebase-app'])
  const { url } = JSON.parse(await workspace.cli(['apps', 'get', 'my-lakebase-app'])) as { url: string }
  const before = counter.asked
  const pages = []
  for (let number = 0; number < 200; number++) {
    pages.push(await getPage(url, workspace.token))
    await sleep(100)
  }
  expect(pages.filter(({ status }) => status !== 200)).toEqual([])
  const lives = Math.ceil(20 / TTL_SECONDS)
  expect(counter.asked - before).toBeGreaterThanOrEqual(lives / 2)
  expect(counter.asked - before).toBeLessThanOrEqual(lives * 3)
}, 300_000)
