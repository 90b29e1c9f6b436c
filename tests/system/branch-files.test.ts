// A branch as one file, as a user carries it about: exported while clients write, imported beside it and into another workspace.
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import {
  branchFileRoutes,
  branchRoutes,
  computeControlRoutes,
  endpointRoutes,
  projectRoutes,
  roleRoutes,
} from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { writeBundle } from '../../packages/server/src/base/bundle/write-bundle.ts'
import { connectTo, operationDone } from '../faults/kill-workspace.ts'
import { startTestWorkspace, type TestWorkspace } from './workspace.ts'

const shop = { project: 'shop' }
const production = { ...shop, branch: 'production' }
const BRANCH = 'projects/shop/branches/production'
const endpointOf = (branch: string) => `projects/shop/branches/${branch}/endpoints/primary`

describe('a branch as a file', () => {
  let workspace: TestWorkspace
  const file = () => path.join(workspace.directory, 'production.tar.zst')

  beforeAll(async () => {
    workspace = await startTestWorkspace()
    const { client } = workspace
    await operationDone(
      workspace,
      await client.call(projectRoutes.createProject, { query: { project_id: 'shop' }, body: {} }),
    )
    await using sql = await connectTo(workspace, endpointOf('production'))
    await sql.client.query('CREATE TABLE entries (n int PRIMARY KEY, text text)')
    await sql.client.query("INSERT INTO entries SELECT n, 'before' FROM generate_series(1, 1000) AS n")
    await operationDone(
      workspace,
      await client.call(roleRoutes.createRole, {
        params: production,
        query: { role_id: 'reader-1' },
        body: { spec: { postgres_role: 'reader' } },
      }),
    )
    const { id } = await principal(workspace, 'robot')
    await sql.client.query('CREATE EXTENSION databricks_auth')
    await sql.client.query("SELECT databricks_create_role($1, 'SERVICE_PRINCIPAL')", [id])
  })
  afterAll(async () => {
    await workspace[Symbol.asyncDispose]()
  })

  test('is written while clients write, and becomes a branch beside it with all that was there', async () => {
    await using sql = await connectTo(workspace, endpointOf('production'))
    const over = new AbortController()
    let written = 1000
    const writing = (async () => {
      while (!over.signal.aborted) {
        await sql.client.query("INSERT INTO entries VALUES ($1, 'during')", [written + 1])
        written += 1
      }
    })()
    const acknowledged = written
    const said = await workspace.cli(['branch', 'export', 'production', file(), '--project', 'shop'])
    over.abort()
    await writing
    expect(said).toContain(`Wrote ${BRANCH} to`)
    expect((await workspace.lakelet(['branch', 'export', BRANCH, file()])).stderr).toContain(
      'it is there already',
    )
    await nothingIsLeft(workspace)

    const imported = await workspace.cli(['branch', 'import', file(), '--project', 'shop', '--id', 'copy'])
    expect(imported).toContain(`Made projects/shop/branches/copy of ${BRANCH}`)
    expect(imported).not.toContain('nobody can log in')
    await using copy = await connectTo(workspace, endpointOf('copy'))
    const { rows } = await copy.client.query<{ entries: number; last: number }>(
      'SELECT count(*)::int AS entries, max(n) AS last FROM entries',
    )
    expect(rows[0]?.entries, 'no gap').toBe(rows[0]?.last)
    expect(rows[0]?.entries).toBeGreaterThanOrEqual(acknowledged)
    const { roles } = await workspace.client.call(roleRoutes.listRoles, {
      params: { ...shop, branch: 'copy' },
    })
    expect(roles?.map((each) => each.role_id)).toContain('reader-1')
    const { status } = await workspace.client.call(branchRoutes.getBranch, {
      params: { ...shop, branch: 'copy' },
    })
    expect(status).toMatchObject({ current_state: 'READY', imported_from: BRANCH, default: false })
    expect(status.source_branch).toBeUndefined()
    await nothingIsLeft(workspace)
    await operationDone(
      workspace,
      await workspace.client.call(branchRoutes.deleteBranch, {
        params: { ...shop, branch: 'copy' },
        query: { purge: true },
      }),
    )
  })

  test('goes to another workspace, whose identities are found by their names', async () => {
    // Asleep, it is not woken.
    const primary = { ...production, endpoint: 'primary' }
    await workspace.client.call(computeControlRoutes.suspend, { params: primary, body: {} })
    const asleep = path.join(workspace.directory, 'asleep.tar.zst')
    await workspace.cli(['branch', 'export', BRANCH, asleep])
    const { status } = await workspace.client.call(endpointRoutes.getEndpoint, { params: primary })
    expect(status.current_state).toBe('IDLE')

    await using other = await startTestWorkspace()
    const project = await other.client.call(projectRoutes.createProject, {
      query: { project_id: 'shop' },
      body: {},
    })
    await operationDone(other, project)
    const said = await other.cli(['branch', 'import', asleep, '--id', 'brought'])
    expect(said).toMatch(
      /Role [0-9a-f-]{36} belongs to a service principal that this workspace does not have/,
    )
    // The owner there is another principal with the same address.
    await using sql = await connectTo(other, endpointOf('brought'))
    const { rows } = await sql.client.query<{ n: number }>('SELECT count(*)::int AS n FROM entries')
    expect(rows[0]?.n).toBeGreaterThan(1000)
    await sql.client.query("INSERT INTO entries VALUES (-1, 'mine')")
  })

  test('that was cut, changed or is something else is refused, and nothing is made of it', async () => {
    const whole = await readFile(file())
    const refused = async (content: Buffer | string, reason: string | RegExp) => {
      const request = { params: shop, query: { branch_id: 'bad' }, body: new Blob([content]) }
      await expect(workspace.client.call(branchFileRoutes.importBranch, request)).rejects.toThrow(reason)
      await nothingIsLeft(workspace)
    }
    await refused(whole.subarray(0, whole.length / 2), 'is damaged')
    await refused(whole.subarray(0, whole.length - 1), 'is damaged')
    const changed = Buffer.from(whole)
    const middle = Math.floor(changed.length / 2)
    changed[middle] = (changed[middle] ?? 0) ^ 1
    await refused(changed, 'is damaged')
    await refused('', 'it is empty')
    await refused('a text that is long enough to be something', 'is not what is needed here')
    const other = path.join(workspace.directory, 'other')
    const header = { bundle_version: 1, lakelet: '0.0.0', create_time: '2026-01-31T12:00:00Z' }
    await writeBundle({ to: `${other}.tar.zst`, header: { ...header, format: 'lakelet-backup' } }, nothing)
    await refused(await readFile(`${other}.tar.zst`), 'it is a backup, and a branch is needed')
    await writeBundle({ to: `${other}-2.tar.zst`, header: { ...header, format: 'lakelet-branch' } }, nothing)
    await refused(await readFile(`${other}-2.tar.zst`), 'does not say what branch it is')
    const ofBranch = {
      ...header,
      format: 'lakelet-branch',
      workspace_id: '1',
      branch: BRANCH,
      lsn: '0/1',
    } as const
    const older = { ...ofBranch, pg_version: 16, time: header.create_time }
    await writeBundle({ to: `${other}-3.tar.zst`, header: older }, nothing)
    await refused(
      await readFile(`${other}-3.tar.zst`),
      'holds a branch of Postgres 16, and project shop is of Postgres 17',
    )
    const taken = { params: shop, query: { branch_id: 'production' }, body: new Blob([whole]) }
    await expect(workspace.client.call(branchFileRoutes.importBranch, taken)).rejects.toThrow(
      /already exists/,
    )
    const { branches } = await workspace.client.call(branchRoutes.listBranches, { params: shop })
    expect(branches?.map((branch) => branch.branch_id)).not.toContain('bad')
  })

  test('leaves nothing where the client goes half-way, of either', async () => {
    const leaving = new AbortController()
    const stream = await workspace.client.call(
      branchFileRoutes.exportBranch,
      { params: production },
      leaving.signal,
    )
    const reader = stream.getReader()
    await reader.read()
    leaving.abort()
    await reader.closed.catch(() => undefined)
    const whole = await readFile(file())
    const half = whole.subarray(0, whole.length / 2)
    const gone = new AbortController()
    const sending = fetch(
      `${workspace.host}/api/2.0/lakelet/postgres/projects/shop/branch-imports?branch_id=gone`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${workspace.token}` },
        body: new ReadableStream({ start: (controller) => controller.enqueue(half) }),
        duplex: 'half',
        signal: gone.signal,
      },
    )
    await expect
      .poll(() => readdir(path.join(workspace.dataDir, 'imports')), { timeout: 30_000 })
      .not.toEqual([])
    gone.abort()
    await expect(sending).rejects.toThrow(/abort/)
    await expect.poll(() => leftIn(workspace), { timeout: 30_000 }).toEqual([])
  })
})

async function nothing(): Promise<void> {}

/** What is on its way into or out of a file. */
async function leftIn({ dataDir, directory }: TestWorkspace): Promise<string[]> {
  const inside = await Promise.all(['staging', 'imports'].map((name) => readdir(path.join(dataDir, name))))
  return [...inside.flat(), ...(await readdir(directory)).filter((name) => name.includes('partial'))]
}

async function nothingIsLeft(workspace: TestWorkspace): Promise<void> {
  await expect.poll(() => leftIn(workspace), { timeout: 10_000 }).toEqual([])
}

/** A new service principal; its application id. */
async function principal({ host, token }: TestWorkspace, displayName: string): Promise<{ id: string }> {
  const reply = await fetch(`${host}/api/2.0/preview/scim/v2/ServicePrincipals`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ displayName }),
  })
  return { id: ((await reply.json()) as { applicationId: string }).applicationId }
}
