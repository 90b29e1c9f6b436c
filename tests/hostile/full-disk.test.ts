// A disk that is full: the workspace runs on, what can be read is read, what cannot be written is refused in words, and once there is room
// everything that was acknowledged is there.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { chmod } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  ApiError,
  branchRoutes,
  credentialRoutes,
  endpointRoutes,
  type Operation,
  operationRoutes,
  projectRoutes,
  restoreRoutes,
  workspaceFilesRoutes,
} from '@lakelet/api'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  cliCommand,
  environment,
  runCommand,
  startTestWorkspace,
  type TestWorkspace,
} from '../system/workspace.ts'
import { mountSmallDisk, noSmallDisk, type SmallDisk } from './small-disk.ts'
import { expectInLog } from '../guards/log-guard.ts'

expectInLog(/ENOSPC/, /disk is full/, /stopped a Postgres of an earlier run/)

const ENDPOINT = 'projects/shop/branches/production/endpoints/primary'
const DISK_MB = 400

const reason = noSmallDisk()
if (reason) console.log(`skipped: the tests of a full disk, because ${reason}`)

describe.skipIf(reason)('a full disk', () => {
  let directory: string
  let disk: SmallDisk
  let workspace: TestWorkspace
  /** A session from before, which goes on. */
  let session: Client
  /** Files of the workspace whose upload was acknowledged. */
  const acknowledgedFiles: string[] = []
  let acknowledgedRows = 0

  beforeAll(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'lakelet-full-'))
    await chmod(directory, 0o755)
    disk = mountSmallDisk(directory, DISK_MB)
    workspace = await startTestWorkspace({ directory, env: { LAKELET_LOG_LEVEL: 'debug' } })
    await createProject('shop')
    session = await openSession()
    await session.query('CREATE TABLE kept (n int PRIMARY KEY, filler text)')
    await insertRow()
    await importFile('before')
    disk.fill()
  })

  afterAll(async () => {
    await session?.end().catch(() => undefined)
    disk?.free()
    await workspace?.[Symbol.asyncDispose]()
    disk?.[Symbol.dispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  async function createProject(id: string): Promise<void> {
    const { client } = workspace
    const started = await client.call(projectRoutes.createProject, { query: { project_id: id }, body: {} })
    const operation = started.name?.split('/').at(-1) ?? ''
    for (;;) {
      const found = await client.call(operationRoutes.getProjectOperation, {
        params: { project: id, operation },
      })
      if (found.error) throw new ApiError(0, found.error.error_code ?? '', found.error.message ?? '')
      if (found.done) return
    }
  }

  async function openSession(): Promise<Client> {
    const { token } = await workspace.client.call(credentialRoutes.generate, { body: { endpoint: ENDPOINT } })
    const client = new Client({
      ...workspace.postgres,
      user: workspace.user,
      password: token,
      database: 'databricks_postgres',
      ssl: { ca: readFileSync(workspace.caFile, 'utf8') },
    })
    client.on('error', () => undefined)
    await client.connect()
    return client
  }

  async function insertRow(): Promise<void> {
    await session.query('INSERT INTO kept VALUES ($1, $2)', [acknowledgedRows, 'x'.repeat(1000)])
    acknowledgedRows += 1
  }

  async function importFile(name: string): Promise<void> {
    const file = `/Users/${workspace.user}/${name}`
    await workspace.client.call(workspaceFilesRoutes.importFile, {
      params: { '*': file.slice(1) },
      body: Buffer.alloc(64 * 1024, name),
    })
    acknowledgedFiles.push(file)
  }

  async function exported(file: string): Promise<Buffer> {
    const headers = { authorization: `Bearer ${workspace.token}` }
    const reply = await fetch(`${workspace.host}/api/2.0/workspace-files${file}`, { headers })
    return Buffer.from(await reply.arrayBuffer())
  }

  /** Repeats until `work` fails, and gives the error; the journal of a store may have room for a few more. */
  async function untilRefused(work: (round: number) => Promise<void>): Promise<unknown> {
    for (let round = 0; round < 2000; round += 1) {
      try {
        await work(round)
      } catch (error) {
        return error
      }
    }
    throw new Error('nothing was refused')
  }

  const REFUSED = {
    errorCode: 'RESOURCE_EXHAUSTED',
    message: expect.stringMatching(/disk .*full.*[Ff]ree space/s),
  }

  /** What the API says is wrong with the branch, and with its endpoint. */
  async function problems(): Promise<unknown[]> {
    const params = { project: 'shop', branch: 'production' }
    const { client } = workspace
    const branch = await client.call(branchRoutes.getBranch, { params })
    const endpoint = await client.call(endpointRoutes.getEndpoint, {
      params: { ...params, endpoint: 'primary' },
    })
    return [branch.status.problem, endpoint.status.problem]
  }

  it('says in the status of branch and endpoint that it is full, and the command line does', async () => {
    const full = { kind: 'disk_full', message: expect.stringMatching(/disk .*is full: [\d.]+ MB are free/) }
    await expect.poll(problems).toEqual([expect.objectContaining(full), expect.objectContaining(full)])
    expect(await workspace.cli(['status'])).toMatch(/since .*The disk of the data directory is full/)
  })

  it('refuses an upload, and says what to do', async () => {
    const error = await untilRefused((round) => importFile(`upload-${round}`))
    expect(error).toMatchObject({ ...REFUSED, status: 507 })
  })

  it('refuses a project', async () => {
    expect(await untilRefused((round) => createProject(`more-${round}`))).toMatchObject(REFUSED)
  })

  it('refuses a branch, one of the past, and a restore in place; what is there stays as it is', async () => {
    const params = { project: 'shop', branch: 'production' }
    const ended = async (name: string) => {
      for (;;) {
        const headers = { authorization: `Bearer ${workspace.token}` }
        const reply = await fetch(`${workspace.host}/api/2.0/postgres/${name}`, { headers })
        const found = (await reply.json()) as Operation
        if (found.error) throw new ApiError(0, found.error.error_code ?? '', found.error.message ?? '')
        if (found.done) throw new Error(`${name} succeeded on a full disk`)
      }
    }
    const time = new Date().toISOString()
    const spec = { source_branch: 'projects/shop/branches/production', no_expiry: true as const }
    const acts: ((round: string) => Promise<{ readonly name: string }>)[] = [
      (round) =>
        workspace.client.call(branchRoutes.createBranch, {
          params: { project: 'shop' },
          query: { branch_id: `full-${round}` },
          body: { spec },
        }),
      (round) =>
        workspace.client.call(restoreRoutes.restore, { params, body: { time, branch_id: `past-${round}` } }),
      (round) =>
        workspace.client.call(restoreRoutes.restore, {
          params,
          body: { time, in_place: true, branch_id: `old-${round}` },
        }),
    ]
    for (const act of acts) {
      disk.fill()
      expect(
        await act('x')
          .then(({ name }) => ended(name))
          .catch((error: unknown) => error),
      ).toMatchObject(REFUSED)
    }
    const { branches = [] } = await workspace.client.call(branchRoutes.listBranches, {
      params: { project: 'shop' },
    })
    expect(branches.map(({ branch_id, status }) => `${branch_id} ${status.current_state}`)).toEqual([
      'production READY',
    ])
    const { rows } = await session.query<{ n: number }>('SELECT count(*)::int AS n FROM kept')
    expect(rows).toEqual([{ n: acknowledgedRows }])
  })

  it('answers what is read, over the API and over SQL', async () => {
    const { projects = [] } = await workspace.client.call(projectRoutes.listProjects, {})
    expect(projects.map(({ name }) => name)).toContain('projects/shop')
    const { rows } = await session.query<{ n: number }>('SELECT count(*)::int AS n FROM kept')
    expect(rows).toEqual([{ n: acknowledgedRows }])
    expect(await workspace.cli(['status'])).toContain(workspace.host)
  })

  it('refuses rows with the words of Postgres, in a session that goes on', async () => {
    const error = await untilRefused(async () => {
      await session.query(
        'CREATE TABLE IF NOT EXISTS too_large AS SELECT g, repeat($$x$$, 1000) FROM generate_series(1, 20000) g',
      )
    })
    expect(error).toMatchObject({ code: '53100' })
    const { rows } = await session.query<{ n: number }>('SELECT count(*)::int AS n FROM kept')
    expect(rows).toEqual([{ n: acknowledgedRows }])
  })

  it('goes on when its log cannot be written', async () => {
    const { port, host } = workspace.postgres
    // Each of them is a line of the log.
    for (let count = 0; count < 200; count += 1) {
      await new Promise((resolve) => {
        const socket = connect(port, host, () => {
          socket.end('GET / HTTP/1.1\r\n\r\n')
        })
        socket.resume().on('error', resolve).on('close', resolve)
      })
    }
    await workspace.client.call(projectRoutes.listProjects, {})
    const other = await openSession()
    expect((await other.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }])
    await other.end()
  })

  it('answers the API while Postgres has no room for its own log, and ends no acknowledged row', async () => {
    // Only the write-ahead log grows; a Postgres that cannot extend it ends itself (PANIC) and recovers once there is room.
    const error = await untilRefused(async () => {
      await session.query("SELECT pg_logical_emit_message(true, 'test', repeat('x', 1000000))")
    })
    expect(error).toBeInstanceOf(Error)
    const { projects = [] } = await workspace.client.call(projectRoutes.listProjects, {})
    expect(projects.map(({ name }) => name)).toContain('projects/shop')
    // It may have made room by recycling what it no longer needs; if not, the client is told why.
    const outcome = await openSession().then(
      async (client) => client.end().then(() => 'open'),
      (refusal: Error) => refusal.message,
    )
    expect(outcome).toMatch(/^open$|disk.*full|No space left/s)
  })

  it('has everything that was acknowledged once there is room, and says what its log lost', async () => {
    disk.free()
    await expect.poll(problems).toEqual([undefined, undefined])
    await importFile('after')
    await createProject('after')
    session = await openSession()
    await insertRow()
    const { rows } = await session.query<{ n: number }>('SELECT n FROM kept ORDER BY n')
    expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: acknowledgedRows }, (_, n) => n))
    for (const file of acknowledgedFiles) {
      const found = await exported(file)
      const name = path.basename(file)
      expect(found.equals(Buffer.alloc(64 * 1024, name)), file).toBe(true)
    }
    await expect
      .poll(() => readFileSync(path.join(workspace.dataDir, 'lakelet.log'), 'utf8'))
      .toMatch(/"code":"ENOSPC","msg":"log lines could not be written and were dropped"/)
  })

  it('stops on a full disk, refuses to start in words, and has all after there is room', async () => {
    await session.end()
    disk.fill()
    expect(await workspace.stop()).toBe(0)
    disk.fill()
    const up = [
      ...cliCommand,
      'up',
      '--data-dir',
      workspace.dataDir,
      '--http-port',
      '0',
      '--postgres-port',
      '0',
    ]
    const env = environment(workspace.home)
    const refused = await Promise.race([
      runCommand(up, { cwd: directory, env }),
      sleep(60_000, { code: 0, stdout: '', stderr: 'it started' }, { ref: false }),
    ])
    expect(refused.stderr).toMatch(/disk .*full.*[Ff]ree space/s)
    expect(refused.code).toBeGreaterThan(0)
    disk.free()
    workspace = await startTestWorkspace({ directory })
    session = await openSession()
    const { rows } = await session.query<{ n: number }>('SELECT count(*)::int AS n FROM kept')
    expect(rows).toEqual([{ n: acknowledgedRows }])
  })
})
