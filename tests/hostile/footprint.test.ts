// The measure of all hostile tests: it must see what is left, and nothing where nothing is.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { projectRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { scaled } from './duration.ts'
import { comesBack, expectBackAt, type Footprint, footprintOf } from './footprint.ts'

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
    const before = await leastHeld(workspace)
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

/** What it holds once connections that are about to end have ended: one of them would make room for the one that is looked for. */
async function leastHeld(workspace: TestWorkspace): Promise<Footprint> {
  let least = footprintOf(workspace)
  for (let unchanged = 0; unchanged < 10; unchanged += 1) {
    await sleep(50)
    const now = footprintOf(workspace)
    if (now.sockets < least.sockets) unchanged = 0
    if (now.sockets <= least.sockets) least = now
  }
  return least
}
