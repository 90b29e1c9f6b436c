// Two workspaces of one machine and a default profile of the cloud: each folder talks to its own, and nothing ever to the cloud.
import { once } from 'node:events'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { type Server, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import {
  type CommandResult,
  type TestWorkspace,
  cliCommand,
  environment,
  runCommand,
  startTestWorkspace,
  writeFiles,
} from './workspace.ts'

let cloud: Server
let asked: string[] = []
let workspaces: readonly TestWorkspace[] = []

beforeAll(async () => {
  cloud = createServer((request, reply) => {
    asked.push(`${request.method} ${request.url}`)
    reply.writeHead(500).end()
  }).listen(0)
  await once(cloud, 'listening')
  workspaces = await Promise.all([startTestWorkspace(), startTestWorkspace()])
  // No loopback name, and yet it leads to the server above.
  const host = `http://0.0.0.0:${(cloud.address() as AddressInfo).port}`
  for (const each of workspaces) {
    await writeFile(path.join(each.home, '.databrickscfg'), `[DEFAULT]\nhost = ${host}\ntoken = production\n`)
    await mkdir(path.join(each.home, 'project/src'), { recursive: true })
    const linked = await inProject(each, ['link', '--data-dir', each.dataDir], 'project')
    expect(linked).toMatchObject({ code: 0 })
  }
})

afterEach(() => {
  expect(asked).toEqual([])
})

afterAll(async () => {
  cloud?.closeAllConnections()
  cloud?.close()
  for (const each of workspaces) await each[Symbol.asyncDispose]()
})

/** A command as a person types it in the project: no variable names a workspace. */
function inProject(
  { home }: TestWorkspace,
  args: readonly string[],
  folder = 'project/src',
): Promise<CommandResult> {
  return runCommand([...cliCommand, ...args], {
    cwd: path.join(home, folder),
    env: { ...environment(home), BROWSER: 'none' },
  })
}

it('sends every command of a folder to its own workspace', async () => {
  for (const [index, each] of workspaces.entries()) {
    const made = await inProject(each, ['postgres', 'create-project', `project-${index}`])
    expect(made).toMatchObject({
      code: 0,
      stderr: expect.stringContaining(`Workspace: ${each.host} (`) as string,
    })
    expect(await inProject(each, ['sql', '-o', 'json', 'SELECT 1 AS x'])).toMatchObject({ code: 0 })
    const names = await inProject(each, ['postgres', 'list-projects'])
    expect(names.stdout).toContain(`projects/project-${index}`)
    expect(names.stdout).not.toContain(`projects/project-${1 - index}`)
    expect(await inProject(each, ['status', '--field', 'pid'])).toMatchObject({ stdout: `${each.pid}\n` })
    const env = JSON.parse((await inProject(each, ['env', '--format', 'json'])).stdout) as object
    expect(env).toMatchObject({ PGPORT: String(each.postgres.port), DATABRICKS_HOST: each.host })
    expect((await inProject(each, ['open'])).stdout).toContain(`${each.host}/sign-in/link`)
  }
})

it('keeps a browser signed in to both: their cookies have names of their own', async () => {
  const cookies: string[] = []
  for (const each of workspaces) {
    const link = new URL((await inProject(each, ['open'])).stdout.trim())
    const body = new URLSearchParams({ code: link.searchParams.get('code') ?? '' })
    const reply = await fetch(`${each.host}/sign-in/link`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: each.host, cookie: cookies.join('; ') },
      body,
    })
    cookies.push(reply.headers.getSetCookie()[0]?.split(';')[0] ?? '')
  }
  expect(new Set(cookies.map((each) => each.split('=')[0])).size).toBe(2)
  for (const each of workspaces) {
    const me = await fetch(`${each.host}/api/2.0/preview/scim/v2/Me`, {
      headers: { cookie: cookies.join('; ') },
    })
    expect(me.status).toBe(200)
  }
})

it('uploads neither the data directory nor secrets', async () => {
  const [workspace] = workspaces
  if (!workspace) return
  expect(await readFile(path.join(workspace.dataDir, '.gitignore'), 'utf8')).toBe('*\n')
  const target = `/Workspace/Users/${workspace.user}/whole`
  await writeFiles(workspace.directory, { 'app.yaml': 'command: [node]\n', '.env': 'KEY=1\n' })
  await writeFiles(path.join(workspace.directory, 'node_modules'), { 'x/index.js': '' })
  const synced = await inProject(workspace, ['sync', workspace.directory, target])
  expect(synced.stderr).toContain('Left out: .env, node_modules/.')
  expect(synced.stdout).not.toMatch(/tls|metadata|databrickscfg\b.*data/)
  const listed = await inProject(workspace, ['workspace', 'list', target])
  expect(listed.stdout).toContain('app.yaml')
  expect(listed.stdout).not.toMatch(/whole\/data\b|\.env|node_modules/)
  const inside = path.join(workspace.dataDir, 'tls')
  expect((await stat(inside)).isDirectory()).toBe(true)
  for (const command of [['sync'], ['workspace', 'import-dir']]) {
    const refused = await inProject(workspace, [...command, inside, target])
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('is not uploaded') as string })
  }
})

it('stops its own workspace and takes no other in its place', async () => {
  const [first, second] = workspaces
  if (!first || !second) return
  expect(await inProject(first, ['down'])).toMatchObject({ code: 0 })
  for (const argv of [['status'], ['apps', 'create', 'x'], ['down'], ['sql', 'SELECT 1']]) {
    const ran = await inProject(first, argv)
    expect(ran).toMatchObject({ code: 4, stderr: expect.stringContaining('No workspace runs in') as string })
  }
  expect(await inProject(second, ['status'])).toMatchObject({ code: 0 })
})
