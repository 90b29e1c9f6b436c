// A clock that is a year ahead for a moment: nothing that was to be kept is gone when it is right again.
import { branchRoutes, restoreRoutes, type Snapshot, snapshotRoutes } from '@lakelet/api'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { SetClock } from '../set-clock.ts'
import { type ControlWorkspace, createProject, done, startFreshControl } from './control-workspace.ts'

const YEAR_MS = 365 * 86_400_000
const paramsOf = (branch: string) => ({ project: 'shop', branch })

let workspace: ControlWorkspace
const clock = new SetClock()
beforeAll(async () => {
  workspace = await startFreshControl({ clock })
  await createProject(workspace.client, 'shop')
})
afterAll(() => workspace[Symbol.asyncDispose]())

async function branch(id: string, life: object): Promise<void> {
  const request = { query: { branch_id: id }, body: { spec: life } }
  const { client } = workspace
  await done(
    client,
    await client.call(branchRoutes.createBranch, { params: { project: 'shop' }, ...request }),
  )
}

test('snapshots, deleted branches and the history stay; branches that expired come back', async () => {
  expectInLog(/the clock is more than a day ahead/)
  const { client } = workspace
  const history = async () =>
    (await client.call(restoreRoutes.getHistory, { params: paramsOf('production') })).earliest_restore_time
  const began = await history()
  const snapshot = {
    query: { snapshot_id: 'kept' },
    body: { spec: { source_branch: 'projects/shop/branches/production', ttl: '7200s' } },
  }
  const taken = await client.call(snapshotRoutes.createSnapshot, { params: { project: 'shop' }, ...snapshot })
  expect(((await done(client, taken)) as Snapshot).status.current_state).toBe('READY')
  await branch('gone', { no_expiry: true })
  await branch('brief', { ttl: '7200s' })
  await done(client, await client.call(branchRoutes.deleteBranch, { params: paramsOf('gone') }))

  clock.jump(YEAR_MS)
  // What ends wakes all that removes; the branch that expires is the sign that they came by.
  await done(
    client,
    await client.call(branchRoutes.updateBranch, {
      params: paramsOf('production'),
      query: { update_mask: 'spec.is_protected' },
      body: { spec: { is_protected: false } },
    }),
  )
  const deleted = async () =>
    (await client.call(branchRoutes.getBranch, { params: paramsOf('brief') })).status.delete_time
  await vi.waitFor(async () => expect(await deleted()).toBeDefined(), 10_000)
  await workspace.control.context.operations.idle()
  clock.jump(-YEAR_MS)

  const { snapshots = [] } = await client.call(snapshotRoutes.listSnapshots, { params: { project: 'shop' } })
  expect(snapshots.map(({ snapshot_id: id }) => id)).toEqual(['kept'])
  for (const id of ['gone', 'brief'])
    await done(client, await client.call(branchRoutes.undeleteBranch, { params: paramsOf(id), body: {} }))
  expect(await history()).toBe(began)
})
