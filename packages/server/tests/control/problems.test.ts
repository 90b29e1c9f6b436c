// What is wrong with a branch or its compute stands in their status, with its reason, and goes when the reason does. An archive that may only be
// read is one; nothing of the past is lost by it.
import { execFileSync } from 'node:child_process'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { branchRoutes, endpointRoutes, restoreRoutes } from '@lakelet/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'
import { type ControlWorkspace, createProject, done, startFreshControl } from './control-workspace.ts'

expectInLog(/the write-ahead log is not archived/, /the compute crashed/)

const params = { project: 'shop', branch: 'production' }
let workspace: ControlWorkspace
let endpoint: string

beforeAll(async () => {
  workspace = await startFreshControl()
  await createProject(workspace.client, 'shop')
  const found = await workspace.client.call(endpointRoutes.getEndpoint, {
    params: { ...params, endpoint: 'primary' },
  })
  endpoint = found.uid
})
afterAll(() => workspace[Symbol.asyncDispose]())

/** What the status of the branch and of its endpoint say. */
async function problems() {
  const { client } = workspace
  const branch = await client.call(branchRoutes.getBranch, { params })
  const list = await client.call(endpointRoutes.listEndpoints, { params })
  return [branch.status.problem, list.endpoints?.[0]?.status.problem]
}

async function sql<Row extends object>(text: string, uid = endpoint): Promise<Row[]> {
  return workspace.computes.withAdmin(uid, (admin) => admin.query<Row>(text), {
    database: 'databricks_postgres',
  })
}

async function storageOf(branch: string) {
  const { uid } = await workspace.client.call(branchRoutes.getBranch, { params: { ...params, branch } })
  return workspace.storage.paths(uid)
}

/** Makes a directory one that nobody can write to: read-only by a mount where that is possible, else by a file in its place. */
async function shut(directory: string): Promise<() => Promise<void>> {
  try {
    execFileSync('mount', ['--bind', directory, directory], { stdio: 'ignore' })
    execFileSync('mount', ['-o', 'remount,ro,bind', directory], { stdio: 'ignore' })
    return async () => void execFileSync('umount', ['-l', directory])
  } catch {
    await rename(directory, `${directory}-away`)
    await writeFile(directory, '')
    return async () => {
      await rm(directory)
      await rename(`${directory}-away`, directory)
    }
  }
}

test('an archive that cannot be written to; once it can be, all of the past is there', async () => {
  expect(await problems()).toEqual([undefined, undefined])
  await sql('CREATE TABLE public.goods (name text)')
  await sql('SELECT pg_switch_wal()')
  const { archive } = await storageOf('production')
  await expect.poll(async () => (await readdir(archive).catch(() => [])).length).toBeGreaterThan(0)
  const open = await shut(archive)
  const moments: string[] = []
  try {
    for (const name of ['tea', 'salt', 'milk']) {
      await sql(`INSERT INTO public.goods VALUES ('${name}')`)
      const [row] = await sql<{ at: string }>(
        `SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
      )
      moments.push(row?.at ?? '')
      await sql('SELECT pg_switch_wal()')
    }
    const wanted = {
      kind: 'archive',
      message: expect.stringMatching(/is not archived: .*(EROFS|EEXIST|ENOTDIR).*Nothing is lost/s),
    }
    await expect
      .poll(problems, { timeout: 30_000 })
      .toEqual([expect.objectContaining(wanted), expect.objectContaining(wanted)])
  } finally {
    await open()
  }
  await expect.poll(problems, { timeout: 30_000 }).toEqual([undefined, undefined])
  for (const [index, time] of moments.entries()) {
    const body = { time, branch_id: `after-${index + 1}` }
    await done(workspace.client, await workspace.client.call(restoreRoutes.restore, { params, body }))
    const { uid } = await workspace.client.call(endpointRoutes.getEndpoint, {
      params: { ...params, branch: body.branch_id, endpoint: 'primary' },
    })
    expect(await sql('SELECT count(*)::int AS n FROM public.goods', uid)).toEqual([{ n: index + 1 }])
  }
})

test('a compute that ended by itself, until it runs again', async () => {
  await sql('SELECT 1 AS one')
  const { data } = await storageOf('production')
  const pid = Number((await readFile(path.join(data, 'postmaster.pid'), 'utf8')).split('\n')[0])
  process.kill(pid, 'SIGKILL')
  const ended = { kind: 'compute', message: expect.stringMatching(/ended by itself.*SIGKILL/) }
  await expect.poll(problems).toEqual([undefined, expect.objectContaining(ended)])
  await sql('SELECT 1 AS one')
  expect(await problems()).toEqual([undefined, undefined])
})
