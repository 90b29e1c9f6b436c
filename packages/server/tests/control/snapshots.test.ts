// Snapshots over the API: what they hold, what they outlive, what is refused, and branches and restores from them.
import {
  type Branch,
  branchRoutes,
  endpointRoutes,
  restoreRoutes,
  roleRoutes,
  type Snapshot,
  snapshotRoutes,
} from '@lakelet/api'
import { allSnapshots, insertSnapshot } from '../../src/metadata/snapshots.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ControlWorkspace,
  createProject,
  done,
  refusal,
  startFreshControl,
} from './control-workspace.ts'

const PRODUCTION = 'projects/shop/branches/production'
const inShop = { project: 'shop' }
const production = { project: 'shop', branch: 'production' }

describe('snapshots', () => {
  let workspace: ControlWorkspace

  beforeAll(async () => {
    workspace = await startFreshControl()
    await createProject(workspace.client, 'shop')
    await sql('production', "CREATE TABLE public.goods (name text); INSERT INTO public.goods VALUES ('tea')")
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const uidOf = async (branch: string) =>
    (
      await workspace.client.call(endpointRoutes.getEndpoint, {
        params: { project: 'shop', branch, endpoint: 'primary' },
      })
    ).uid

  async function sql<Row extends object>(branch: string, text: string): Promise<Row[]> {
    const options = { database: 'databricks_postgres' }
    const uid = await uidOf(branch)
    if (!text.includes(';'))
      return workspace.computes.withAdmin(uid, (admin) => admin.query<Row>(text), options)
    await workspace.computes.withAdmin(uid, (admin) => admin.execute(text), options)
    return []
  }

  const goodsOf = async (branch: string) =>
    (await sql<{ name: string }>(branch, 'SELECT name FROM public.goods ORDER BY name')).map(
      ({ name }) => name,
    )

  const take = async (id: string, spec: object = {}) =>
    (await done(
      workspace.client,
      await workspace.client.call(snapshotRoutes.createSnapshot, {
        params: inShop,
        query: { snapshot_id: id },
        body: { spec: { source_branch: PRODUCTION, ...spec } },
      }),
    )) as Snapshot

  const branchOf = async (snapshot: string, id: string, life: object = { ttl: '3600s' }) =>
    (await done(
      workspace.client,
      await workspace.client.call(branchRoutes.createBranch, {
        params: inShop,
        query: { branch_id: id },
        body: { spec: { source_snapshot: `projects/shop/snapshots/${snapshot}`, ...life } },
      }),
    )) as unknown as Branch

  const remove = async (id: string) =>
    done(
      workspace.client,
      await workspace.client.call(snapshotRoutes.deleteSnapshot, { params: { ...inShop, snapshot: id } }),
    )

  const listed = async () =>
    (await workspace.client.call(snapshotRoutes.listSnapshots, { params: inShop })).snapshots?.map(
      ({ snapshot_id: id }) => id,
    )

  test('one of an awake branch holds what it was, roles and their ids too, whatever comes after', async () => {
    await sql('production', 'CREATE ROLE keeper')
    const rolesOf = async (branch: string) =>
      (await workspace.client.call(roleRoutes.listRoles, { params: { project: 'shop', branch } })).roles?.map(
        ({ role_id: id }) => id,
      )
    const roles = await rolesOf('production')
    const made = await take('awake')
    expect(made).toMatchObject({
      name: 'projects/shop/snapshots/awake',
      status: { source_branch: PRODUCTION, current_state: 'READY', no_expiry: true, scheduled: false },
    })
    const { full_size_bytes: full = 0, diff_size_bytes: diff } = made.status
    expect(full).toBeGreaterThan(10_000_000)
    expect(diff, 'the first one is all new').toBe(full)
    await sql('production', "UPDATE public.goods SET name = 'oops'; DROP ROLE keeper")
    const { status } = await branchOf('awake', 'of-awake')
    expect(status).toMatchObject({ source_snapshot: 'projects/shop/snapshots/awake' })
    expect(status.source_branch).toBeUndefined()
    expect(await rolesOf('of-awake')).toEqual(roles)
    expect(await goodsOf('of-awake')).toEqual(['tea'])
    expect(await goodsOf('production')).toEqual(['oops'])
  })

  test('one of a sleeping branch leaves it asleep; the difference is that of the pages that were written', async () => {
    await workspace.computes.suspend(await uidOf('production'), 'idle')
    const { status } = await take('asleep')
    expect(workspace.computes.state(await uidOf('production'))).toBe('idle')
    expect(status.diff_size_bytes).toBeGreaterThan(0)
    expect(status.diff_size_bytes).toBeLessThan((status.full_size_bytes ?? 0) / 2)
    const same = await take('asleep-again')
    expect(same.status.diff_size_bytes, 'nothing was written').toBe(0)
    await remove('asleep-again')
  })

  test('one of a moment of the past; outside of the history it is refused before anything is made', async () => {
    await sql('production', "UPDATE public.goods SET name = 'salt'")
    const [row] = await sql<{ at: string }>(
      'production',
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
    )
    await sql('production', 'DROP TABLE public.goods')
    const made = await take('past', { source_branch_time: row?.at })
    expect(Date.parse(made.status.source_branch_time ?? '')).toBeLessThanOrEqual(Date.parse(row?.at ?? ''))
    await branchOf('past', 'of-past', { no_expiry: true })
    expect(await goodsOf('of-past')).toEqual(['salt'])
    expect((await refusal(take('never', { source_branch_time: '2020-01-01T00:00:00Z' }))).message).toMatch(
      /outside of the history/,
    )
    expect(await listed()).not.toContain('never')
  })

  test('a branch of one has a history of its own, is a root with snapshots of its own, and can go', async () => {
    const [row] = await sql<{ at: string }>(
      'of-past',
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
    )
    await sql('of-past', "UPDATE public.goods SET name = 'spoiled'")
    const params = { project: 'shop', branch: 'of-past' }
    const body = { time: row?.at ?? '', in_place: true, branch_id: 'of-past-old' }
    await done(workspace.client, await workspace.client.call(restoreRoutes.restore, { params, body }))
    expect(await goodsOf('of-past')).toEqual(['salt'])
    await take('second', { source_branch: 'projects/shop/branches/of-past' })
    for (const branch of ['of-past-old', 'of-past']) {
      await done(
        workspace.client,
        await workspace.client.call(branchRoutes.deleteBranch, { params: { project: 'shop', branch } }),
      )
    }
    // It outlives its branch, and what was made of it outlives it.
    await branchOf('second', 'of-second')
    await remove('second')
    expect(await listed()).not.toContain('second')
    await workspace.computes.suspend(await uidOf('of-second'), 'idle')
    expect(await goodsOf('of-second')).toEqual(['salt'])
    await done(
      workspace.client,
      await workspace.client.call(branchRoutes.deleteBranch, { params: { ...inShop, branch: 'of-second' } }),
    )
  })

  test('a restore in place gives the branch what the snapshot holds, and keeps what it was', async () => {
    await sql('production', "CREATE TABLE public.goods (name text); INSERT INTO public.goods VALUES ('new')")
    const endpoint = await uidOf('production')
    const body = { snapshot: 'awake', in_place: true, branch_id: 'production-old' }
    await done(
      workspace.client,
      await workspace.client.call(restoreRoutes.restore, { params: production, body }),
    )
    expect(await goodsOf('production')).toEqual(['tea'])
    expect(await goodsOf('production-old')).toEqual(['new'])
    expect(await uidOf('production')).toBe(endpoint)
    const made = await done(
      workspace.client,
      await workspace.client.call(restoreRoutes.restore, {
        params: production,
        body: { snapshot: 'projects/shop/snapshots/awake', branch_id: 'beside', ttl: '60s' },
      }),
    )
    expect(made).toMatchObject({ status: { source_snapshot: 'projects/shop/snapshots/awake' } })
    expect(await goodsOf('beside')).toEqual(['tea'])
  })

  test('wrong requests are refused with the reason', async () => {
    const future = new Date(Date.now() + 86_400_000).toISOString()
    const wrong: readonly [string, object, RegExp][] = [
      ['x', { source_branch: 'projects/shop/branches/none' }, /branch id not found/],
      ['x', { source_branch: 'projects/other/branches/production' }, /must be the full name of a branch/],
      ['x', { source_branch: 'projects/shop/branches/production-old' }, /only root branches have snapshots/],
      ['x', { source_branch: undefined }, /'spec.source_branch' is required/],
      ['Not_An_Id', {}, /must match pattern/],
      ['', {}, /'snapshot_id' is required/],
      ['awake', {}, /already exists/],
      ['x', { ttl: '60s', no_expiry: true }, /exclude each other/],
      ['x', { no_expiry: false }, /can only be true/],
      ['x', { ttl: '0s' }, /1s at least/],
      ['x', { expire_time: '2020-01-01T00:00:00Z' }, /must be in the future/],
      ['x', { source_branch_lsn: '0/1', source_branch_time: future }, /exclude each other/],
      ['x', { source_branch_time: future }, /outside of the history/],
      ['x', { source_branch_lsn: 'FFFFFFFF/0' }, /outside of the history/],
    ]
    for (const [id, spec, message] of wrong) {
      const error = await refusal(take(id, spec))
      expect(error.status, `${id} ${JSON.stringify(spec)}`).toBeLessThan(500)
      expect(error.message).toMatch(message)
    }
    const branchFrom = (spec: object) =>
      refusal(
        workspace.client.call(branchRoutes.createBranch, {
          params: inShop,
          query: { branch_id: 'y' },
          body: { spec },
        }),
      )
    const none = { source_snapshot: 'projects/shop/snapshots/none' }
    expect((await branchFrom(none)).message).toMatch(/snapshot id not found/)
    const elsewhere = { source_snapshot: 'projects/other/snapshots/awake' }
    expect((await branchFrom(elsewhere)).message).toMatch(/must be a snapshot of this project/)
    const both = { source_snapshot: 'projects/shop/snapshots/awake', source_branch: PRODUCTION }
    expect((await branchFrom(both)).message).toMatch(/excludes 'spec.source_branch'/)
    const time = new Date().toISOString()
    const twoMoments = workspace.client.call(restoreRoutes.restore, {
      params: production,
      body: { snapshot: 'awake', time },
    })
    expect((await refusal(twoMoments)).message).toMatch(/excludes 'time'/)
  })

  test('ten of a project at most, and its own delete makes room; lists are paged', async () => {
    const { db } = workspace.metadata
    const [row] = await allSnapshots(db)
    if (!row) throw new Error('there is no snapshot')
    const { seq: _, ...like } = row
    for (let n = ((await listed()) ?? []).length; n < 10; n += 1)
      await insertSnapshot(db, { ...like, uid: `sn-filler-${n}`, snapshot_id: `more-${n}` })
    await insertSnapshot(db, { ...like, uid: 'sn-by-itself', snapshot_id: 'by-itself', is_scheduled: 1 })
    expect(await refusal(take('eleventh'))).toMatchObject({ errorCode: 'QUOTA_EXCEEDED' })
    const page = await workspace.client.call(snapshotRoutes.listSnapshots, {
      params: inShop,
      query: { page_size: 7 },
    })
    expect(page.snapshots).toHaveLength(7)
    const rest = await workspace.client.call(snapshotRoutes.listSnapshots, {
      params: inShop,
      query: { page_size: 7, page_token: page.next_page_token ?? '' },
    })
    expect(rest.snapshots).toHaveLength(4)
    await remove('more-9')
    await take('eleventh', { ttl: '3600s' })
  })
})
