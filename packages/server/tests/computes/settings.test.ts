// New settings of an endpoint, applied to its compute.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { EndpointSpec } from '../../src/computes/index.ts'
import { connectAs, waitUntil } from '../postgres/installed.ts'
import { type TestComputes, startTestComputes } from './workspace.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

let workspace: TestComputes

beforeAll(async () => {
  workspace = await startTestComputes()
})
afterAll(() => workspace[Symbol.asyncDispose]())

function change(uid: string, changes: Partial<EndpointSpec>): void {
  workspace.specs.set(uid, { ...workspace.specs.get(uid)!, ...changes })
}

test('sessions go on when Postgres can take the settings, and end only for what needs a restart', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('reloaded')
  expect(await computes.applySettings(uid)).toEqual({ applied: 'AT_NEXT_START' })
  await using session = await connectAs(await computes.wake(uid), 'cloud_admin')
  expect(await computes.applySettings(uid)).toEqual({ applied: 'UNCHANGED' })

  change(uid, { settings: { work_mem: '12MB', log_connections: 'on' } })
  expect(await computes.applySettings(uid)).toEqual({ applied: 'RELOADED' })
  expect(await session.query('SHOW work_mem')).toEqual([{ work_mem: '12MB' }])
  await using later = await connectAs(await computes.wake(uid), 'cloud_admin')
  expect(await later.query('SHOW log_connections')).toEqual([{ log_connections: 'on' }])

  // What is no longer set is what it was before.
  change(uid, { settings: {} })
  expect(await computes.applySettings(uid)).toEqual({ applied: 'RELOADED' })
  await waitUntil(
    async () => (await session.query<{ work_mem: string }>('SHOW work_mem'))[0]?.work_mem === '4MB',
  )
  expect(workspace.statesOf(uid)).toEqual(['starting', 'active'])

  change(uid, { settings: { max_wal_senders: '7' }, maxCu: 2 })
  expect(await computes.applySettings(uid)).toEqual({
    applied: 'RESTARTED',
    restartedFor: ['max_connections', 'max_wal_senders'],
  })
  expect(await session.ended).toMatchObject({ code: '57P01' })
  const shown = await computes.withAdmin(uid, (admin) =>
    admin.query(
      "SELECT current_setting('max_connections') AS connections, current_setting('max_wal_senders') AS senders",
    ),
  )
  expect(shown).toEqual([{ connections: '419', senders: '7' }])
})

test('the time until a compute sleeps is the one that is stored, without a restart', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('sooner', { suspendAfterMs: null })
  await computes.wake(uid)
  change(uid, { suspendAfterMs: 50 })
  expect(await computes.applySettings(uid)).toEqual({ applied: 'UNCHANGED' })
  await waitUntil(() => computes.state(uid) === 'idle')
  expect(workspace.statesOf(uid)).toEqual(['starting', 'active', 'stopping', 'idle'])
})

test('what failed with other settings does not keep the compute from starting with new ones', async () => {
  expectInLog(/Postgres did not start: .*work_mem/)
  const { computes } = workspace
  const uid = await workspace.newEndpoint('poisoned', { settings: { work_mem: 'plenty' } })
  for (let attempt = 0; attempt < 4; attempt += 1)
    await expect(computes.wake(uid)).rejects.toThrow(/work_mem|plenty/)
  change(uid, { settings: { work_mem: '5MB' } })
  await computes.applySettings(uid)
  await expect(computes.wake(uid)).resolves.toBeDefined()
})

test('a file that Postgres refuses while it runs changes nothing, and the settings from before come back', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('refused', { settings: { work_mem: '6MB' } })
  await using session = await connectAs(await computes.wake(uid), 'cloud_admin')
  change(uid, { settings: { work_mem: 'plenty' } })
  await expect(computes.applySettings(uid)).rejects.toThrow(/work_mem/)
  expect(await session.query('SHOW work_mem')).toEqual([{ work_mem: '6MB' }])
  change(uid, { settings: { work_mem: '6MB' } })
  expect(await computes.applySettings(uid)).toEqual({ applied: 'RELOADED' })
})
