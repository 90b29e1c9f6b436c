import { branchRoutes, endpointRoutes, projectRoutes, restoreRoutes, roleRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type ControlWorkspace,
  createProject,
  done,
  refusal,
  startFreshControl,
} from './control-workspace.ts'

describe('restores', () => {
  let workspace: ControlWorkspace
  const production = { project: 'shop', branch: 'production' }

  beforeAll(async () => {
    workspace = await startFreshControl()
    await createProject(workspace.client, 'shop')
    await sql('production', "CREATE TABLE public.goods (name text); INSERT INTO public.goods VALUES ('tea')")
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const endpointOf = (branch: string) =>
    workspace.client.call(endpointRoutes.getEndpoint, {
      params: { project: 'shop', branch, endpoint: 'primary' },
    })

  async function sql<Row extends object>(branch: string, text: string): Promise<Row[]> {
    const { uid } = await endpointOf(branch)
    const options = { database: 'databricks_postgres' }
    // Several statements form one transaction.
    if (text.includes(';')) {
      await workspace.computes.withAdmin(uid, (admin) => admin.execute(text), options)
      return []
    }
    return workspace.computes.withAdmin(uid, (admin) => admin.query<Row>(text), options)
  }

  const goodsOf = async (branch: string) =>
    (await sql<{ name: string }>(branch, 'SELECT name FROM public.goods ORDER BY name')).map(
      ({ name }) => name,
    )

  async function now(): Promise<string> {
    const [row] = await sql<{ at: string }>(
      'production',
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
    )
    return row?.at ?? ''
  }

  const restore = async (body: object) =>
    done(workspace.client, await workspace.client.call(restoreRoutes.restore, { params: production, body }))

  test('the history says which moments can be reached', async () => {
    const { client } = workspace
    const history = await client.call(restoreRoutes.getHistory, { params: production })
    expect(history).toMatchObject({
      name: 'projects/shop/branches/production/history',
      history_retention_duration: '604800s',
      base_count: 1,
      base_bytes: 0,
      latest_restore_lsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
    })
    expect(Date.parse(history.earliest_restore_time ?? '')).toBeLessThan(
      Date.parse(history.latest_restore_time),
    )
    expect(history.archive_problem).toBeUndefined()
  })

  test('a dropped table comes back in a new branch, and the branch stays as it is', async () => {
    const before = await now()
    await sql('production', 'DROP TABLE public.goods')
    const made = await restore({ time: before, branch_id: 'rescued' })
    expect(made).toMatchObject({ name: 'projects/shop/branches/rescued' })
    expect(await goodsOf('rescued')).toEqual(['tea'])
    await expect(goodsOf('production')).rejects.toThrow(/does not exist/)
    await sql('production', "CREATE TABLE public.goods (name text); INSERT INTO public.goods VALUES ('tea')")
  })

  test('a bad UPDATE is taken back in place: endpoint, ids and roles stay, what was is kept, sessions end', async () => {
    const { client } = workspace
    const endpoint = await endpointOf('production')
    const roles = async (branch: string) =>
      (await client.call(roleRoutes.listRoles, { params: { project: 'shop', branch } })).roles
    const rolesBefore = await roles('production')
    const before = await now()
    await sql('production', "UPDATE public.goods SET name = 'oops'")
    await sql('production', 'CREATE ROLE made_later')
    await workspace.computes.withAdmin(endpoint.uid, async (admin) => {
      const restored = restore({ time: before, in_place: true, branch_id: 'production-old' })
      await restored
      await expect(admin.query('SELECT 1')).rejects.toThrow(/terminat|not queryable|ended/i)
    })
    expect(await goodsOf('production')).toEqual(['tea'])
    expect(await goodsOf('production-old')).toEqual(['oops'])
    expect((await endpointOf('production')).uid).toBe(endpoint.uid)
    expect((await endpointOf('production')).status.hosts).toEqual(endpoint.status.hosts)
    expect(await roles('production')).toEqual(
      rolesBefore?.map((role) => expect.objectContaining({ role_id: role.role_id }) as unknown),
    )
    expect((await roles('production-old'))?.map((role) => role.role_id)).toContain('made-later')
    const { status } = await client.call(branchRoutes.getBranch, {
      params: { project: 'shop', branch: 'production-old' },
    })
    expect(status).toMatchObject({
      current_state: 'READY',
      source_branch: 'projects/shop/branches/production',
      source_branch_lsn: expect.stringMatching(/\//),
    })
    const { status: project } = await client.call(projectRoutes.getProject, { params: { project: 'shop' } })
    expect(project?.default_branch).toBe('projects/shop/branches/production')
  })

  test('what was restored can be restored again, to before and after it', async () => {
    const between = await now()
    await sql('production', "INSERT INTO public.goods VALUES ('salt')")
    const history = await workspace.client.call(restoreRoutes.getHistory, { params: production })
    await restore({ time: history.earliest_restore_time, branch_id: 'at-the-beginning' })
    await expect(goodsOf('at-the-beginning')).rejects.toThrow(/does not exist/)
    await restore({ time: between, in_place: true, branch_id: 'production-older' })
    expect(await goodsOf('production')).toEqual(['tea'])
    expect(await goodsOf('production-older')).toEqual(['salt', 'tea'])
  })

  test('a dropped database comes back', async () => {
    await sql('production', 'CREATE DATABASE ledger')
    const inLedger = async (text: string) => {
      const { uid } = await endpointOf('production')
      return workspace.computes.withAdmin(uid, (admin) => admin.query(text), { database: 'ledger' })
    }
    await inLedger("CREATE TABLE public.entries AS SELECT 'paid' AS word")
    const before = await now()
    await sql('production', 'DROP DATABASE ledger')
    await restore({ time: before, in_place: true })
    expect(await inLedger('SELECT word FROM public.entries')).toEqual([{ word: 'paid' }])
    expect(await sql('production', "SELECT datname FROM pg_database WHERE datname = 'ledger'")).toEqual([
      { datname: 'ledger' },
    ])
    const { branches = [] } = await workspace.client.call(branchRoutes.listBranches, {
      params: { project: 'shop' },
    })
    expect(branches.map(({ status }) => status.branch_id)).toContainEqual(
      expect.stringMatching(/^production-old-\d{8}t\d{6}z$/),
    )
  })

  test('wrong requests are refused with what to do, and change nothing', async () => {
    const wrong: readonly [object, RegExp][] = [
      [{}, /'time' is required/],
      [{ time: 'yesterday' }, /RFC 3339/],
      [{ time: '2026-01-01T00:00:00Z', lsn: '0/1' }, /'time' and 'lsn' exclude each other/],
      [{ time: '2020-01-01T00:00:00Z', in_place: true }, /outside of the history.*goes from/],
      [{ lsn: 'FFFFFFFF/0', in_place: true }, /outside of the history/],
      [{ time: new Date().toISOString(), in_place: true, ttl: '60s' }, /Field 'ttl'/],
      [{ time: new Date().toISOString(), branch_id: 'Not-An-Id' }, /must match pattern/],
      [{ time: new Date().toISOString(), in_place: true, branch_id: 'rescued' }, /already exists/],
    ]
    for (const [body, message] of wrong) {
      const error = await refusal(restore(body))
      expect(error.status, JSON.stringify(body)).toBeLessThan(500)
      expect(error.message).toMatch(message)
    }
    expect(await goodsOf('production')).toEqual(['tea'])
  })
})
