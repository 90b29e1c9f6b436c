// The measure of all hostile tests: it must see what is left, and nothing where nothing is.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { projectRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { scaled } from './duration.ts'
import { comesBack, expectBackAt, footprintOf } from './footprint.ts'

describe.skipIf(process.platform !== 'linux')('what a workspace holds', () => {
  let workspace: TestWorkspace
  beforeAll(async () => {
    workspace = await startTestWorkspace()
  })
  afterAll(() => workspace?.[Symbol.asyncDispose]())

  it('is the same after ordinary calls, whose connections this process keeps alive', async () => {
    await comesBack(workspace, async () => {
      for (let round = 0; round < scaled(5, 500); round += 1) {
        const call = () => workspace.client.call(projectRoutes.listProjects, {})
        await Promise.all(Array.from({ length: 20 }, call))
      }
    })
  })

  it('shows a connection that somebody else holds, and its end', async () => {
    const before = footprintOf(workspace)
    const { port } = new URL(workspace.host)
    const script = `require('node:net').connect(${port}, '127.0.0.1').on('connect', () => console.log('connected'))`
    const holder = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    try {
      await once(holder.stdout, 'data')
      await expect(expectBackAt(before, workspace, { withinMs: 200 })).rejects.toThrow(/still holds more/)
    } finally {
      holder.kill('SIGKILL')
    }
    await expectBackAt(before, workspace)
  })

  it('shows a process in its directory, whoever its parent is', async () => {
    const before = footprintOf(workspace)
    const stray = spawn('sleep', ['60'], { cwd: workspace.dataDir, stdio: 'ignore' })
    try {
      await once(stray, 'spawn')
      await expect(expectBackAt(before, workspace, { withinMs: 200 })).rejects.toThrow(/sleep 60/)
    } finally {
      stray.kill('SIGKILL')
    }
    await expectBackAt(before, workspace)
  })
})
