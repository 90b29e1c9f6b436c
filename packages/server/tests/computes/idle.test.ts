import { afterAll, beforeAll, expect, test } from 'vitest'
import { connectAs, waitUntil } from '../postgres/installed.ts'
import { type TestComputes, startTestComputes } from './workspace.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

let workspace: TestComputes

beforeAll(async () => {
  workspace = await startTestComputes()
})
afterAll(() => workspace[Symbol.asyncDispose]())

test('a compute that nobody uses is suspended, though an idle session is open, and the session is told', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('idle', { suspendAfterMs: 300 })
  const awake = await computes.wake(uid)
  computes.sessionOpened(uid)
  await using session = await connectAs(awake, 'cloud_admin')
  await session.query('SELECT 1')
  await waitUntil(() => computes.state(uid) === 'idle')
  expect(computes.activity(uid)).toMatchObject({ state: 'idle', lastSuspendReason: 'idle', sessions: 1 })
  expect(await session.ended).toMatchObject({ code: '57P01' })
  computes.sessionClosed(uid)
  await expect(computes.wake(uid)).resolves.toBeDefined()
})

test('an open transaction and a running query keep it awake, and are named', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('busy', { suspendAfterMs: 100 })
  const awake = await computes.wake(uid)
  {
    await computes.withAdmin(uid, (admin) => admin.execute('CREATE ROLE anna LOGIN'))
    await using session = await connectAs(awake, 'anna')
    // The name alone does not make a session one of the platform's own.
    await session.query("SET application_name = 'lakelet_nightly'")
    await session.query('BEGIN')
    await waitUntil(() => computes.activity(uid).awakeBecause !== undefined)
    expect(computes.activity(uid).awakeBecause).toMatchObject({
      kind: 'client backend',
      role: 'anna',
      database: 'databricks_postgres',
      application: 'lakelet_nightly',
      state: 'idle in transaction',
      query: 'BEGIN',
    })
    const query = session.query('SELECT pg_sleep(1.5)')
    await waitUntil(() => computes.activity(uid).awakeBecause?.state === 'active')
    await query
    expect(computes.state(uid)).toBe('active')
    await session.query('COMMIT')
  }
  await waitUntil(() => computes.state(uid) === 'idle')
  expect(computes.activity(uid).awakeBecause).toBeUndefined()
})

test('somebody who replicates and a vacuum that works keep it awake', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('replicated', { suspendAfterMs: 100 })
  const awake = await computes.wake(uid)
  const kind = () => computes.activity(uid).awakeBecause?.kind
  {
    await using receiver = await connectAs(awake, 'cloud_admin', 'databricks_postgres', 'database')
    await receiver.query('IDENTIFY_SYSTEM')
    await waitUntil(() => kind() === 'walsender')
  }
  await waitUntil(() => computes.state(uid) === 'idle')
  // A table of dead rows, and an autovacuum that is slow enough to be seen.
  workspace.specs.set(uid, {
    ...workspace.specs.get(uid)!,
    suspendAfterMs: null,
    settings: {
      autovacuum_naptime: '1',
      autovacuum_vacuum_threshold: '1',
      autovacuum_vacuum_cost_delay: '100',
      autovacuum_vacuum_cost_limit: '1',
    },
  })
  await computes.withAdmin(uid, async (admin) => {
    await admin.execute('CREATE TABLE public.dead AS SELECT generate_series(1, 20000) AS n')
    await admin.execute('DELETE FROM public.dead')
  })
  const vacuums = async () =>
    (await computes.peek(uid, (admin) =>
      admin.query("SELECT FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'"),
    )) ?? []
  await waitUntil(async () => (await vacuums()).length > 0)
  workspace.specs.set(uid, { ...workspace.specs.get(uid)!, suspendAfterMs: 100 })
  await waitUntil(() => kind() === 'autovacuum worker')
  expect(computes.state(uid)).toBe('active')
  await computes.suspend(uid)
})

test('what clients send keeps it awake; null means never suspended', async () => {
  const { computes } = workspace
  const touched = await workspace.newEndpoint('touched', { suspendAfterMs: 1500 })
  const always = await workspace.newEndpoint('always', { suspendAfterMs: null })
  await Promise.all([computes.wake(touched), computes.wake(always)])
  const until = performance.now() + 3000
  await waitUntil(() => {
    computes.touch(touched)
    return performance.now() > until
  })
  expect(workspace.statesOf(touched)).toEqual(['starting', 'active'])
  await waitUntil(() => computes.state(touched) === 'idle')
  expect(computes.state(always)).toBe('active')
})

test('wakes that race the suspension of an idle compute always get a compute that answers', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('idle-race', { suspendAfterMs: 30 })
  // As the gateway does: whoever finds the compute gone wakes it again.
  const ask = async () => {
    const awake = await computes.wake(uid)
    await using session = await connectAs(awake, 'cloud_admin')
    return await session.query('SELECT 1 AS one')
  }
  for (let round = 0; round < 15; round += 1) {
    await waitUntil(() =>
      ask().then(
        (rows) => rows.length === 1,
        () => false,
      ),
    )
    await new Promise((resolve) => setTimeout(resolve, 10 + round * 5))
  }
  await waitUntil(() => computes.state(uid) === 'idle')
  expect(workspace.statesOf(uid)).not.toContain('failed')
})

test('who may log in is known while the compute sleeps, as it was when it went to sleep', async () => {
  expectInLog(/the compute crashed/, /of an earlier run/)
  const { computes } = workspace
  const uid = await workspace.newEndpoint('logins')
  expect(await computes.knownLoginRole(uid, 'anna')).toBeUndefined()
  expect(workspace.statesOf(uid)).toEqual([])
  await computes.withAdmin(uid, (admin) => admin.execute("CREATE ROLE anna LOGIN VALID UNTIL '2031-01-01Z'"))
  const [row] = await computes.withAdmin(uid, (admin) =>
    admin.query<{ oid: number }>("SELECT oid FROM pg_roles WHERE rolname = 'anna'"),
  )
  const anna = { name: 'anna', oid: row?.oid, canLogin: true, validUntil: '2031-01-01T00:00:00.000Z' }
  expect(await computes.knownLoginRole(uid, 'anna')).toEqual(anna)
  await computes.suspend(uid)
  expect(await computes.knownLoginRole(uid, 'anna')).toEqual(anna)
  expect(await computes.knownLoginRole(uid, 'bert')).toBe('absent')
  expect(await computes.knownLoginRole(uid, 'cloud_admin')).toBe('absent')
  expect(computes.state(uid)).toBe('idle')
  // Known after a restart of the workspace as well, and in a branch that was made from the sleeping one.
  await using fresh = await workspace.startAnother()
  expect(await fresh.knownLoginRole(uid, 'anna')).toEqual(anna)
  await workspace.storage.clone('br-logins-child', 'br-logins')
  const child = 'ep-logins-child'
  const dataDirectory = workspace.storage.dataDirectory('br-logins-child')
  workspace.specs.set(child, {
    ...workspace.specs.get(uid)!,
    uid: child,
    branchUid: 'br-logins-child',
    dataDirectory,
  })
  expect(await computes.knownLoginRole(child, 'anna')).toEqual(anna)
  expect(computes.state(child)).toBe('idle')
})

test('after a crash nothing is believed that may have changed since', async () => {
  expectInLog(/the compute crashed/)
  const { computes } = workspace
  const uid = await workspace.newEndpoint('crashed-logins')
  await computes.withAdmin(uid, (admin) => admin.execute('CREATE ROLE anna LOGIN'))
  await computes.suspend(uid)
  const killed = computes.withAdmin(uid, async (admin) => {
    await admin.execute('ALTER ROLE anna NOLOGIN')
    const [row] = await admin.query<{ pid: number }>(
      "SELECT (regexp_split_to_array(pg_read_file('postmaster.pid'), '\\n'))[1]::int AS pid",
    )
    process.kill(row!.pid, 'SIGKILL')
  })
  await killed.catch(() => undefined)
  await waitUntil(() => computes.state(uid) === 'failed')
  expect(await computes.knownLoginRole(uid, 'anna')).toBeUndefined()
  expect(await computes.readLoginRole(uid, 'anna')).toMatchObject({ canLogin: false })
})

test('files can be copied while the compute runs or sleeps, and it does not start or stop meanwhile', async () => {
  const { computes, storage } = workspace
  const uid = await workspace.newEndpoint('files')
  await computes.withAdmin(uid, (admin) => admin.execute('CREATE TABLE public.t AS SELECT 7 AS n'))
  await computes.withFiles(uid, async (connect) => {
    expect(connect).toBeTypeOf('function')
    await storage.clone('br-files-live', 'br-files', { connect })
  })
  await computes.suspend(uid)
  let isCopied = false
  const copying = computes.withFiles(uid, async (connect) => {
    expect(connect).toBeUndefined()
    await storage.clone('br-files-asleep', 'br-files', { connect })
    isCopied = true
  })
  const awake = computes.wake(uid).then(() => expect(isCopied).toBe(true))
  await Promise.all([copying, awake])
  for (const branchUid of ['br-files-live', 'br-files-asleep']) {
    const child = `ep-${branchUid}`
    const spec = {
      ...workspace.specs.get(uid)!,
      uid: child,
      branchUid,
      dataDirectory: storage.dataDirectory(branchUid),
    }
    workspace.specs.set(child, spec)
    expect(await computes.withAdmin(child, (admin) => admin.query('SELECT n FROM public.t'))).toEqual([
      { n: 7 },
    ])
  }
})

test('a clone that takes long keeps no other compute from sleeping', async () => {
  const { computes } = workspace
  const held = await workspace.newEndpoint('held')
  const other = await workspace.newEndpoint('other', { suspendAfterMs: 50 })
  await Promise.all([computes.wake(held), computes.wake(other)])
  const begun = Promise.withResolvers<void>()
  const cloned = Promise.withResolvers<void>()
  const holding = computes.withFiles(held, () => {
    begun.resolve()
    return cloned.promise
  })
  await begun.promise
  // Read as it is stored, at each look.
  workspace.specs.set(held, { ...workspace.specs.get(held)!, suspendAfterMs: 50 })
  await waitUntil(() => computes.state(other) === 'idle')
  expect(computes.state(held)).toBe('active')
  cloned.resolve()
  await holding
  await waitUntil(() => computes.state(held) === 'idle')
})

test('what still happens to the sessions of a removed endpoint does not bring it back', async () => {
  const { computes } = workspace
  const uid = await workspace.newEndpoint('gone')
  await computes.wake(uid)
  computes.sessionOpened(uid)
  await computes.remove(uid)
  computes.sessionClosed(uid)
  computes.touch(uid)
  expect(computes.known).not.toContain(uid)
})
