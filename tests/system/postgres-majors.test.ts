// Projects of the major versions beside the usual one, as people use them: made, logged in to, branched, put to sleep and woken.
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect as connectSocket } from 'node:net'
import { homedir } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { computeControlRoutes, credentialRoutes, endpointRoutes, overviewRoutes } from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

let workspace: TestWorkspace

beforeAll(async () => {
  // What is fetched is kept where the tests of this machine share it.
  const XDG_CACHE_HOME = process.env['XDG_CACHE_HOME'] ?? path.join(homedir(), '.cache')
  workspace = await startTestWorkspace({ majors: [16, 17, 18], env: { XDG_CACHE_HOME } })
})
afterAll(() => workspace[Symbol.asyncDispose]())

interface Login {
  readonly branch?: string
  readonly user?: string
  readonly password?: string
}

/** A session in a branch of `project`, as the owner when nobody is named. */
async function connect(project: string, { branch = 'production', user, password }: Login = {}) {
  const name = `projects/${project}/branches/${branch}/endpoints/primary`
  const { uid } = await workspace.client.call(endpointRoutes.getEndpoint, {
    params: { project, branch, endpoint: 'primary' },
  })
  const credential = () => workspace.client.call(credentialRoutes.generate, { body: { endpoint: name } })
  const client = new Client({
    ...workspace.postgres,
    user: user ?? workspace.user,
    password: password ?? (await credential()).token,
    database: 'databricks_postgres',
    options: `endpoint=${uid}`,
    ssl: { ca: await readFile(workspace.caFile, 'utf8') },
  })
  client.on('error', () => undefined)
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

it('offers them, and names what it offers for one that is unknown', async () => {
  const { postgres_versions: versions } = await workspace.client.call(overviewRoutes.getSession, {})
  expect(versions).toEqual({ default: 17, offered: [16, 17, 18] })
  const json = JSON.stringify({ spec: { pg_version: 15 } })
  const refused = await workspace.lakelet(['postgres', 'create-project', 'old', '--json', json])
  expect(refused.code).not.toBe(0)
  expect(refused.stderr).toContain('Postgres 15 is not offered here. Major versions that are: 16, 17, 18.')
})

describe.each([16, 18])('a project of Postgres %i', (major) => {
  const project = `on-${major}`
  let why: string | undefined

  beforeAll(async () => {
    const spec = { pg_version: major, enable_pg_native_login: true }
    const made = await workspace.lakelet([
      'postgres',
      'create-project',
      project,
      '--json',
      JSON.stringify({ spec }),
    ])
    if (made.code === 0) return
    if (!made.stderr.includes('is fetched at its first use')) throw new Error(made.stderr)
    why = made.stderr
  })

  it('takes credentials and passwords, cancels, branches, sleeps and wakes', async (context) => {
    context.skip(why !== undefined, why)
    expect(JSON.parse(await workspace.cli(['postgres', 'get-project', `projects/${project}`]))).toMatchObject(
      { status: { pg_version: major } },
    )
    await using owner = await connect(project)
    const shown = await owner.query<{ server_version: string }>('SHOW server_version')
    expect(shown.rows[0]?.server_version).toMatch(new RegExp(`^${major}\\.`))
    await owner.query('CREATE EXTENSION IF NOT EXISTS databricks_auth; CREATE EXTENSION pg_stat_statements')
    await owner.query(`CREATE ROLE native LOGIN PASSWORD 'correct horse battery staple'`)
    await owner.query('CREATE TABLE t AS SELECT generate_series(1, 1000) AS n')
    const native = { user: 'native', password: 'correct horse battery staple' }
    await (await connect(project, native)).end()
    await expect(connect(project, { ...native, password: 'wrong' })).rejects.toMatchObject({ code: '28P01' })

    const sleeping = owner.query('SELECT pg_sleep(60)').catch((error: unknown) => error)
    // One that comes before the query has begun cancels nothing.
    const over = sleeping.then(() => 'over')
    while ((await Promise.race([over, delay(200, 'waiting')])) !== 'over') await sendCancel(owner)
    expect(await sleeping).toMatchObject({ code: '57014' })

    await workspace.cli([
      'postgres',
      'create-branch',
      `projects/${project}`,
      'dev',
      '--json',
      JSON.stringify({ spec: { source_branch: `projects/${project}/branches/production`, no_expiry: true } }),
    ])
    {
      await using dev = await connect(project, { branch: 'dev' })
      expect((await dev.query('DELETE FROM t')).rowCount).toBe(1000)
    }
    const params = { project, branch: 'production', endpoint: 'primary' }
    await workspace.client.call(computeControlRoutes.suspend, { params, body: {} })
    await using woken = await connect(project, native)
    expect((await woken.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await using again = await connect(project)
    expect((await again.query('SELECT count(*)::int AS n FROM t')).rows).toEqual([{ n: 1000 }])
  })

  it('refuses to become another version', async (context) => {
    context.skip(why !== undefined, why)
    const update = ['postgres', 'update-project', `projects/${project}`, 'spec.pg_version', '--json']
    const refused = await workspace.lakelet([...update, JSON.stringify({ spec: { pg_version: 17 } })])
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toMatch(/stay with that major version.*pg_dump/s)
  })
})

/** A CancelRequest as older clients send it, in plain text. */
async function sendCancel(client: Client): Promise<void> {
  const { processID, secretKey } = client as unknown as { processID: number; secretKey: number }
  const request = Buffer.alloc(16)
  for (const [index, value] of [16, 80_877_102, processID, secretKey].entries())
    request.writeInt32BE(value, 4 * index)
  const socket = connectSocket(workspace.postgres)
  socket.end(request)
  await once(socket.resume(), 'close')
}
