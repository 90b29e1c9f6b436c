// The server process is killed with SIGKILL while something runs; the next start must finish or undo it and leave nothing behind.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { appsRoutes } from '@lakelet/api'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runsIn } from '../hostile/footprint.ts'
import {
  startTestWorkspace,
  type TestWorkspace,
  type TestWorkspaceOptions,
  writeFiles,
} from '../system/workspace.ts'
import { BASE_ENDPOINT, connectTo, prepareBase } from './kill-workspace.ts'
import { expectInLog } from '../guards/log-guard.ts'

expectInLog(
  // What the start after a kill says.
  /stopped a Postgres of an earlier run/,
  /ending processes of apps that a killed workspace left/,
)

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-kill-'))
})

afterEach(async () => {
  // The system may take a moment to take them down.
  await vi.waitFor(() => expect(runsIn(directory), 'processes left behind').toEqual([]), 60_000)
  await rm(directory, { recursive: true, force: true })
})

const start = (options: TestWorkspaceOptions = {}) => startTestWorkspace({ directory, ...options })

describe('a query that is running', () => {
  it('loses nothing that was acknowledged', async () => {
    const killed = await start()
    await prepareBase(killed)
    const sql = await connectTo(killed, BASE_ENDPOINT)
    const ended = new Promise((resolve) => sql.client.on('error', resolve))
    let acknowledged = 0
    const writing = (async () => {
      for (let n = 1; ; n += 1) {
        await sql.client.query('INSERT INTO acknowledged VALUES ($1)', [n])
        acknowledged = n
      }
    })().catch(() => undefined)
    await eventually(async () => {
      if (acknowledged < 50) throw new Error('too few rows yet')
    })
    await killed.stop('SIGKILL')
    await Promise.all([ended, writing])
    await using workspace = await start()
    await using again = await connectTo(workspace, BASE_ENDPOINT)
    const { rows } = await again.client.query<{ n: number }>('SELECT n FROM acknowledged ORDER BY n')
    const found = rows.map(({ n }) => n)
    // The row whose answer was on its way when the server died may be there or not.
    expect(found.slice(0, acknowledged)).toEqual(
      Array.from({ length: acknowledged }, (_, index) => index + 1),
    )
    expect(found.length - acknowledged).toBeLessThanOrEqual(1)
  })
})

describe('an app that is being deployed', () => {
  it('is served by its earlier deployment, and can be deployed again', async () => {
    const killed = await start()
    await killed.client.call(appsRoutes.create, { body: { name: 'web' } })
    await upload(killed, 'one', 0)
    const first = await deploy(killed, 'one')
    expect(await deploymentEnd(killed, first)).toBe('SUCCEEDED')
    expect(await page(killed)).toBe('one')
    await upload(killed, 'two', 60_000)
    const second = await deploy(killed, 'two')
    const servers = () => runsIn(directory).filter(({ command }) => command.includes('server.mjs'))
    await eventually(async () => expect(servers()).toHaveLength(2))
    await killed.stop('SIGKILL')

    await using workspace = await start()
    expect(await deploymentEnd(workspace, second)).not.toBe('SUCCEEDED')
    expect(await eventually(() => page(workspace))).toBe('one')
    await upload(workspace, 'three', 0)
    expect(await deploymentEnd(workspace, await deploy(workspace, 'three'))).toBe('SUCCEEDED')
    expect(await page(workspace)).toBe('three')
  })
})

async function upload(workspace: TestWorkspace, text: string, startAfterMs: number): Promise<void> {
  const local = path.join(directory, text)
  await writeFiles(local, {
    'app.yaml': "command: ['node', 'server.mjs']\n",
    'server.mjs': `import { createServer } from 'node:http'
setTimeout(() => createServer((_, reply) => reply.end('${text}')).listen(process.env.DATABRICKS_APP_PORT), ${startAfterMs})
`,
  })
  await workspace.cli(['sync', local, folderOf(workspace, text)])
}

function folderOf(workspace: TestWorkspace, text: string): string {
  return `/Workspace/Users/${workspace.user}/${text}`
}

async function deploy(workspace: TestWorkspace, text: string): Promise<string> {
  const deployment = await workspace.client.call(appsRoutes.createDeployment, {
    params: { name: 'web' },
    body: { source_code_path: folderOf(workspace, text) },
  })
  return deployment.deployment_id ?? ''
}

async function deploymentEnd(workspace: TestWorkspace, id: string): Promise<string> {
  return eventually(async () => {
    const found = await workspace.client.call(appsRoutes.getDeployment, {
      params: { name: 'web', deployment_id: id },
    })
    if (found.status.state === 'IN_PROGRESS') throw new Error('still in progress')
    return found.status.state
  })
}

async function page(workspace: TestWorkspace): Promise<string> {
  const { url } = await workspace.client.call(appsRoutes.get, { params: { name: 'web' } })
  const reply = await fetch(url, { headers: { authorization: `Bearer ${workspace.token}` } })
  const text = await reply.text()
  if (!reply.ok) throw new Error(`the app answered ${reply.status}: ${text}`)
  return text
}

/** Repeats `attempt` until it does not reject, for half a minute. */
async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 30_000
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(50)
    }
  }
}
