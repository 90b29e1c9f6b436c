// Schedules over real storage and Postgres, with a clock that is moved: months in a moment.
import { ApiError, type Snapshot, snapshotRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SetClock } from '../set-clock.ts'
import {
  type ControlWorkspace,
  createProject,
  done,
  refusal,
  startFreshControl,
} from './control-workspace.ts'

const DAY_MS = 86_400_000
const params = { project: 'shop', branch: 'production' }

describe('snapshot schedules', () => {
  let workspace: ControlWorkspace
  const clock = new SetClock()

  beforeAll(async () => {
    clock.set(new Date('2040-01-01T12:00:00Z'))
    workspace = await startFreshControl({ clock })
    await createProject(workspace.client, 'shop')
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  const set = async (schedule: readonly object[], mask = 'schedule') =>
    done(
      workspace.client,
      await workspace.client.call(snapshotRoutes.updateSnapshotSchedule, {
        params,
        query: { update_mask: mask },
        body: { schedule: schedule as [] },
      }),
    )

  const all = async (): Promise<Snapshot[]> => {
    const found = await workspace.client.call(snapshotRoutes.listSnapshots, { params: { project: 'shop' } })
    return found.snapshots ?? []
  }
  const ids = async () => (await all()).map(({ snapshot_id: id }) => id)

  test('a branch without one has an empty one; what is set replaces all, and is refused when wrong', async () => {
    const { client } = workspace
    expect(await client.call(snapshotRoutes.getSnapshotSchedule, { params })).toEqual({
      name: 'projects/shop/branches/production/snapshot-schedule',
      schedule: [],
    })
    await set([{ retention: '86400s', daily_schedule: {} }])
    const { schedule, next_snapshot_time: next } = await client.call(snapshotRoutes.getSnapshotSchedule, {
      params,
    })
    expect(schedule).toEqual([{ retention: '86400s', daily_schedule: { hour: 0 } }])
    expect(next).toMatch(/T00:00:00.000Z$/)
    expect((await refusal(set([{ retention: '60s', daily_schedule: { hour: 1 } }]))).message).toMatch(
      /at least 3600s/,
    )
    expect((await refusal(set([{ retention: '1d', daily_schedule: { hour: 1 } }]))).message).toMatch(
      /duration/,
    )
    expect((await refusal(set([{ retention: '86400s', daily_schedule: { hour: 24 } }]))).status).toBe(400)
    expect((await refusal(set([], 'name_of_it'))).status).toBe(400)
    expect(await set([])).toMatchObject({ schedule: [] })
  })

  /** The loops of the workspace look again when an operation ends. */
  const wake = async () => {
    await settled()
    const call = { params, query: {}, body: {} }
    await workspace.client.call(snapshotRoutes.updateSnapshotSchedule, call).catch((error: unknown) => {
      // They looked already, and what they began has not ended.
      if (!(error instanceof ApiError && error.errorCode === 'CONFLICT')) throw error
    })
    await settled()
  }
  const settled = () => workspace.control.context.operations.idle()

  test('taken when due, once, also when that was missed; each goes when its time is over', async () => {
    const becomes = (expected: readonly string[]) =>
      vi.waitFor(async () => expect(await ids()).toEqual(expected), { timeout: 60_000, interval: 100 })
    await set([
      { retention: `${2 * 86_400}s`, daily_schedule: { hour: 3 } },
      { retention: `${40 * 86_400}s`, monthly_schedule: { day: 1, hour: 3 } },
    ])
    await wake()
    expect(await ids()).toEqual([])
    clock.set(new Date('2040-01-02T03:00:00Z'))
    await wake()
    await becomes(['production-20400102t030000z'])
    await settled()
    const [first] = await all()
    expect(first?.status).toMatchObject({ scheduled: true, current_state: 'READY' })
    expect(first?.status.expire_time).toMatch(/^2040-01-04T03:0/)
    // Off for a month: one for all that was missed, kept as long as the first of the month would have been.
    clock.set(new Date('2040-02-03T12:00:00Z'))
    await wake()
    await becomes(['production-20400203t030000z'])
    await settled()
    expect((await all())[0]?.status.expire_time).toMatch(/^2040-03-14T12:0/)
    // Set back over the time of the last one: that is not taken again, the next one is.
    clock.set(new Date('2040-02-03T01:00:00Z'))
    await wake()
    clock.set(new Date('2040-02-04T03:00:01Z'))
    await wake()
    await becomes(['production-20400203t030000z', 'production-20400204t030000z'])
    await settled()
    await set([])
    clock.set(new Date(Date.parse('2040-02-06T04:00:00Z')))
    await wake()
    await becomes(['production-20400203t030000z'])
  })

  test('after a clock that was far ahead it goes on from now, and takes nothing for that', async () => {
    await settled()
    await set([{ retention: '86400s', daily_schedule: { hour: 3 } }])
    const { db } = workspace.metadata
    await db.updateTable('snapshot_schedules').set({ done_until: '2055-01-01T00:00:00.000Z' }).execute()
    const before = await ids()
    await wake()
    await vi.waitFor(async () => {
      const [row] = await db.selectFrom('snapshot_schedules').selectAll().execute()
      expect(Date.parse(row?.done_until ?? '')).toBeLessThan(clock.now().getTime() + DAY_MS)
    }, 30_000)
    expect(await ids()).toEqual(before)
    await set([])
  })
})
