// kill -9 at the steps of every operation on an app, at all of them in `npm run soak`: the next start goes on or undoes, and nothing is left that nobody owns.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, vi } from 'vitest'
import { appOperations, type AppOperationsParts } from '../../src/apps/app-operations.ts'
import { type AppsApi, type Deployment, startAppsApi, visit } from './apps-api.ts'
import { failpointsOfAll, says } from './operations-scenarios.ts'
import { sampleOf } from '../../../../tests/faults/kill-plan.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { isSoak } from '../../../../tests/hostile/duration.ts'

expectInLog(/ending processes of apps that a killed workspace left/)

// Only the names of kinds and steps are asked for.
const places = failpointsOfAll(appOperations({} as AppOperationsParts))
const sample = isSoak ? undefined : sampleOf(places, 'packages/server/tests/apps/operations')
const failpoints = (sample?.points ?? places).flat()
console.log(`${failpoints.length} of ${places.flat().length} kills${sample ? `; ${sample.again}` : ''}`)

async function runUntilKilled(directory: string, failpoint: string): Promise<string | null> {
  const script = fileURLToPath(new URL('./operations-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=lakelet:source', script, directory, failpoint], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  return signal
}

/** Kills a workspace there, starts it again and lets it come to rest; `check` sees what is left. */
async function afterKill(
  failpoint: string,
  check: (api: AppsApi, removed: readonly string[]) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-app-kill-'))
  try {
    expect(await runUntilKilled(directory, failpoint)).toBe('SIGKILL')
    const removed: string[] = []
    await using api = await startAppsApi({ directory, removed })
    await api.operations.idle()
    await check(api, removed)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Nothing of the app is left, and its name is free. */
async function expectGone(api: AppsApi): Promise<void> {
  expect((await api.call('GET', '/api/2.0/apps/killed')).status).toBe(404)
  expect(existsSync(path.join(api.directory, 'apps/by-name/killed'))).toBe(false)
  expect((await api.call('POST', '/api/2.0/apps', { name: 'killed' })).status).toBe(200)
}

async function templateFolders(api: AppsApi): Promise<string> {
  return JSON.stringify(
    (await api.call('GET', '/api/2.0/workspace/list?path=/Users/admin/databricks_apps')).body,
  )
}

async function killedApp(api: AppsApi) {
  return (await api.call('GET', '/api/2.0/apps/killed')).body
}

/** What the app answers, once it does. */
async function answerOf(api: AppsApi): Promise<string> {
  const { url } = await killedApp(api)
  return vi.waitFor(
    async () => {
      const page = await visit(url)
      expect(page.status).toBe(200)
      return page.text
    },
    { timeout: 90_000 },
  )
}

/** Directories of builds, and states of deployments, the newest first. */
async function deploymentsOf(api: AppsApi) {
  const { body } = await api.call('GET', '/api/2.0/apps/killed/deployments')
  const { app_deployments: all } = body as unknown as { app_deployments: Deployment[] }
  const built = (id: string) =>
    existsSync(path.join(api.directory, 'apps/by-name/killed/deployments', id, 'source'))
  return all.map((each) => ({ state: each.status.state, isBuilt: built(each.deployment_id) }))
}

const isUndo = (failpoint: string) => failpoint.endsWith('.undo')
const of = (kind: string) => failpoints.filter((each) => each.startsWith(`${kind}.`) && !isUndo(each))
const undoOf = (kind: string) => failpoints.filter((each) => each.startsWith(`${kind}.`) && isUndo(each))

it.each(of('create_app'))('a creation killed at %s goes on', (failpoint) =>
  afterKill(failpoint, async (api, removed) => {
    expect((await api.call('GET', '/api/2.0/apps/killed')).status).toBe(200)
    expect(await templateFolders(api)).toContain('killed_')
    expect((await api.call('POST', '/api/2.0/apps', { name: 'killed' })).status).toBe(409)
    await api.call('DELETE', '/api/2.0/apps/killed')
    await api.operations.idle()
    expect(removed).toHaveLength(1)
    await expectGone(api)
  }),
)

it.each(undoOf('create_app'))('a creation that failed and was killed at %s leaves nothing', (failpoint) =>
  afterKill(failpoint, async (api) => {
    expect(await templateFolders(api)).not.toContain('killed_')
    await expectGone(api)
  }),
)

it.each(of('delete_app'))('a deletion killed at %s goes on', (failpoint) =>
  afterKill(failpoint, async (api) => {
    expect((await api.call('GET', '/api/2.0/apps')).body).toEqual({})
    await expectGone(api)
  }),
)

it.each(of('update_app'))('a change of settings killed at %s goes on', (failpoint) =>
  afterKill(failpoint, async (api) => {
    expect(await killedApp(api)).toMatchObject({ description: 'changed', resources: [{ name: 'postgres' }] })
    expect(await answerOf(api)).toBe('one')
  }),
)

it.each(undoOf('update_app'))('a change that failed and was killed at %s changes nothing', (failpoint) =>
  afterKill(failpoint, async (api) => {
    const app = await killedApp(api)
    expect(app).toMatchObject({ description: '' })
    expect(app).not.toHaveProperty('resources')
  }),
)

it.each(of('deploy_app'))('a deployment killed at %s goes on', (failpoint) =>
  afterKill(failpoint, async (api) => {
    const [latest, before] = await deploymentsOf(api)
    expect(latest).toEqual({ state: 'SUCCEEDED', isBuilt: true })
    expect(await answerOf(api)).toBe('two')
    expect(before?.state).toBe('SUCCEEDED')
    await expectDeployable(api)
  }),
)

it.each(undoOf('deploy_app'))(
  'of a deployment that failed and was killed at %s the one before serves',
  (failpoint) =>
    afterKill(failpoint, async (api) => {
      expect(await deploymentsOf(api)).toEqual([
        { state: 'FAILED', isBuilt: false },
        { state: 'SUCCEEDED', isBuilt: true },
      ])
      expect(await answerOf(api)).toBe('one')
      await expectDeployable(api)
    }),
)

it.each(of('start_app'))('a start killed at %s goes on', (failpoint) =>
  afterKill(failpoint, async (api) => {
    expect(await killedApp(api)).toMatchObject({ compute_status: { state: 'ACTIVE' } })
    expect(await answerOf(api)).toBe('one')
    expect((await api.call('POST', '/api/2.0/apps/killed/stop', {})).status).toBe(200)
  }),
)

it.each(undoOf('start_app'))('an app whose start failed and was killed at %s is stopped', (failpoint) =>
  afterKill(failpoint, async (api) => {
    expect(await killedApp(api)).toMatchObject({ compute_status: { state: 'STOPPED' } })
    expect((await api.call('POST', '/api/2.0/apps/killed/start', {})).status).toBe(200)
    expect(await answerOf(api)).toBe('one')
  }),
)

it.each(of('stop_app'))('a stop killed at %s goes on', (failpoint) =>
  afterKill(failpoint, async (api) => {
    expect(await killedApp(api)).toMatchObject({ compute_status: { state: 'STOPPED' } })
    expect((await api.call('POST', '/api/2.0/apps/killed/start', {})).status).toBe(200)
    expect(await answerOf(api)).toBe('one')
  }),
)

/** Nothing that was killed keeps the next deployment out. */
async function expectDeployable(api: AppsApi): Promise<void> {
  await api.upload('/Shared/killed', says('three'))
  expect(await api.deploy('killed', { source_code_path: '/Shared/killed' })).toMatchObject({
    status: { state: 'SUCCEEDED' },
  })
  expect(await answerOf(api)).toBe('three')
}
