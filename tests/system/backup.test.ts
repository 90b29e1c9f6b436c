// A backup of a workspace that runs, under writes, as a user makes it: restored elsewhere it starts, with all that was there.
import { appendFile, readdir, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { branchRoutes, projectRoutes, restoreRoutes, snapshotRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectTo, operationDone } from '../faults/kill-workspace.ts'
import { isSoak } from '../hostile/duration.ts'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const production = { project: 'shop', branch: 'production' }
const ENDPOINT = 'projects/shop/branches/production/endpoints/primary'

describe('a backup of a workspace', () => {
  let workspace: TestWorkspace
  const at = (name: string) => path.join(workspace.directory, name)

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    const { client } = workspace
    await operationDone(
      workspace,
      await client.call(projectRoutes.createProject, { query: { project_id: 'shop' }, body: {} }),
    )
    await using sql = await connectTo(workspace, ENDPOINT)
    await sql.client.query('CREATE TABLE entries (n int PRIMARY KEY, text text)')
    await sql.client.query("INSERT INTO entries SELECT n, 'before' FROM generate_series(1, 1000) AS n")
  })
  afterAll(async () => {
    await workspace[Symbol.asyncDispose]()
  })

  /** A workspace on a restored data directory. */
  async function restored(from: string, name: string): Promise<TestWorkspace> {
    const dataDir = path.join(at(name), 'data')
    const { code, stdout, stderr } = await workspace.lakelet(['restore', from, '--data-dir', dataDir])
    expect([code, stderr.includes('Error')], stderr).toEqual([0, false])
    expect(stdout).toMatch(/Restored the backup of .*all as they were/)
    return startTestWorkspace({ directory: at(name) })
  }

  test('is made while clients write; what it holds is one moment, and starts elsewhere', async () => {
    const file = at('backup.tar.zst')
    await using sql = await connectTo(workspace, ENDPOINT)
    const over = new AbortController()
    let written = 1000
    const writing = (async () => {
      while (!over.signal.aborted) {
        await sql.client.query("INSERT INTO entries VALUES ($1, 'during')", [written + 1])
        written += 1
      }
    })()
    const acknowledged = written
    const { code, stdout, stderr } = await workspace.lakelet(['backup', file])
    over.abort()
    await writing
    expect([code, stderr.includes('Error')], stderr).toEqual([0, false])
    expect(stdout).toContain('1 branch')
    // Nothing is overwritten, and nothing is left beside it.
    expect((await workspace.lakelet(['backup', file])).stderr).toContain('it is there already')
    expect((await readdir(workspace.directory)).filter((name) => name.includes('partial'))).toEqual([])
    expect(await readdir(path.join(workspace.dataDir, 'staging'))).toEqual([])

    await using other = await restored(file, 'restored')
    await using past = await connectTo(other, ENDPOINT)
    const { rows } = await past.client.query<{ entries: number; last: number }>(
      'SELECT count(*)::int AS entries, max(n) AS last FROM entries',
    )
    expect(rows[0]?.entries, 'no gap').toBe(rows[0]?.last)
    expect(rows[0]?.entries).toBeGreaterThanOrEqual(acknowledged)
    // The same people and tokens, and the history.
    expect(other.user).toBe(workspace.user)
    const history = await other.client.call(restoreRoutes.getHistory, { params: production })
    expect(history.earliest_restore_time).toBeDefined()

    await rm(at('again'), { recursive: true, force: true })
    await appendFile(file, 'x')
    const damaged = await workspace.lakelet(['restore', file, '--data-dir', at('again')])
    expect([damaged.code === 0, damaged.stderr.includes('is damaged')]).toEqual([false, true])
    expect(await readdir(workspace.directory)).not.toContain('again')
    const taken = await workspace.lakelet(['restore', file, '--data-dir', other.dataDir])
    expect(taken.stderr).toContain('is not empty')
  })

  test.runIf(isSoak)(
    'the whole of it goes through a directory: branches, snapshots, the past, what is asleep; then it moves (takes npm run soak)',
    async () => {
      const { client } = workspace
      await operationDone(
        workspace,
        await client.call(snapshotRoutes.createSnapshot, {
          params: { project: 'shop' },
          query: { snapshot_id: 'kept' },
          body: { spec: { source_branch: 'projects/shop/branches/production' } },
        }),
      )
      await operationDone(
        workspace,
        await client.call(branchRoutes.createBranch, {
          params: { project: 'shop' },
          query: { branch_id: 'asleep' },
          body: {},
        }),
      )
      const past = new Date().toISOString()
      await using sql = await connectTo(workspace, ENDPOINT)
      await sql.client.query("UPDATE entries SET text = 'later'")
      expect((await workspace.lakelet(['backup', at('backup')])).code).toBe(0)
      const first = await restored(at('backup'), 'whole')
      await first.stop()
      // Moved, it starts where it is.
      await rename(at('whole'), at('moved'))
      await using moved = await startTestWorkspace({ directory: at('moved') })
      const textsOf = async (branch: string) => {
        await using there = await connectTo(moved, `projects/shop/branches/${branch}/endpoints/primary`)
        return (await there.client.query<{ text: string }>('SELECT DISTINCT text FROM entries')).rows.map(
          ({ text }) => text,
        )
      }
      expect(await textsOf('production')).toEqual(['later'])
      expect(await textsOf('asleep')).not.toContain('later')
      const restore = async (body: object) =>
        operationDone(moved, await moved.client.call(restoreRoutes.restore, { params: production, body }))
      await restore({ time: past, branch_id: 'at-past' })
      expect(await textsOf('at-past')).not.toContain('later')
      await restore({ snapshot: 'kept', branch_id: 'of-kept' })
      expect(await textsOf('of-kept')).not.toContain('later')
    },
  )
})
