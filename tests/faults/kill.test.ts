// The server process is killed with SIGKILL while something runs; the next start must finish or undo it and leave nothing behind.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { appsRoutes, credentialRoutes, endpointRoutes, operationRoutes, projectRoutes } from '@lakelet/api'
import { Client } from 'pg'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  startTestWorkspace,
  type TestWorkspace,
  type TestWorkspaceOptions,
  writeFiles,
} from '../system/workspace.ts'

const PROJECT = 'shop'
const ENDPOINT = `projects/${PROJECT}/branches/production/endpoints/primary`

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-kill-'))
})

afterEach(async () => {
  expect(await processesOf(directory), 'processes left behind').toEqual([])
  await rm(directory, { recursive: true, force: true })
})

const start = (options: TestWorkspaceOptions = {}) => startTestWorkspace({ directory, ...options })

describe('a project that is being created', () => {
  const points = [
    'create_project.create_storage.before',
    'create_project.create_storage.after',
    'create_project.create_owner.after',
    'create_project.complete',
  ]
  it.each(points)('is completed by the next start after a kill at %s', async (point) => {
    const killed = await start({ env: { LAKELET_FAILPOINT: point } })
    const operation = await createProject(killed).catch(() => undefined)
    expect(await died(killed)).toBe(true)
    await using workspace = await start()
    const project = await eventually(async () =>
      workspace.client.call(projectRoutes.getProject, { params: { project: PROJECT } }),
    )
    expect(project.status?.default_branch).toBe(`projects/${PROJECT}/branches/production`)
    if (operation?.name !== undefined) await operationDone(workspace, operation.name)
    // A client that was never told of the operation cannot wait for it.
    await using sql = await eventually(() => connect(workspace))
    const { rows } = await sql.client.query<{ user: string }>('SELECT current_user AS user')
    expect(rows).toEqual([{ user: workspace.user }])
    await expectNothingHalfMade(workspace)
  })
})

describe('a query that is running', () => {
  it('loses nothing that was acknowledged', async () => {
    const killed = await start()
    await operationDone(killed, (await createProject(killed)).name ?? '')
    const sql = await connect(killed)
    await sql.client.query('CREATE TABLE acknowledged (n int PRIMARY KEY)')
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
    await using again = await connect(workspace)
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
    await sleep(500)
    await killed.stop('SIGKILL')

    await using workspace = await start()
    expect(await deploymentEnd(workspace, second)).not.toBe('SUCCEEDED')
    expect(await eventually(() => page(workspace))).toBe('one')
    await upload(workspace, 'three', 0)
    expect(await deploymentEnd(workspace, await deploy(workspace, 'three'))).toBe('SUCCEEDED')
    expect(await page(workspace)).toBe('three')
  })
})

async function createProject(workspace: TestWorkspace) {
  return workspace.client.call(projectRoutes.createProject, { query: { project_id: PROJECT }, body: {} })
}

/** Polls an operation to its end; rejects with its error. */
async function operationDone(workspace: TestWorkspace, name: string): Promise<void> {
  const [, project = '', , operation = ''] = name.split('/')
  await eventually(async () => {
    const found = await workspace.client.call(operationRoutes.getProjectOperation, {
      params: { project, operation },
    })
    if (!found.done) throw new Error(`${name} is not done`)
    expect(found.error).toBeUndefined()
  })
}

async function connect(workspace: TestWorkspace) {
  const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint: ENDPOINT } })
  const ca = await readFile(workspace.caFile, 'utf8')
  const client = new Client({
    ...workspace.postgres,
    user: workspace.user,
    password: token,
    database: 'databricks_postgres',
    ssl: { ca },
  })
  await client.connect()
  return {
    client,
    async [Symbol.asyncDispose]() {
      await client.end()
    },
  }
}

/** The workspace answers only for what is whole: each branch has a data directory, and no other directory is there. */
async function expectNothingHalfMade(workspace: TestWorkspace): Promise<void> {
  const { endpoints = [] } = await workspace.client.call(endpointRoutes.listEndpoints, {
    params: { project: PROJECT, branch: 'production' },
  })
  expect(endpoints.map((each) => each.status?.endpoint_id)).toEqual(['primary'])
  expect(await readdir(path.join(workspace.dataDir, 'branches'))).toHaveLength(1)
}

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

/** Waits for the end of a server that kills itself. */
async function died(workspace: TestWorkspace): Promise<boolean> {
  return eventually(async () => {
    if (isAlive(workspace.pid)) throw new Error('the server still runs')
    return true
  })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
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

/** Command lines of processes that run in or with the directory. */
async function processesOf(place: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (line.includes(place)) found.push(line.replaceAll('\0', ' ').trim())
  }
  return found
}
