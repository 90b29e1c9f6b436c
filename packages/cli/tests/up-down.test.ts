// Starting and stopping at a terminal.
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, it } from 'vitest'
import { startTestWorkspace } from '../../../tests/system/workspace.ts'

it('stops cleanly on Ctrl-C and takes what it published away', async () => {
  await using workspace = await startTestWorkspace()
  expect(await workspace.stop('SIGINT')).toBe(0)
  expect(existsSync(path.join(workspace.dataDir, 'workspace.json'))).toBe(false)
  const log = await workspace.log()
  expect(log).toContain('Stopping …')
  const status = await workspace.lakelet(['status'])
  expect(status).toMatchObject({ code: 4, stderr: expect.stringContaining('No workspace runs in') as string })
})

it('is stopped by lakelet down, and comes back with the same data', async () => {
  await using workspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', 'kept'])
  await workspace.cli(['sql', 'CREATE TABLE t AS SELECT 42 AS x'])
  const down = await workspace.lakelet(['down'])
  expect(down).toMatchObject({ code: 0, stderr: expect.stringContaining('has stopped') as string })
  await using again = await startTestWorkspace({ directory: workspace.directory })
  expect(await again.cli(['sql', 'SELECT x FROM t'])).toBe('x\n42\n')
})

it('refuses to stop a process that only has the number of a workspace', async () => {
  await using workspace = await startTestWorkspace()
  const file = path.join(workspace.dataDir, 'workspace.json')
  const published = await readFile(file, 'utf8')
  await writeFile(file, published.replace(workspace.host, 'http://127.0.0.1:9'))
  const down = await workspace.lakelet(['down'])
  await writeFile(file, published)
  expect(down).toMatchObject({ code: 5, stderr: expect.stringContaining('nothing answers at') as string })
  expect(await workspace.cli(['status', '--field', 'pid'])).toBe(`${workspace.pid}\n`)
})
