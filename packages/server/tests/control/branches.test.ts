import { branchRoutes, endpointRoutes, projectRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type ControlWorkspace,
  createProject,
  done,
  poll,
  refusal,
  startFreshControl,
} from './control-workspace.ts'

describe('branches', () => {
  let workspace: ControlWorkspace
  let production: string
  beforeAll(async () => {
    workspace = await startFreshControl()
    await createProject(workspace.client, 'shop')
    const primary = await workspace.client.call(endpointRoutes.getEndpoint, {
      params: { project: 'shop', branch: 'production', endpoint: 'primary' },
    })
    production = primary.uid
    await workspace.computes.withAdmin(
      production,
      (admin) =>
        admin.execute("CREATE TABLE public.goods (name text); INSERT INTO public.goods VALUES ('tea')"),
      { database: 'databricks_postgres' },
    )
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  async function create(branchId: string, spec: object = {}) {
    const started = await workspace.client.call(branchRoutes.createBranch, {
      params: { project: 'shop' },
      query: { branch_id: branchId },
      body: { spec },
    })
    return done(workspace.client, started)
  }

  async function goodsOf(branchId: string): Promise<string[]> {
    const { uid } = await workspace.client.call(endpointRoutes.getEndpoint, {
      params: { project: 'shop', branch: branchId, endpoint: 'primary' },
    })
    const rows = await workspace.computes.withAdmin(
      uid,
      (admin) => admin.query<{ name: string }>('SELECT name FROM public.goods ORDER BY name'),
      { database: 'databricks_postgres' },
    )
    return rows.map(({ name }) => name)
  }

  const paramsOf = (branch: string) => ({ project: 'shop', branch })

  test('a branch of a running parent has its data and goes its own way', async () => {
    expect(workspace.computes.state(production)).toBe('active')
    const branch = await create('dev')
    expect(branch).toMatchObject({
      name: 'projects/shop/branches/dev',
      parent: 'projects/shop',
      status: {
        current_state: 'READY',
        default: false,
        is_protected: false,
        source_branch: 'projects/shop/branches/production',
        source_branch_lsn: expect.stringMatching(/^[0-9A-F]+\/[0-9A-F]+$/),
        source_branch_time: expect.stringMatching(/Z$/),
      },
    })
    const { uid } = await workspace.client.call(endpointRoutes.getEndpoint, {
      params: { ...paramsOf('dev'), endpoint: 'primary' },
    })
    await workspace.computes.withAdmin(
      uid,
      (admin) => admin.execute("INSERT INTO public.goods VALUES ('salt')"),
      { database: 'databricks_postgres' },
    )
    expect(await goodsOf('dev')).toEqual(['salt', 'tea'])
    expect(await goodsOf('production')).toEqual(['tea'])
  })

  test('a branch of a sleeping parent has its data too', async () => {
    await workspace.computes.suspend(production)
    await create('from-sleep')
    expect(workspace.computes.state(production)).toBe('idle')
    expect(await goodsOf('from-sleep')).toEqual(['tea'])
  })

  test('is found by its uid and by that of its project', async () => {
    const { client } = workspace
    const project = await client.call(projectRoutes.getProject, { params: { project: 'shop' } })
    const branch = await client.call(branchRoutes.getBranch, { params: paramsOf('production') })
    const byUid = await client.call(branchRoutes.getBranch, {
      params: { project: project.uid, branch: branch.uid },
    })
    expect(byUid).toEqual(branch)
  })

  test('expires by itself, and can be brought back', async () => {
    const { client } = workspace
    const branch = await create('brief', { ttl: '1s' })
    expect(branch['status']).toHaveProperty('expire_time')
    await expect
      .poll(async () => (await client.call(branchRoutes.getBranch, { params: paramsOf('brief') })).status, {
        timeout: 90_000,
      })
      .toMatchObject({ current_state: 'DELETED' })
    const { branches } = await client.call(branchRoutes.listBranches, { params: { project: 'shop' } })
    expect(branches?.map((each) => each.branch_id)).not.toContain('brief')
    // The branch is marked before the operation that deletes it has ended.
    const undelete = () => client.call(branchRoutes.undeleteBranch, { params: paramsOf('brief'), body: {} })
    const back = await done(client, await vi.waitFor(undelete, { timeout: 90_000 }))
    expect(back['status']).not.toHaveProperty('expire_time')
    expect(await goodsOf('brief')).toEqual(['tea'])
  })

  test('one of expire_time, ttl and no_expiry can be given, within 30 days', async () => {
    const specs = [
      { ttl: '60s', no_expiry: true },
      { no_expiry: false },
      { ttl: '2592001s' },
      { expire_time: '2020-01-01T00:00:00Z' },
      { ttl: '60s', is_protected: true },
    ]
    for (const spec of specs) {
      expect(await refusal(create('never', spec))).toMatchObject({
        status: 400,
        errorCode: 'INVALID_PARAMETER_VALUE',
      })
    }
  })

  test('a snapshot that there is not is refused', async () => {
    const error = await refusal(create('past', { source_snapshot: 'projects/shop/snapshots/s' }))
    expect(error).toMatchObject({ status: 404, errorCode: 'NOT_FOUND' })
    expect(error.message).toContain('snapshot')
  })

  test('a branch from a time or a position has the data of then', async () => {
    const inProduction = <Row extends object>(sql: string) =>
      workspace.computes.withAdmin(production, (admin) => admin.query<Row>(sql), {
        database: 'databricks_postgres',
      })
    const [then] = await inProduction<{ time: string; lsn: string }>(
      `SELECT to_char(clock_timestamp() AT TIME ZONE 'Asia/Tokyo', 'YYYY-MM-DD"T"HH24:MI:SS.US"+09:00"') AS time, pg_current_wal_insert_lsn()::text AS lsn`,
    )
    if (!then) throw new Error('no row')
    await inProduction("UPDATE public.goods SET name = 'lost'")
    const made = await create('then-time', { source_branch_time: then.time })
    expect(made).toMatchObject({
      status: { clone_method: expect.stringMatching(/^(reflink|copy)$/), clone_bytes: expect.any(Number) },
    })
    const { status } = await workspace.client.call(branchRoutes.getBranch, { params: paramsOf('then-time') })
    expect(Date.parse(status.source_branch_time ?? '')).toBe(Date.parse(then.time))
    expect(await goodsOf('then-time')).toEqual(['tea'])
    await create('then-lsn', { source_branch_lsn: then.lsn.toLowerCase() })
    expect(await goodsOf('then-lsn')).toEqual(['tea'])
    expect(await goodsOf('production')).toEqual(['lost'])
    await inProduction("UPDATE public.goods SET name = 'tea'")
  })

  test('a moment that cannot be reached is refused with those that can', async () => {
    const beyond: readonly [object, RegExp][] = [
      [{ source_branch_time: '2020-01-01T00:00:00Z' }, /goes from 20\d\d-.* to 20\d\d-/],
      [{ source_branch_time: new Date(Date.now() + 60_000).toISOString() }, /WRONG_LSN_OR_TIMESTAMP/],
      [{ source_branch_lsn: '0/1' }, /goes from 0\/[0-9A-F]+ to 0\/[0-9A-F]+/],
      [{ source_branch_lsn: 'FFFF/0' }, /outside of the history/],
      [{ source_branch_time: '2020-01-01T00:00:00' }, /RFC 3339/],
      [{ source_branch_time: new Date().toISOString(), source_branch_lsn: '0/1' }, /exclude each other/],
    ]
    for (const [spec, message] of beyond) {
      const error = await refusal(create('never', spec))
      expect(error).toMatchObject({ status: 400, errorCode: 'INVALID_PARAMETER_VALUE' })
      expect(error.message).toMatch(message)
    }
  })

  test('update protects it and changes its expiry leaf by leaf', async () => {
    const { client } = workspace
    await create('leafy', { ttl: '3600s' })
    const update = async (mask: string, spec: object) =>
      done(
        client,
        await client.call(branchRoutes.updateBranch, {
          params: paramsOf('leafy'),
          query: { update_mask: mask },
          body: { spec },
        }),
      )
    const kept = await update('spec.expiration', { no_expiry: true, is_protected: true })
    expect(kept['status']).toMatchObject({ is_protected: false })
    expect(kept['status']).not.toHaveProperty('expire_time')
    const guarded = await update('spec.isProtected', { is_protected: true })
    expect(guarded['status']).toMatchObject({ is_protected: true })
    const refused = await refusal(client.call(branchRoutes.deleteBranch, { params: paramsOf('leafy') }))
    expect(refused).toMatchObject({
      status: 400,
      errorCode: 'BAD_REQUEST',
      message: 'cannot delete protected branch',
    })
    expect(
      await refusal(client.call(projectRoutes.deleteProject, { params: { project: 'shop' } })),
    ).toMatchObject({ status: 400, errorCode: 'BAD_REQUEST' })
    await update('*', { is_protected: false })
    await done(
      client,
      await client.call(branchRoutes.deleteBranch, { params: paramsOf('leafy'), query: { purge: true } }),
    )
    expect(await refusal(client.call(branchRoutes.getBranch, { params: paramsOf('leafy') }))).toMatchObject({
      status: 404,
      errorCode: 'NOT_FOUND',
    })
  })

  test('root, default and parent branches are not deleted', async () => {
    const { client } = workspace
    const root = await refusal(client.call(branchRoutes.deleteBranch, { params: paramsOf('production') }))
    expect(root).toMatchObject({
      status: 400,
      errorCode: 'BAD_REQUEST',
      message:
        "Cannot delete root branch 'projects/shop/branches/production'. Root branches cannot be deleted independently.",
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          domain: 'databricks.com',
          reason: 'RESOURCE_CONFLICT',
          metadata: { declarative_context: 'MANAGED_BY_PARENT' },
        },
      ],
    })
    await create('parent')
    await create('child', { source_branch: 'projects/shop/branches/parent' })
    expect(
      await refusal(client.call(branchRoutes.deleteBranch, { params: paramsOf('parent') })),
    ).toMatchObject({ status: 400, message: expect.stringContaining('child') })
  })

  test('a branch comes back after the one it was made from, and while that does not expire', async () => {
    const { client } = workspace
    await create('elder')
    await create('younger', { source_branch: 'projects/shop/branches/elder' })
    for (const branch of ['younger', 'elder'])
      await done(client, await client.call(branchRoutes.deleteBranch, { params: paramsOf(branch) }))
    const undelete = (branch: string) =>
      client.call(branchRoutes.undeleteBranch, { params: paramsOf(branch), body: {} })
    const error = await refusal(undelete('younger'))
    expect(error).toMatchObject({ status: 400, message: expect.stringContaining("Undelete 'elder' first") })
    await done(client, await undelete('elder'))
    const setLife = async (life: object) => {
      const change = { query: { update_mask: 'spec.expiration' }, body: { spec: life } }
      await done(
        client,
        await client.call(branchRoutes.updateBranch, { params: paramsOf('elder'), ...change }),
      )
    }
    // A child that is deleted keeps nobody from that, and must not come back to keep 'elder' from going.
    await setLife({ ttl: '3600s' })
    expect((await refusal(undelete('younger'))).message).toContain("spec.no_expiry of 'elder'")
    await setLife({ no_expiry: true })
    await done(client, await undelete('younger'))
    expect(await goodsOf('younger')).toEqual(['tea'])
  })

  test('the default branch is chosen on the project', async () => {
    const { client } = workspace
    await create('main')
    const choose = async (branch: string) =>
      done(
        client,
        await client.call(projectRoutes.updateProject, {
          params: { project: 'shop' },
          query: { update_mask: 'spec.default_branch' },
          body: { spec: { default_branch: `projects/shop/branches/${branch}` } },
        }),
      )
    expect(await choose('main')).toMatchObject({ status: { default_branch: 'projects/shop/branches/main' } })
    expect(await refusal(client.call(branchRoutes.deleteBranch, { params: paramsOf('main') }))).toMatchObject(
      { status: 400, errorCode: 'BAD_REQUEST' },
    )
    await choose('production')
  })

  test('replace_existing updates the branch that is there', async () => {
    const { client } = workspace
    await create('again')
    const before = await client.call(branchRoutes.getBranch, { params: paramsOf('again') })
    expect(await refusal(create('again'))).toMatchObject({
      status: 409,
      errorCode: 'ALREADY_EXISTS',
      message: 'branch with such id already exists',
    })
    const replaced = await done(
      client,
      await client.call(branchRoutes.createBranch, {
        params: { project: 'shop' },
        query: { branch_id: 'again', replace_existing: true },
        body: { spec: { ttl: '7200s' } },
      }),
    )
    expect(replaced).toMatchObject({ uid: before.uid, create_time: before.create_time })
    expect(replaced['status']).toHaveProperty('expire_time')
  })

  test('allow_missing makes a delete of nothing succeed', async () => {
    const { client } = workspace
    const params = paramsOf('nothing')
    expect(await refusal(client.call(branchRoutes.deleteBranch, { params }))).toMatchObject({ status: 404 })
    const deleted = await client.call(branchRoutes.deleteBranch, { params, query: { allow_missing: true } })
    expect(await poll(client, deleted.name)).toMatchObject({ done: true, response: {} })
  })

  test('a list comes in pages', async () => {
    const { client } = workspace
    const seen: string[] = []
    let token: string | undefined
    do {
      const page = await client.call(branchRoutes.listBranches, {
        params: { project: 'shop' },
        query: { page_size: 2, ...(token === undefined ? {} : { page_token: token }) },
      })
      expect(page.branches?.length).toBeLessThanOrEqual(2)
      seen.push(...(page.branches ?? []).map((branch) => branch.branch_id))
      token = page.next_page_token
    } while (token !== undefined)
    const whole = await client.call(branchRoutes.listBranches, { params: { project: 'shop' } })
    expect(seen).toEqual(whole.branches?.map((branch) => branch.branch_id))
    expect(new Set(seen).size).toBe(seen.length)
  })
})
