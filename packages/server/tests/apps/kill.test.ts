import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { hasProcessTable, startTimeOf } from '../../src/apps/process-table.ts'
import { startAppsApi, visit } from './apps-api.ts'
import type { Said } from './apps-child.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

it.runIf(hasProcessTable)(
  'kill -9 of the workspace leaves nothing that the next start does not end, and the app serves again',
  async () => {
    expectInLog(/ending processes of apps that a killed workspace left/)
    const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-kill-'))
    const script = path.join(import.meta.dirname, 'apps-child.ts')
    const child = spawn(process.execPath, ['--conditions=lakelet:source', script, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const said = await new Promise<Said>((resolve, reject) => {
        createInterface({ input: child.stdout }).once('line', (line) => {
          resolve(JSON.parse(line) as Said)
        })
        child.once('exit', (code) => {
          reject(new Error(`the workspace ended by itself with ${code}`))
        })
      })
      child.removeAllListeners('exit')
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended
      expect(await startTimeOf(said.serving)).toBeDefined()
      expect(await startTimeOf(said.building)).toBeDefined()
      await using api = await startAppsApi({ directory })
      expect(await startTimeOf(said.serving)).toBeUndefined()
      expect(await startTimeOf(said.building)).toBeUndefined()
      const page = await visit(said.url)
      expect([page.status, Number(page.text)]).toEqual([200, expect.any(Number)])
      expect(Number(page.text)).not.toBe(said.serving)
      const { body } = await api.call('GET', '/api/2.0/apps/survivor/deployments')
      expect(body).toMatchObject({
        app_deployments: [
          { status: { state: 'FAILED', message: expect.stringContaining('stopped during this deployment') } },
          { status: { state: 'SUCCEEDED' } },
        ],
      })
    } finally {
      child.kill('SIGKILL')
      await rm(directory, { recursive: true, force: true })
    }
  },
)
