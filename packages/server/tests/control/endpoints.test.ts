import { databaseRoutes, endpointRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { measureBranches } from '../../src/control/reconcilers/measure-branches.ts'
import {
  type ControlWorkspace,
  createProject,
  done,
  refusal,
  startFreshControl,
} from './control-workspace.ts'

const params = { project: 'shop', branch: 'production', endpoint: 'primary' }
const branchParams = { project: 'shop', branch: 'production' }

describe('endpoints', () => {
  let workspace: ControlWorkspace
  beforeAll(async () => {
    workspace = await startFreshControl()
    await createProject(workspace.client, 'shop')
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const update = async (mask: string, spec: object) =>
    done(
      workspace.client,
      await workspace.client.call(endpointRoutes.updateEndpoint, {
        params,
        query: { update_mask: mask },
        body: { spec },
      }),
    )

  test('sizes and suspension change leaf by leaf', async () => {
    const resized = await update('spec.autoscaling_limit_max_cu', {
      autoscaling_limit_min_cu: 3,
      autoscaling_limit_max_cu: 4,
    })
    expect(resized['status']).toMatchObject({ autoscaling_limit_min_cu: 1, autoscaling_limit_max_cu: 4 })
    const awake = await update('spec.suspension', { no_suspension: true })
    expect(awake['status']).not.toHaveProperty('suspend_timeout_duration')
    const timed = await update('spec.suspend_timeout_duration', { suspend_timeout_duration: '300s' })
    expect(timed['status']).toMatchObject({ suspend_timeout_duration: '300s', autoscaling_limit_max_cu: 4 })
  })

  test('what the service refuses is refused', async () => {
    const wrong: [mask: string, spec: object, words: string][] = [
      ['spec.autoscaling_limit_min_cu', { autoscaling_limit_min_cu: 0.25 }, 'between 0.5 and 64'],
      ['spec.autoscaling_limit_max_cu', { autoscaling_limit_max_cu: 65 }, 'between 0.5 and 64'],
      ['spec.autoscaling_limit_max_cu', { autoscaling_limit_max_cu: 40 }, '16 are allowed'],
      ['spec.suspension', { suspend_timeout_duration: '59s' }, 'between 60s and 604800s'],
      ['spec.suspension', { suspend_timeout_duration: '60s', no_suspension: true }, 'exclude each other'],
      ['spec.endpoint_type', { endpoint_type: 'ENDPOINT_TYPE_READ_ONLY' }, 'cannot be changed'],
      ['spec.settings.pg_settings', { settings: { pg_settings: { fsync: 'off' } } }, "'fsync'"],
      ['spec.disabled', {}, 'does not set that field'],
      ['spec.unknown', {}, 'cannot be updated'],
      ['*', { autoscaling_limit_min_cu: 'many' }, 'spec.autoscaling_limit_min_cu'],
    ]
    for (const [mask, spec, words] of wrong) {
      const error = await refusal(update(mask, spec))
      expect(error).toMatchObject({ status: 400, errorCode: 'INVALID_PARAMETER_VALUE' })
      expect(error.message).toContain(words)
    }
  })

  test('Postgres settings are applied to the running compute', async () => {
    const set = (settings: object) => update('spec.settings', { settings: { pg_settings: settings } })
    expect((await set({ work_mem: '7MB' }))['status']).toMatchObject({
      settings: { pg_settings: { work_mem: '7MB' } },
    })
    const shown = async () => {
      const { uid } = await workspace.client.call(endpointRoutes.getEndpoint, { params })
      const [row] = await workspace.computes.withAdmin(uid, (admin) =>
        admin.query<{ work_mem: string }>('SHOW work_mem'),
      )
      return row?.work_mem
    }
    expect(await shown()).toBe('7MB')
  })

  test('settings with which Postgres would not start are refused before anything restarts, and say why', async () => {
    const path = 'spec.settings.pg_settings'
    const wrong: [settings: Record<string, string>, words: RegExp][] = [
      [
        { work_mem: 'plenty' },
        /sets 'work_mem': its value "plenty" is not valid: it is an integer from 64 to \d+ \(in kB/,
      ],
      [{ max_replication_slots: '0' }, /'max_replication_slots'.*from 8 to 64/],
      [{ track_activities: 'off' }, /'track_activities': it is managed by the workspace/],
      [{ no_such_thing: '1' }, /Postgres 17 has no setting of that name/],
      [{ shared_buffers: '2TB' }, /would not start: together they take \d+ MB of shared memory/],
      [{ timezone: 'Middle/Earth' }, /would not start: .*TimeZone/],
    ]
    const uid = (await workspace.client.call(endpointRoutes.getEndpoint, { params })).uid
    const pid = () =>
      workspace.computes.withAdmin(uid, async (admin) => {
        const [row] = await admin.query<{ at: string }>('SELECT pg_postmaster_start_time()::text AS at')
        return row?.at
      })
    const before = await pid()
    for (const [settings, words] of wrong) {
      const error = await refusal(update(path, { settings: { pg_settings: settings } }))
      expect(error).toMatchObject({ status: 400, errorCode: 'INVALID_PARAMETER_VALUE' })
      expect(error.message).toMatch(words)
    }
    // None of it stands in the way of the next one, and nobody's session was ended.
    const after = await update(path, { settings: { pg_settings: { work_mem: '8MB' } } })
    expect(after['lakelet']).toEqual({ settings_applied: 'RELOADED' })
    expect(await pid()).toBe(before)
    const timed = await update('spec.suspend_timeout_duration', { suspend_timeout_duration: '400s' })
    expect(timed['lakelet']).toEqual({ settings_applied: 'UNCHANGED' })
    expect(await pid()).toBe(before)
    const more = await update(path, { settings: { pg_settings: { max_wal_senders: '12' } } })
    expect(more['lakelet']).toEqual({ settings_applied: 'RESTARTED', restarted_for: ['max_wal_senders'] })
    expect(await pid()).not.toBe(before)
    await update(path, { settings: { pg_settings: {} } })
  })

  test('a disabled endpoint sleeps: what is known of its databases can be read, nothing can be changed', async () => {
    const disabled = await update('spec.disabled', { disabled: true })
    expect(disabled['status']).toMatchObject({ disabled: true, current_state: 'IDLE' })
    const known = await workspace.client.call(databaseRoutes.listDatabases, { params: branchParams })
    expect(known.databases).toHaveLength(1)
    expect(
      await refusal(
        workspace.client.call(databaseRoutes.deleteDatabase, {
          params: { ...branchParams, database: 'databricks-postgres' },
        }),
      ),
    ).toMatchObject({ status: 400, errorCode: 'INVALID_STATE' })
    await update('spec.disabled', { disabled: false })
    const listed = await workspace.client.call(databaseRoutes.listDatabases, { params: branchParams })
    expect(listed.databases).toHaveLength(1)
  })

  test('a branch has one read-write endpoint, which stays', async () => {
    const create = (endpointId: string, spec: object, replace = false) =>
      workspace.client.call(endpointRoutes.createEndpoint, {
        params: branchParams,
        query: { endpoint_id: endpointId, replace_existing: replace },
        body: { spec },
      })
    const type = { endpoint_type: 'ENDPOINT_TYPE_READ_WRITE' }
    expect(await refusal(create('', type))).toMatchObject({
      message: `Field 'endpoint_id' is required, expected non-default value (not "")!`,
    })
    expect(await refusal(create('primary', type))).toMatchObject({
      status: 409,
      errorCode: 'ALREADY_EXISTS',
      message: 'endpoint with such id already exists',
    })
    expect(await refusal(create('second', type))).toMatchObject({ status: 400, errorCode: 'BAD_REQUEST' })
    const wrong = { endpoint_type: 'ENDPOINT_TYPE_READ_ONLY', autoscaling_limit_max_cu: 65 }
    expect(await refusal(create('replica', wrong))).toMatchObject({ errorCode: 'INVALID_PARAMETER_VALUE' })
    const replaced = await done(
      workspace.client,
      await create('primary', { ...type, autoscaling_limit_max_cu: 2 }, true),
    )
    expect(replaced['status']).toMatchObject({ autoscaling_limit_max_cu: 2 })
    expect(await refusal(workspace.client.call(endpointRoutes.deleteEndpoint, { params }))).toMatchObject({
      status: 400,
      message:
        "Cannot delete read-write endpoint 'projects/shop/branches/production/endpoints/primary'. Read-write endpoints cannot be deleted.",
      details: [{ metadata: { declarative_context: 'MANAGED_BY_PARENT' } }],
    })
  })

  test('has one compute instance', async () => {
    const { compute_instances: instances } = await workspace.client.call(
      endpointRoutes.listComputeInstances,
      { params },
    )
    expect(instances).toHaveLength(1)
    const [first] = instances ?? []
    expect(first).toMatchObject({ role: 'READ_WRITE' })
    const one = await workspace.client.call(endpointRoutes.getComputeInstance, {
      params: { ...params, instance: first?.compute_instance_id ?? '' },
    })
    expect(one).toEqual(first)
  })

  test('its last activity and the size of its branch are kept', async () => {
    const { computes, control, client } = workspace
    const endpoint = await client.call(endpointRoutes.getEndpoint, { params })
    await computes.withAdmin(endpoint.uid, (admin) => admin.execute('CREATE DATABASE filler'))
    // What the workspace does for itself is no activity.
    const before = await client.call(endpointRoutes.getEndpoint, { params })
    expect(before.status).not.toHaveProperty('last_active_time')
    computes.sessionOpened(endpoint.uid)
    computes.sessionClosed(endpoint.uid)
    await measureBranches(control.context)
    const rows = await workspace.metadata.db
      .selectFrom('endpoints')
      .innerJoin('branches', 'branches.uid', 'endpoints.branch_uid')
      .select(['last_active_time', 'logical_size_bytes'])
      .execute()
    expect(rows).toEqual([
      { last_active_time: expect.stringMatching(/Z$/), logical_size_bytes: expect.any(Number) },
    ])
    const after = await client.call(endpointRoutes.getEndpoint, { params })
    expect(after.status.last_active_time).toEqual(expect.any(String))
  })

  test('what keeps its compute awake, why it slept and what went wrong can be read', async () => {
    const { client, computes } = workspace
    const { uid } = await client.call(endpointRoutes.getEndpoint, { params })
    await computes.suspend(uid)
    const asleep = await client.call(endpointRoutes.getActivity, { params })
    expect(asleep).toMatchObject({ state: 'idle', sessions: 0, last_suspend_reason: 'asked' })
    await computes.wake(uid)
    const awake = await client.call(endpointRoutes.getActivity, { params })
    expect(awake).toMatchObject({ state: 'active' })
    expect(String(awake.last_active_time) >= String(asleep.last_active_time)).toBe(true)
  })
})
