import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestWorkspace, type TestWorkspace, USER } from './test-workspace.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  workspace = await startTestWorkspace()
})
afterAll(() => workspace[Symbol.asyncDispose]())

test('a token logs its owner in', async () => {
  await using client = await workspace.connect()
  const { rows } = await client.query('select current_user, pg_backend_pid() as pid')
  expect(rows).toEqual([
    { current_user: USER.name, pid: (client as unknown as { processID: number }).processID },
  ])
})
