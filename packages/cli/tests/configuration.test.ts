// Which workspace a command talks to and as whom, against an HTTP server that records what it is asked.
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Session } from '@lakelet/api'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { runLakelet } from './terminal.ts'

/** What `status` needs of a workspace beside lists. */
const SESSION: Session = {
  user: 'ada@example.com',
  kind: 'user',
  is_admin: true,
  version: '0.0.0',
  workspace_id: '1',
  host: 'http://127.0.0.1:1',
  postgres: { host: '127.0.0.1', port: 1 },
  ca_file: '/ca.pem',
  region: 'local',
  computes: { awake: 0, waiting: 0, used_bytes: 0, memory_bytes: 0 },
  postgres_versions: { default: 17, offered: [17] },
}

const ANSWERS: Readonly<Record<string, object>> = {
  '/api/2.0/lakelet/session': SESSION,
  '/api/2.0/lakelet/archive': { state: 'off', waiting_bytes: 0, waiting_files: 0, has_gap: false },
}

let directory: string
let server: Server
let host: string
let authorizations: (string | undefined)[]

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'lakelet-cli-'))
  authorizations = []
  server = createServer((request, response) => {
    authorizations.push(request.headers.authorization)
    response.setHeader('content-type', 'application/json')
    if (request.headers.authorization === 'Bearer wrong') {
      response.writeHead(401).end('{"error_code":"UNAUTHENTICATED","message":"The token is not known."}')
    } else response.end(JSON.stringify(ANSWERS[request.url ?? ''] ?? {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  server.closeAllConnections()
  server.close()
  await rm(directory, { recursive: true })
})

async function writeProfiles(text: string): Promise<void> {
  await writeFile(path.join(directory, '.databrickscfg'), text)
}

async function usedToken(
  env: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
): Promise<string | undefined> {
  const { stderr } = await runLakelet(['apps', 'list', ...more], { cwd: directory, env })
  expect(stderr).toBe('')
  return authorizations.at(-1)
}

it('takes host and token from the environment and then leaves the file alone', async () => {
  await writeProfiles('[DEFAULT]\nhost = http://127.0.0.1:1\ntoken = file\n')
  expect(await usedToken({ DATABRICKS_HOST: host, DATABRICKS_TOKEN: 'env' })).toBe('Bearer env')
})

it('takes the named profile, and variables before its keys', async () => {
  await writeProfiles(`[DEFAULT]\nhost = http://127.0.0.1:1\n[a]\nhost = ${host}\ntoken = a\n`)
  expect(await usedToken({}, ['--profile', 'a'])).toBe('Bearer a')
  expect(await usedToken({ DATABRICKS_CONFIG_PROFILE: 'a' })).toBe('Bearer a')
  expect(await usedToken({ DATABRICKS_CONFIG_PROFILE: 'a', DATABRICKS_TOKEN: 'env' })).toBe('Bearer env')
})

it('takes the default profile: the one that the settings name, else DEFAULT', async () => {
  await writeProfiles(`[DEFAULT]\nhost = ${host}/\ntoken = d\n`)
  expect(await usedToken()).toBe('Bearer d')
  await writeProfiles(
    `[DEFAULT]\nhost = http://127.0.0.1:1\n[b]\nhost = ${host}\ntoken = b\n[__settings__]\ndefault_profile = b\n`,
  )
  expect(await usedToken()).toBe('Bearer b')
})

it('reads the file that DATABRICKS_CONFIG_FILE names', async () => {
  await writeFile(path.join(directory, 'other'), `[DEFAULT]\nhost = ${host}\ntoken = other\n`)
  expect(await usedToken({ DATABRICKS_CONFIG_FILE: path.join(directory, 'other') })).toBe('Bearer other')
})

/** What a running workspace leaves for others, with this process as the one that runs. */
async function publishWorkspace(dataDir: string, token = 'owner'): Promise<void> {
  await mkdir(dataDir, { recursive: true })
  const configFile = path.join(dataDir, 'databrickscfg')
  await writeFile(configFile, `[DEFAULT]\nhost = ${host}\ntoken = ${token}\n`)
  const content = {
    pid: process.pid,
    version: '0',
    host,
    postgres: { host: '127.0.0.1', port: 5499 },
    caFile: path.join(dataDir, 'ca.pem'),
    configFile,
    user: 'jane.doe@example.com',
  }
  await writeFile(path.join(dataDir, 'workspace.json'), JSON.stringify(content))
}

it('finds the workspace that runs here when nothing is configured, also from a folder below', async () => {
  await publishWorkspace(path.join(directory, '.lakelet'))
  expect(await usedToken()).toBe('Bearer owner')
  const below = path.join(directory, 'app', 'src')
  await mkdir(below, { recursive: true })
  const { code } = await runLakelet(['apps', 'list'], { cwd: below, home: directory })
  expect({ code, token: authorizations.at(-1) }).toEqual({ code: 0, token: 'Bearer owner' })
})

it.each([
  [{}, [], 3, 'No workspace is configured'],
  [{}, ['--profile', 'nope'], 3, 'has no profile nope'],
  [{ DATABRICKS_TOKEN: 't' }, [], 3, 'names no host'],
  [{ DATABRICKS_HOST: 'http://127.0.0.1:1', DATABRICKS_TOKEN: 't' }, [], 6, 'cannot be reached'],
  [{ DATABRICKS_HOST: 'http://', DATABRICKS_TOKEN: 't' }, [], 2, 'is not the address of a workspace'],
])('says what is missing: %j %j', async (env, more, code, message) => {
  const ran = await runLakelet(['apps', 'list', ...more], { cwd: directory, env })
  expect(ran.stderr).toContain(message)
  expect(ran.code).toBe(code)
})

it('passes on what the workspace says about a token, and how to sign in', async () => {
  const env = { DATABRICKS_HOST: host, DATABRICKS_TOKEN: 'wrong' }
  const ran = await runLakelet(['apps', 'list'], { cwd: directory, env })
  expect(ran).toEqual({
    code: 3,
    stdout: '',
    stderr: "Error: The token is not known.\nSign in again with 'lakelet auth login'.\n",
  })
})

it('signs in to the workspace of this machine without touching other profiles', async () => {
  const dataDir = path.join(directory, 'data')
  await publishWorkspace(dataDir)
  const before = '# mine\n[DEFAULT]\nhost = https://cloud.example.com\ntoken = keep\n'
  await writeProfiles(before)
  const login = ['auth', 'login', '--data-dir', dataDir]
  const { code, stderr } = await runLakelet(login, { cwd: directory })
  expect(stderr).toContain('Profile lakelet was successfully saved')
  expect(code).toBe(0)
  const section = `[lakelet]\nhost = ${host}\ntoken = owner\nlakelet_data_dir = ${dataDir}\n`
  const file = path.join(directory, '.databrickscfg')
  expect(await readFile(file, 'utf8')).toBe(`${before}\n${section}`)
  expect(await readFile(`${file}.bak`, 'utf8')).toBe(before)
  await runLakelet(login, { cwd: directory })
  expect(await readFile(file, 'utf8')).toBe(`${before}\n${section}`)
  expect(await usedToken({}, ['-p', 'lakelet'])).toBe('Bearer owner')
})

it('makes the first profile the default', async () => {
  await publishWorkspace(path.join(directory, '.lakelet'))
  await runLakelet(['auth', 'login'], { cwd: directory })
  expect(await readFile(path.join(directory, '.databrickscfg'), 'utf8')).toMatch(/^\[DEFAULT\]\nhost = http/)
  const { stdout } = await runLakelet(['auth', 'profiles', '--skip-validate'], { cwd: directory })
  expect(stdout).toBe(`Name               Host\nDEFAULT (Default)  ${host}\n`)
})

/** A default profile of the cloud; its address leads to the recording server, and no loopback name says so. */
function cloud(): string {
  return host.replace('127.0.0.1', '0.0.0.0')
}

it('never uses a default profile of another machine unasked', async () => {
  await writeProfiles(`[DEFAULT]\nhost = ${cloud()}\ntoken = prod\n[mine]\nhost = ${host}\ntoken = m\n`)
  for (const argv of [
    ['apps', 'create', 'x'],
    ['status'],
    ['down'],
    ['sql', 'SELECT 1'],
    ['open'],
    ['env'],
  ]) {
    const { code, stderr } = await runLakelet(argv, { cwd: directory })
    expect(stderr).toMatch(/none runs in|No workspace runs in/)
    expect(code).toBeGreaterThan(2)
  }
  const { stderr } = await runLakelet(['apps', 'create', 'x'], { cwd: directory })
  expect(stderr).toContain('is not used unasked')
  expect(stderr).toContain('Profiles of this machine: mine.')
  expect(authorizations).toEqual([])
  expect(await usedToken({}, ['-p', 'DEFAULT'])).toBe('Bearer prod')
  expect(await usedToken({ DATABRICKS_CONFIG_PROFILE: 'DEFAULT' })).toBe('Bearer prod')
})

it('lets the workspace of the directory go before every default profile', async () => {
  await writeProfiles(`[DEFAULT]\nhost = ${host}\ntoken = elsewhere\n`)
  await publishWorkspace(path.join(directory, 'a/.lakelet'), 'a')
  await publishWorkspace(path.join(directory, 'b/.lakelet'), 'b')
  for (const name of ['a', 'b']) {
    const cwd = path.join(directory, name, 'src')
    await mkdir(cwd)
    await runLakelet(['apps', 'list'], { cwd, home: directory })
    expect(authorizations.at(-1)).toBe(`Bearer ${name}`)
    const status = await runLakelet(['status', '--field', 'data_dir'], { cwd, home: directory })
    expect(status).toMatchObject({ code: 0, stdout: `${path.join(directory, name, '.lakelet')}\n` })
  }
  expect(await usedToken({}, ['--data-dir', 'a/.lakelet'])).toBe('Bearer a')
  expect(await usedToken({ LAKELET_DATA_DIR: 'b/.lakelet' })).toBe('Bearer b')
  expect(await usedToken()).toBe('Bearer elsewhere')
})

it('takes nothing in the place of a workspace that is here and does not run', async () => {
  await writeProfiles(`[DEFAULT]\nhost = ${host}\ntoken = elsewhere\n`)
  await mkdir(path.join(directory, '.lakelet'))
  for (const name of ['lock', 'metadata.sqlite']) await writeFile(path.join(directory, '.lakelet', name), '')
  const ran = await runLakelet(['apps', 'list'], { cwd: directory })
  expect(ran).toMatchObject({ code: 4, stderr: expect.stringContaining('No workspace runs in') as string })
  const named = await runLakelet(['apps', 'list'], { cwd: directory, env: { LAKELET_DATA_DIR: 'none' } })
  expect(named.stderr).toContain('which LAKELET_DATA_DIR names')
  expect(authorizations).toEqual([])
})

it('follows the link of a folder, and says where a change goes', async () => {
  await publishWorkspace(path.join(directory, 'shared'))
  await writeFile(path.join(directory, 'shared/lock'), '')
  const cwd = path.join(directory, 'project')
  await mkdir(cwd)
  const link = await runLakelet(['link', '--data-dir', '../shared'], { cwd, home: directory })
  expect(link).toMatchObject({ code: 0 })
  const create = ['workspace', 'mkdirs', '/Users/x']
  const linked = await runLakelet(create, { cwd, home: directory })
  expect(authorizations.at(-1)).toBe('Bearer owner')
  expect(linked.stderr).toContain(
    `Workspace: ${host} (the workspace in ${path.join(directory, 'shared')}, by `,
  )
  const named = await runLakelet([...create, '--data-dir', '../shared'], { cwd, home: directory })
  expect(named.stderr).toBe('')
  await runLakelet(['link', '--remove'], { cwd })
  const gone = await runLakelet(create, { cwd, home: directory })
  expect(gone.stderr).toContain('No workspace is configured')
})

it('follows the link to a profile, which was named once for the folder', async () => {
  await writeProfiles(`[DEFAULT]\nhost = https://cloud.example\ntoken = d\n[a]\nhost = ${host}\ntoken = a\n`)
  const cwd = path.join(directory, 'project')
  await mkdir(cwd)
  expect(await runLakelet(['link', '-p', 'a'], { cwd, home: directory })).toMatchObject({
    code: 0,
    stdout: `${cwd} is linked to the workspace at ${host}.\n`,
  })
  const linked = await runLakelet(['workspace', 'mkdirs', '/Users/x'], { cwd, home: directory })
  expect(authorizations.at(-1)).toBe('Bearer a')
  expect(linked.stderr).toContain(`Workspace: ${host} (profile a in `)
  await writeProfiles('[b]\nhost = http://127.0.0.1:1\n')
  const gone = await runLakelet(['apps', 'list'], { cwd, home: directory })
  expect(gone).toMatchObject({ code: 3, stderr: expect.stringContaining('has no profile a') as string })
  await writeFile(path.join(cwd, '.databricks/lakelet.json'), '{}')
  const broken = await runLakelet(['apps', 'list'], { cwd, home: directory })
  expect(broken.stderr).toContain('lakelet.json is not a link to a workspace')
})

it('refuses two names at once', async () => {
  const ran = await runLakelet(['apps', 'list', '-p', 'a', '--data-dir', 'b'], { cwd: directory })
  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('not both') as string })
})
