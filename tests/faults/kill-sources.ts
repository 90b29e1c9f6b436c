// The same kinds of operation with another source than the present of a branch: a moment of its past, and a snapshot. The key names the kind
// and the source.
import { ApiError, branchRoutes, restoreRoutes, snapshotRoutes } from '@lakelet/api'
import { expect } from 'vitest'
import type { TestWorkspace } from '../system/workspace.ts'
import {
  baseName,
  createSnapshot,
  endpointOf,
  expectMissing,
  getBranch,
  getSnapshot,
  type KillScenario,
  makeRoomForSnapshots,
  spoilBranch,
  wordIn,
} from './kill-scenarios.ts'
import { BASE, BASE_ENDPOINT, connectTo, operationDone } from './kill-workspace.ts'

const inBase = { project: BASE }
/** Taken once, of the first branch. */
const SEED = 'seed'

export const sourceScenarios: Readonly<Record<string, KillScenario>> = {
  'create_branch of a moment': {
    prepare: noteMoment,
    act: ({ client }, id) =>
      client.call(branchRoutes.createBranch, {
        params: inBase,
        query: { branch_id: id },
        body: { spec: { source_branch: baseName, source_branch_time: moments.get(id) } },
      }),
    async expectDone(workspace, id) {
      const { status } = await getBranch(workspace.client, id)
      expect(status).toMatchObject({ current_state: 'READY', source_branch: baseName })
      expect(await lookInto(workspace, id)).toEqual({ is_cloned: true, has_later: false })
    },
    expectUndone: ({ client }, id) => expectMissing(getBranch(client, id)),
  },
  'create_branch of a snapshot': {
    async prepare(workspace) {
      await takeSeed(workspace)
      await removeRoots(workspace)
    },
    act: ({ client }, id) =>
      client.call(branchRoutes.createBranch, {
        params: inBase,
        query: { branch_id: id },
        body: { spec: { source_snapshot: `projects/${BASE}/snapshots/${SEED}` } },
      }),
    async expectDone(workspace, id) {
      const { status } = await getBranch(workspace.client, id)
      const source = { source_snapshot: `projects/${BASE}/snapshots/${SEED}` }
      expect(status).toMatchObject({ current_state: 'READY', ...source })
      expect(await lookInto(workspace, id)).toMatchObject({ is_cloned: true })
    },
    expectUndone: ({ client }, id) => expectMissing(getBranch(client, id)),
  },
  'restore_branch of a snapshot': {
    async prepare(workspace, id) {
      await takeSeed(workspace)
      await spoilBranch(workspace, id)
    },
    act: ({ client }, id) =>
      client.call(restoreRoutes.restore, {
        params: { ...inBase, branch: id },
        body: { snapshot: SEED, in_place: true, branch_id: `${id}-old` },
      }),
    async expectDone(workspace, id) {
      // The table with the word is none of the snapshot's.
      await expect(wordIn(workspace, id)).rejects.toThrow(/does not exist/)
      expect(await lookInto(workspace, id)).toMatchObject({ is_cloned: true })
      expect(await wordIn(workspace, `${id}-old`)).toBe('spoiled')
    },
    async expectUndone(workspace, id) {
      expect(await wordIn(workspace, id)).toBe('spoiled')
      await expectMissing(getBranch(workspace.client, `${id}-old`))
    },
  },
  'create_snapshot of a moment': {
    async prepare(workspace, id) {
      await makeRoomForSnapshots(workspace)
      await noteMoment(workspace, id)
    },
    act: ({ client }, id) =>
      client.call(snapshotRoutes.createSnapshot, {
        params: inBase,
        query: { snapshot_id: id },
        body: { spec: { source_branch: baseName, source_branch_time: moments.get(id) } },
      }),
    async expectDone({ client }, id) {
      const { status } = await getSnapshot(client, id)
      expect(status).toMatchObject({ current_state: 'READY', source_branch: baseName })
      expect(status.full_size_bytes).toBeGreaterThan(1_000_000)
    },
    expectUndone: ({ client }, id) => expectMissing(getSnapshot(client, id)),
  },
}

/** By the name of what is made, the moment that it is made of. */
const moments = new Map<string, string>()

/** Notes a moment of the first branch, and writes something after it. */
async function noteMoment(workspace: TestWorkspace, id: string): Promise<void> {
  await using sql = await connectTo(workspace, BASE_ENDPOINT)
  const { rows } = await sql.client.query<{ at: string }>(
    `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
  )
  moments.set(id, rows[0]?.at ?? '')
  await sql.client.query(`CREATE TABLE "later ${id}" (n int)`)
}

/** What a branch has of the one it was made from. */
async function lookInto(workspace: TestWorkspace, id: string): Promise<unknown> {
  await using sql = await connectTo(workspace, endpointOf(id))
  const { rows } = await sql.client.query(
    `SELECT (SELECT count(*)::int > 0 FROM acknowledged) AS is_cloned, to_regclass('"later ${id}"') IS NOT NULL AS has_later`,
  )
  return rows[0]
}

async function takeSeed(workspace: TestWorkspace): Promise<void> {
  try {
    await getSnapshot(workspace.client, SEED)
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 404)) throw error
    await operationDone(workspace, await createSnapshot(workspace, SEED))
  }
}

/** Three branches of a project may be roots. */
async function removeRoots(workspace: TestWorkspace): Promise<void> {
  const { branches = [] } = await workspace.client.call(branchRoutes.listBranches, { params: inBase })
  for (const { branch_id: branch } of branches.filter((each) => each.status.source_snapshot !== undefined))
    await operationDone(
      workspace,
      await workspace.client.call(branchRoutes.deleteBranch, {
        params: { ...inBase, branch },
        query: { purge: true },
      }),
    )
}
