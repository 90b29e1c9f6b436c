// A workspace that was killed leaves its Postgres processes running; the next one goes on with them instead of starting them again.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { computeControlRoutes, endpointRoutes } from '@lakelet/api'
import { afterAll, expect, it, vi } from 'vitest'
import { runsIn } from '../hostile/footprint.ts'
import { expectInLog } from '../guards/log-guard.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { BASE, BASE_ENDPOINT, connectTo, prepareBase } from './kill-workspace.ts'

const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-adopt-'))
let workspace: TestWorkspace | undefined

afterAll(async () => {
  await workspace?.stop()
  // The system may take a moment to take them down.
  await vi.waitFor(() => expect(runsIn(directory), 'processes left behind').toEqual([]), 60_000)
  await rm(directory, { recursive: true, force: true })
})

async function look(of: TestWorkspace): Promise<{ started: string; rows: number }> {
  await using sql = await connectTo(of, BASE_ENDPOINT)
  const { rows } = await sql.client.query<{ started: string; rows: number }>(
    'SELECT pg_postmaster_start_time()::text AS started, (SELECT count(*)::int FROM acknowledged) AS rows',
  )
  return rows[0]!
}

/** What the servers of all branches said. */
async function logsOf(data: string): Promise<string> {
  const names = await readdir(data, { recursive: true })
  const logs = names.filter((name) => /branches.*[/]postgres[.]log$/.test(name))
  return (await Promise.all(logs.map((name) => readFile(path.join(data, name), 'utf8')))).join('')
}

it.runIf(process.platform === 'linux')(
  'goes on with a healthy Postgres, and watches it as its own',
  async () => {
    const killed = await startTestWorkspace({ directory })
    await prepareBase(killed)
    await using session = await connectTo(killed, BASE_ENDPOINT)
    const ended = new Promise((resolve) => session.client.on('error', resolve))
    await session.client.query('INSERT INTO acknowledged VALUES (1), (2)')
    const before = await look(killed)
    await killed.stop('SIGKILL')
    // The client's end was in the process that is gone.
    await ended
    const began = performance.now()
    workspace = await startTestWorkspace({ directory })
    const startedMs = performance.now() - began
    const after = await look(workspace)
    console.log(
      `without Postgres for clients: ${Math.round(performance.now() - began)} ms, of which ${Math.round(startedMs)} ms until the workspace ran`,
    )
    expect(after).toEqual(before)
    // What it says is heard again.
    await using failing = await connectTo(workspace, BASE_ENDPOINT)
    await expect(failing.client.query('SELECT heard_again')).rejects.toMatchObject({ code: '42703' })
    await expect.poll(() => logsOf(directory)).toContain('heard_again')

    const params = { project: BASE, branch: 'production', endpoint: 'primary' }
    const stateOf = async () =>
      (await workspace!.client.call(endpointRoutes.getEndpoint, { params })).status.current_state
    expect(await stateOf()).toBe('ACTIVE')
    expectInLog(/the compute crashed/)
    const [postmaster] = runsIn(directory).filter(({ command }) => command.includes('/bin/postgres'))
    process.kill(postmaster!.pid, 'SIGKILL')
    await expect.poll(stateOf, { interval: 20 }).not.toBe('ACTIVE')
    expect((await look(workspace)).rows).toBe(before.rows)
  },
)

it.runIf(process.platform === 'linux')(
  'does after a kill what was asked of a compute before it, and says meanwhile that it is to come',
  async () => {
    const params = { project: BASE, branch: 'production', endpoint: 'primary' }
    const before = await look(workspace!)
    await using session = await connectTo(workspace!, BASE_ENDPOINT)
    const ended = new Promise((resolve) => session.client.on('error', resolve))
    const { rows } = await session.client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')
    // The compute does not stop as long as this one cannot be ended: time enough for a kill in between.
    process.kill(rows[0]!.pid, 'SIGSTOP')
    const asked = workspace!.client.call(computeControlRoutes.restart, { params, body: {} })
    const refused = asked.then(
      () => 'done',
      () => 'cut off',
    )
    const statusOf = async () => (await workspace!.client.call(endpointRoutes.getEndpoint, { params })).status
    await expect.poll(statusOf, { interval: 10 }).toMatchObject({
      current_state: 'ACTIVE',
      pending_state: 'ACTIVE',
    })
    await workspace!.stop('SIGKILL')
    process.kill(rows[0]!.pid, 'SIGCONT')
    expect(await refused).toBe('cut off')
    await ended
    workspace = await startTestWorkspace({ directory })
    // Nobody connects: the restart alone brings it up again.
    await expect
      .poll(
        async () => {
          const { current_state: current, pending_state: pending } = await statusOf()
          return `${current} ${pending ?? 'steady'}`
        },
        { interval: 20, timeout: 20_000 },
      )
      .toBe('ACTIVE steady')
    const after = await look(workspace)
    expect(after.rows).toBe(before.rows)
    expect(after.started).not.toBe(before.started)
  },
)

it('stops it at a stop in order', async () => {
  await workspace?.stop()
  expect(runsIn(directory)).toEqual([])
})
