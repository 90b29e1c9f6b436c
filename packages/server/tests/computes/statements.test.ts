// Which statements took the time of a compute: also on a cluster of a version that did not look, without anybody's help.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ComputeObserver } from '../../src/computes/index.ts'
import { connectAs, waitUntil } from '../postgres/installed.ts'
import { type TestComputes, startTestComputes } from './workspace.ts'

type Executed = Parameters<ComputeObserver['executed']>[2][number]

const told: Executed[] = []
let workspace: TestComputes

beforeAll(async () => {
  const nothing = () => undefined
  workspace = await startTestComputes({
    observer: { measured: nothing, decided: nothing, executed: (_uid, _at, all) => told.push(...all) },
  })
})
afterAll(() => workspace[Symbol.asyncDispose]())

const isThere = async (uid: string) =>
  await workspace.computes.peek(uid, async (admin) => {
    const [row] = await admin.query<{ there: boolean }>(
      "SELECT to_regproc('lakelet.pg_stat_statements') IS NOT NULL AS there",
    )
    return row?.there
  })

async function ask(uid: string, statement: string): Promise<void> {
  await using session = await connectAs(await workspace.computes.wake(uid), 'anna')
  await session.query(statement)
}

test('they are told when it sleeps, of users only; the view is made where a cluster has none', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('busy')
  await computes.withAdmin(uid, async (admin) => {
    await admin.execute('CREATE ROLE anna LOGIN')
    await admin.execute('DROP SCHEMA lakelet CASCADE')
  })
  await computes.suspend(uid)
  await computes.wake(uid)
  await waitUntil(async () => (await isThere(uid)) === true)
  await ask(uid, 'SELECT 1 AS seen')
  await computes.suspend(uid)
  expect(told.filter(({ text }) => text?.includes('seen'))).toMatchObject([
    { role: 'anna', database: 'databricks_postgres', text: 'SELECT $1 AS seen', calls: 1, rows: 1 },
  ])
  told.length = 0
  // What was counted before its sleep is not told again.
  await ask(uid, 'SELECT 2 AS other, 3')
  await computes.suspend(uid)
  expect(told.map(({ text }) => text)).toEqual(['SELECT $1 AS other, $2'])
})
