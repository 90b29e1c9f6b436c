// `lakelet doctor` over what is really broken.
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace, writeFiles } from '../../../tests/system/workspace.ts'
import { listenerOf } from '../src/doctor/listener.ts'
import { runLakelet } from './terminal.ts'

interface Finding {
  readonly check: string
  readonly state: string
  readonly found: string
  readonly todo?: string
}

let folder: string

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(tmpdir(), 'doctor-')))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function examine(cwd: string, env: Readonly<Record<string, string>>) {
  const { code, stdout } = await runLakelet(['doctor', '-o', 'json'], { cwd, env })
  return { code, findings: (JSON.parse(stdout) as { readonly findings: readonly Finding[] }).findings }
}

it('says what a machine lacks, and changes nothing', async () => {
  const cwd = path.join(folder, 'bare')
  await mkdir(cwd)
  const { findings } = await examine(cwd, { PATH: cwd })
  const states = Object.fromEntries(findings.map(({ check, state }) => [check, state]))
  expect(states).toMatchObject({
    node: 'ok',
    python: 'note',
    psql: 'note',
    namespaces: 'note',
  })
  expect(findings.find(({ check }) => check === 'data-directory')?.found).toContain('is not there yet')
  expect(findings.find(({ check }) => check === 'branching')?.found).toMatch(
    /shares all blocks|files are copied at/,
  )
  expect(await readdir(cwd)).toEqual([])
  const text = await runLakelet(['doctor'], { cwd, env: { PATH: cwd } })
  expect(text.stdout).toContain('note    psql: no psql\n')
})

it('finds a directory that others may write, and a note of a workspace that is gone', async () => {
  const cwd = path.join(folder, 'open')
  const dataDir = path.join(cwd, '.lakelet')
  await writeFiles(dataDir, { lock: '', 'lock.pid': '' })
  const gone = {
    pid: 2 ** 30,
    version: '0',
    host: 'http://127.0.0.1:1',
    postgres: { host: '127.0.0.1', port: 1 },
  }
  const published = { ...gone, caFile: '', configFile: '', user: 'x' }
  await writeFile(path.join(dataDir, 'workspace.json'), JSON.stringify(published))
  await chmod(dataDir, 0o777)
  const { code, findings } = await examine(cwd, {})
  expect(code).toBe(1)
  expect(findings).toContainEqual(
    expect.objectContaining({ check: 'data-directory', state: 'problem', todo: `chmod go-w ${dataDir}` }),
  )
  expect(findings).toContainEqual(expect.objectContaining({ check: 'workspace', state: 'note' }))
})

it('names who listens on a port', async () => {
  await using server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  expect(await listenerOf(port)).toContain(`(process ${process.pid})`)
})

it('finds tables of an app that was made anew, and ports in app.yaml that are no more', async () => {
  await using workspace: TestWorkspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', 'shop'])
  const cwd = path.join(folder, 'project')
  const yaml = (port: number) => `env:\n  - name: PGPORT\n    value: '${port}'\n`
  await writeFiles(cwd, { 'good/app.yaml': yaml(workspace.postgres.port), 'bad/app.yaml': yaml(1) })
  // The role of a service principal that no workspace knows, as after an app was deleted.
  const gone = '00000000-0000-4000-8000-000000000000'
  const sql = `CREATE ROLE "${gone}"; GRANT "${gone}" TO CURRENT_USER; GRANT ALL ON SCHEMA public TO "${gone}";
CREATE TABLE notes (n int); ALTER TABLE notes OWNER TO "${gone}"`
  await workspace.cli(['sql', sql])
  const result = await workspace.lakelet(['doctor', '-o', 'json'], { cwd })
  const { findings } = JSON.parse(result.stdout) as { readonly findings: readonly Finding[] }
  const problems = findings.filter(({ state }) => state === 'problem')
  expect(problems.map(({ check }) => check)).toEqual(['app-yaml', 'orphans'])
  expect(problems[0]?.found).toContain('bad/app.yaml has PGPORT 1')
  expect(problems[1]?.found).toContain(gone)
  expect(result.code).toBe(1)
})
