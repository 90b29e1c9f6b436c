// The list of operations: what is in it, for whom, and in pages.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createClient, overviewRoutes } from '@lakelet/api'
import { createRobot } from '../clients/workspace-objects.ts'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', 'one'])
  await workspace.cli(['postgres', 'create-project', 'two'])
  await workspace.cli(['postgres', 'create-branch', 'projects/one', 'dev', '--json', NO_EXPIRY])
})
afterAll(() => workspace?.[Symbol.asyncDispose]())

const NO_EXPIRY = JSON.stringify({ spec: { no_expiry: true } })

test('lists what was done, the newest first, to a project or to all', async () => {
  const { operations = [] } = await workspace.client.call(overviewRoutes.listOperations, { query: {} })
  const shown = operations.map(({ kind, resource, state }) => `${kind} ${resource} ${state}`)
  expect(shown).toEqual([
    'create_branch projects/one/branches/dev SUCCEEDED',
    'create_project projects/two SUCCEEDED',
    'create_project projects/one SUCCEEDED',
  ])
  const [newest] = operations
  expect(newest).toMatchObject({ started_by: workspace.user, steps_done: newest?.steps })
  expect(newest?.end_time && newest.end_time >= newest.create_time).toBe(true)
  const of = await workspace.client.call(overviewRoutes.listOperations, { query: { project: 'two' } })
  expect(of.operations?.map(({ resource }) => resource)).toEqual(['projects/two'])
  expect(await workspace.cli(['operations', '--project', 'two'])).toContain('create_project')
})

test('comes in pages', async () => {
  const first = await workspace.client.call(overviewRoutes.listOperations, { query: { page_size: 2 } })
  expect(first.operations).toHaveLength(2)
  const query = { page_size: 2, page_token: first.next_page_token }
  const second = await workspace.client.call(overviewRoutes.listOperations, { query })
  expect(second.operations?.map(({ resource }) => resource)).toEqual(['projects/one'])
  expect(second.next_page_token).toBeUndefined()
})

test('shows what happens in the projects that one may use, and no others', async () => {
  const robot = await createRobot(workspace, { project: 'three', name: 'watcher' })
  const reply = await fetch(`${workspace.host}/oidc/v1/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${robot.clientId}:${robot.secret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }),
  })
  const { access_token: token } = (await reply.json()) as { access_token: string }
  const client = createClient({ host: workspace.host, token: () => token })
  const { operations = [] } = await client.call(overviewRoutes.listOperations, { query: {} })
  expect(operations.map(({ kind }) => kind)).toEqual(['create_role', 'create_project'])
  expect(operations.every(({ resource }) => resource.startsWith('projects/three'))).toBe(true)
  const hidden = client.call(overviewRoutes.listOperations, { query: { project: 'one' } })
  await expect(hidden).rejects.toMatchObject({ status: 404 })
})
