// kill -9 at every step of making and deleting an app: the next start goes on or undoes, and nothing is left that nobody owns.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { appOperations, type AppOperationsParts } from '../../src/apps/app-operations.ts'
import { type AppsApi, startAppsApi } from './apps-api.ts'
import { failpointsOf } from './operations-scenarios.ts'

// Only the names of kinds and steps are asked for.
const failpoints = failpointsOf(appOperations({} as AppOperationsParts))

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
    expect((await api.call('GET', '/api/2.0/apps/killed')).status).toBe(404)
    expect(existsSync(path.join(directory, 'apps/by-name/killed'))).toBe(false)
    expect((await api.call('POST', '/api/2.0/apps', { name: 'killed' })).status).toBe(200)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function templateFolders(api: AppsApi): Promise<string> {
  return JSON.stringify(
    (await api.call('GET', '/api/2.0/workspace/list?path=/Users/admin/databricks_apps')).body,
  )
}

const isUndo = (failpoint: string) => failpoint.endsWith('.undo')

it.each(failpoints.filter((each) => each.startsWith('create_app') && !isUndo(each)))(
  'a creation killed at %s goes on',
  (failpoint) =>
    afterKill(failpoint, async (api, removed) => {
      expect((await api.call('GET', '/api/2.0/apps/killed')).status).toBe(200)
      expect(await templateFolders(api)).toContain('killed_')
      expect((await api.call('POST', '/api/2.0/apps', { name: 'killed' })).status).toBe(409)
      await api.call('DELETE', '/api/2.0/apps/killed')
      await api.operations.idle()
      expect(removed).toHaveLength(1)
    }),
)

it.each(failpoints.filter(isUndo))(
  'a creation that failed and was killed at %s leaves nothing',
  (failpoint) =>
    afterKill(failpoint, async (api) => {
      expect(await templateFolders(api)).not.toContain('killed_')
    }),
)

it.each(failpoints.filter((each) => each.startsWith('delete_app')))(
  'a deletion killed at %s goes on',
  (failpoint) =>
    afterKill(failpoint, async (api) => {
      const { body } = await api.call('GET', '/api/2.0/apps')
      expect(body).toEqual({})
    }),
)
