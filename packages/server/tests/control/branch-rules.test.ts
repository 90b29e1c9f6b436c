// What holds for the life, the protection and the number of branches, with a clock that is moved.
import {
  type Branch,
  branchControlRoutes,
  branchRoutes,
  type BranchSpec,
  endpointRoutes,
  projectRoutes,
  restoreRoutes,
  snapshotRoutes,
} from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertBranch } from '../../src/metadata/branches.ts'
import { findProject } from '../../src/metadata/projects.ts'
import { newBranch } from '../../src/control/rules/new-rows.ts'
import { SetClock } from '../set-clock.ts'
import {
  type ControlWorkspace,
  createProject,
  done,
  refusal,
  startFreshControl,
} from './control-workspace.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const inShop = { project: 'shop' }
const paramsOf = (branch: string) => ({ ...inShop, branch })
const nameOf = (branch: string) => `projects/shop/branches/${branch}`

describe('rules of branches', () => {
  let workspace: ControlWorkspace
  const clock = new SetClock()

  beforeAll(async () => {
    workspace = await startFreshControl({ clock })
    await createProject(workspace.client, 'shop')
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const create = async (id: string, spec: BranchSpec = {}, query: object = {}) =>
    (await done(
      workspace.client,
      await workspace.client.call(branchRoutes.createBranch, {
        params: inShop,
        query: { branch_id: id, ...query },
        body: { spec },
      }),
    )) as unknown as Branch

  const update = async (id: string, mask: string, spec: BranchSpec) =>
    (await done(
      workspace.client,
      await workspace.client.call(branchRoutes.updateBranch, {
        params: paramsOf(id),
        query: { update_mask: mask },
        body: { spec },
      }),
    )) as unknown as Branch

  const remove = async (id: string, purge = true) =>
    done(
      workspace.client,
      await workspace.client.call(branchRoutes.deleteBranch, { params: paramsOf(id), query: { purge } }),
    )

  const get = (id: string) => workspace.client.call(branchRoutes.getBranch, { params: paramsOf(id) })
  const stateOf = async (id: string) => (await get(id)).status.current_state

  const makeDefault = async (id: string) =>
    done(
      workspace.client,
      await workspace.client.call(projectRoutes.updateProject, {
        params: inShop,
        query: { update_mask: 'spec.default_branch' },
        body: { spec: { default_branch: nameOf(id) } },
      }),
    )

  const reset = async (id: string) =>
    done(
      workspace.client,
      await workspace.client.call(branchControlRoutes.resetBranch, { params: paramsOf(id), body: {} }),
    )

  /** The loops look again when an operation ends; then they are left to end what they began. */
  const letLoopsLook = async () => {
    await workspace.control.context.operations.idle()
    await update('production', 'spec.is_protected', { is_protected: false })
    await workspace.control.context.operations.idle()
  }

  const lifeOf = ({ status }: Branch) =>
    status.expire_time === undefined ? undefined : Date.parse(status.expire_time) - clock.now().getTime()

  test('a life is between a second and thirty days, whichever way it is said', async () => {
    const at = (ms: number) => new Date(clock.now().getTime() + ms).toISOString()
    const wrong: BranchSpec[] = [
      { ttl: '0s' },
      { ttl: '-60s' },
      { ttl: '2592001s' },
      { expire_time: at(-1000) },
      { expire_time: at(30 * DAY_MS + 60_000) },
      { ttl: '60s', expire_time: at(HOUR_MS) },
      { expire_time: at(HOUR_MS), no_expiry: true },
      { ttl: '60s', expire_time: at(HOUR_MS), no_expiry: true },
      { no_expiry: false },
    ]
    for (const spec of wrong)
      expect(await refusal(create('never', spec)), JSON.stringify(spec)).toMatchObject({
        status: 400,
        errorCode: 'INVALID_PARAMETER_VALUE',
      })
    const longest = await create('longest', { ttl: '2592000s' })
    expect(lifeOf(longest)).toBeGreaterThan(30 * DAY_MS - 60_000)
    expect(lifeOf(longest)).toBeLessThanOrEqual(30 * DAY_MS + 1000)
    // In whole seconds, in another zone.
    const zoned = at(2 * HOUR_MS).replace(/\.\d+Z$/, '.25+00:00')
    const changed = await update('longest', 'spec.expire_time', { expire_time: zoned })
    expect(changed.status.expire_time).toMatch(/:\d\d\.000Z$/)
    expect(Date.parse(changed.status.expire_time ?? '') - Date.parse(zoned)).toBe(750)
    expect(lifeOf(await update('longest', 'spec.no_expiry', { no_expiry: true }))).toBeUndefined()
    const refused = await refusal(update('longest', 'spec.expiration', { ttl: '60s', no_expiry: true }))
    expect(refused.message).toMatch(/'spec.ttl' and 'spec.no_expiry'/)
    // What is there is updated as a new one would be made.
    const again = await create('longest', { ttl: '3600s' }, { replace_existing: true })
    expect(lifeOf(again)).toBeLessThanOrEqual(HOUR_MS + 1000)
    await remove('longest')
  })

  test('default, protected, root and parent branches have no end, and what ends is none of them', async () => {
    const ends = { ttl: '3600s' }
    expect((await refusal(update('production', 'spec.ttl', ends))).message).toMatch(/root|default/)
    await create('parent')
    await create('child', { source_branch: nameOf('parent'), ...ends })
    expect((await refusal(update('parent', 'spec.ttl', ends))).message).toMatch(/has children cannot expire/)
    expect((await refusal(create('grandchild', { source_branch: nameOf('child') }))).message).toMatch(
      /expires/,
    )
    const inPlace = { lsn: '0/1', in_place: true }
    expect(
      await refusal(
        workspace.client.call(restoreRoutes.restore, { params: paramsOf('child'), body: inPlace }),
      ),
    ).toMatchObject({ status: 400 })
    expect((await refusal(makeDefault('child'))).message).toMatch(/expires/)
    expect((await refusal(update('child', 'spec.is_protected', { is_protected: true }))).message).toMatch(
      /expire/,
    )
    // With its end taken away, it is a branch as any other.
    await update('child', 'spec.no_expiry', { no_expiry: true })
    await makeDefault('child')
    expect((await refusal(update('child', 'spec.ttl', ends))).message).toMatch(/default/)
    expect((await refusal(remove('child'))).errorCode).toBe('BAD_REQUEST')
    expect((await refusal(remove('production'))).message).toMatch(/Cannot delete root branch/)
    await makeDefault('production')
    await update('child', 'spec.is_protected', { is_protected: true })
    expect((await refusal(update('child', 'spec.ttl', ends))).message).toMatch(/protected/i)
    expect((await refusal(remove('child'))).message).toMatch(/cannot delete protected branch/)
    expect((await refusal(reset('child'))).message).toMatch(/protected/)
    const second = update('parent', 'spec.is_protected', { is_protected: true })
    expect((await refusal(second)).message).toMatch(/child/)
    const both = { is_protected: false, ...ends }
    await update('child', 'spec.is_protected,spec.ttl', both)
    await remove('child')
    await remove('parent')
  })

  test('a reset begins the life again with the length that was asked for; who has none gets none', async () => {
    await create('tried', { ttl: '7200s' })
    clock.move(HOUR_MS)
    expect(lifeOf(await get('tried'))).toBeLessThanOrEqual(HOUR_MS + 1000)
    await reset('tried')
    expect(lifeOf(await get('tried'))).toBeGreaterThan(2 * HOUR_MS - 60_000)
    await update('tried', 'spec.no_expiry', { no_expiry: true })
    await reset('tried')
    expect(lifeOf(await get('tried'))).toBeUndefined()
    await remove('tried')
  })

  test('after a long sleep all that is over ends, and is purged when that is over too', async () => {
    await create('hour', { ttl: '3600s' })
    await create('week', { ttl: '604800s' })
    await create('kept', { no_expiry: true })
    clock.move(3 * DAY_MS)
    await letLoopsLook()
    await expect.poll(() => stateOf('hour')).toBe('DELETED')
    expect(await stateOf('week')).toBe('READY')
    clock.move(40 * DAY_MS)
    await letLoopsLook()
    await expect.poll(async () => (await refusal(get('hour'))).status, { timeout: 30_000 }).toBe(404)
    await expect.poll(() => stateOf('week'), { timeout: 30_000 }).toBe('DELETED')
    expect(await stateOf('kept')).toBe('READY')
    await remove('kept')
  })

  test('where the clock is set back nothing ends too early, nothing twice, and what ended is found', async () => {
    await workspace.control.context.operations.idle()
    await create('later', { ttl: '7200s' })
    const { status } = await get('later')
    clock.move(-10 * DAY_MS)
    await letLoopsLook()
    expect((await get('later')).status).toMatchObject({
      current_state: 'READY',
      expire_time: status.expire_time,
    })
    // Its end is thirty days and more away then; another one is measured by the clock that there is.
    expect(lifeOf(await update('later', 'spec.ttl', { ttl: '3600s' }))).toBeLessThanOrEqual(HOUR_MS + 1000)
    clock.move(2 * HOUR_MS)
    await letLoopsLook()
    await expect.poll(() => stateOf('later')).toBe('DELETED')
    clock.move(-2 * HOUR_MS)
    const back = await workspace.client.call(branchRoutes.undeleteBranch, {
      params: paramsOf('later'),
      body: {},
    })
    await done(workspace.client, back)
    clock.move(10 * DAY_MS + 3 * HOUR_MS)
    await letLoopsLook()
    await expect.poll(() => stateOf('later')).toBe('DELETED')
    await remove('later')
  })

  test('three branches of a project are roots at most, and a branch gives its place back', async () => {
    await done(
      workspace.client,
      await workspace.client.call(snapshotRoutes.createSnapshot, {
        params: inShop,
        query: { snapshot_id: 'seed' },
        body: { spec: { source_branch: nameOf('production') } },
      }),
    )
    const fromSeed = (id: string) => create(id, { source_snapshot: 'projects/shop/snapshots/seed' })
    await fromSeed('root-2')
    await fromSeed('root-3')
    expect(await refusal(fromSeed('root-4'))).toMatchObject({
      status: 400,
      errorCode: 'QUOTA_EXCEEDED',
      message: expect.stringContaining('root branches limit exceeded: at most 3'),
    })
    await create('no-root')
    await remove('root-3', false)
    await fromSeed('root-4')
    const undelete = workspace.client.call(branchRoutes.undeleteBranch, {
      params: paramsOf('root-3'),
      body: {},
    })
    expect((await refusal(undelete)).message).toMatch(/root branches limit exceeded/)
    for (const id of ['no-root', 'root-4', 'root-3', 'root-2']) await remove(id)
  })

  test('the backup of a restore in place has the endpoint settings of what it was', async () => {
    await create('sized')
    const endpointOf = (branch: string) =>
      workspace.client.call(endpointRoutes.getEndpoint, {
        params: { ...paramsOf(branch), endpoint: 'primary' },
      })
    const changed = await workspace.client.call(endpointRoutes.updateEndpoint, {
      params: { ...paramsOf('sized'), endpoint: 'primary' },
      query: {
        update_mask:
          'spec.autoscaling_limit_min_cu,spec.autoscaling_limit_max_cu,spec.suspension,spec.settings.pg_settings',
      },
      body: {
        spec: {
          autoscaling_limit_min_cu: 2,
          autoscaling_limit_max_cu: 4,
          suspend_timeout_duration: '120s',
          settings: { pg_settings: { work_mem: '7MB' } },
        },
      },
    })
    await done(workspace.client, changed)
    const { status: before } = await endpointOf('sized')
    const { latest_restore_lsn: lsn } = await workspace.client.call(restoreRoutes.getHistory, {
      params: paramsOf('sized'),
    })
    const restored = await workspace.client.call(restoreRoutes.restore, {
      params: paramsOf('sized'),
      body: { lsn, in_place: true, branch_id: 'sized-old' },
    })
    await done(workspace.client, restored)
    const kept = {
      autoscaling_limit_min_cu: 2,
      autoscaling_limit_max_cu: 4,
      suspend_timeout_duration: '120s',
      settings: { pg_settings: { work_mem: '7MB' } },
    }
    expect(before).toMatchObject(kept)
    for (const branch of ['sized', 'sized-old']) expect((await endpointOf(branch)).status).toMatchObject(kept)
    const { uid } = await endpointOf('sized-old')
    expect(await workspace.computes.withAdmin(uid, (admin) => admin.query('SHOW work_mem'))).toEqual([
      { work_mem: '7MB' },
    ])
    for (const id of ['sized-old', 'sized']) await remove(id)
  })

  test('the five hundred and first branch is refused; lists of as many are paged', async () => {
    const { metadata } = workspace
    const project = await findProject(metadata.db, 'shop')
    const production = (await get('production')).uid
    const row = (n: number) => ({
      ...newBranch({ branch_id: `many-${n}`, project_uid: project?.uid ?? '' }, new Date().toISOString()),
      source_branch_uid: production,
    })
    for (let n = 1; n < 500; n += 1) await insertBranch(metadata.db, row(n))
    expect(await refusal(create('one-too-many'))).toMatchObject({
      status: 400,
      errorCode: 'QUOTA_EXCEEDED',
      message: expect.stringContaining('branches limit exceeded: at most 500'),
    })
    const seen: string[] = []
    for (let token = ''; ;) {
      const page = await workspace.client.call(branchRoutes.listBranches, {
        params: inShop,
        query: { page_size: 77, ...(token === '' ? {} : { page_token: token }) },
      })
      seen.push(...(page.branches ?? []).map(({ branch_id: id }) => id))
      token = page.next_page_token ?? ''
      if (token === '') break
    }
    expect(seen).toEqual(['production', ...Array.from({ length: 499 }, (_, n) => `many-${n + 1}`)])
  })
})
