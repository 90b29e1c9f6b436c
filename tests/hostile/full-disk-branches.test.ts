// Making a branch that does not fit: refused with what it takes, nothing of it is left, and with room it works.
import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { branchRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { mountSmallDisk, noSmallDisk, type SmallDisk } from './small-disk.ts'

const MB = 1024 * 1024
const reason = noSmallDisk()
if (reason) console.log(`skipped: the tests of branches on a full disk, because ${reason}`)

describe.skipIf(reason)('a branch that does not fit on the disk', () => {
  let directory: string
  let disk: SmallDisk
  let workspace: TestWorkspace

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'lakelet-full-branch-'))
    await chmod(directory, 0o755)
    disk = mountSmallDisk(directory, 500)
    workspace = await startTestWorkspace({ directory })
    await workspace.cli(['postgres', 'create-project', 'shop'])
  }, 120_000)
  afterAll(async () => {
    disk?.free()
    await workspace?.[Symbol.asyncDispose]()
    disk?.[Symbol.dispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  const directories = () => readdir(path.join(disk.path, 'branches'))
  const createBranch = () => workspace.lakelet(['postgres', 'create-branch', 'projects/shop', 'dev'])

  it('is refused with what it takes, asleep and awake, and leaves nothing behind', async () => {
    const before = await directories()
    disk.fill()
    // Room for the rows of the operation, none for a copy.
    disk.free(6 * MB)
    for (let round = 0; round < 2; round += 1) {
      const { code, stderr } = await createBranch()
      expect(code).not.toBe(0)
      expect(stderr).toMatch(
        /disk is full: the branch takes about \d+ MB, and \d+ MB are free .* Free space/s,
      )
      expect(await directories()).toEqual(before)
      await workspace.lakelet(['sql', '--project', 'shop', 'SELECT 1'])
    }
    disk.free()
    expect((await createBranch()).code).toBe(0)
    const { branches = [] } = await workspace.client.call(branchRoutes.listBranches, {
      params: { project: 'shop' },
    })
    expect(branches.map(({ status }) => [status.branch_id, status.current_state])).toEqual([
      ['production', 'READY'],
      ['dev', 'READY'],
    ])
  }, 120_000)
})
