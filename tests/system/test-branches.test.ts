// `lakelet-connect/testing` against a workspace that runs: a branch for a piece of work, and the fixtures in the test runner itself.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { branchRoutes } from '@lakelet/api'
import { branchFixture, useBranch, withBranch } from 'lakelet-connect/testing'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestWorkspace, type TestWorkspace, writeFiles } from './workspace.ts'

const root = path.resolve(import.meta.dirname, '../..')

let workspace: TestWorkspace
let env: Record<string, string>
beforeAll(async () => {
  workspace = await startTestWorkspace()
  await workspace.cli(['postgres', 'create-project', 'shop'])
  env = JSON.parse(
    await workspace.cli(['branch', 'create', 'seeded', '--env', '--format', 'json']),
  ) as Record<string, string>
  await queried(env['DATABASE_URL'] ?? '', "CREATE TABLE notes AS SELECT 'seeded' AS content")
})
afterAll(() => workspace[Symbol.asyncDispose]())

async function queried(connectionString: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    return (await client.query(sql)).rows as unknown[]
  } finally {
    await client.end()
  }
}

const testBranches = async () => {
  const { branches = [] } = await workspace.client.call(branchRoutes.listBranches, {
    params: { project: 'shop' },
  })
  return branches.map(({ branch_id: id }) => id).filter((id) => id.startsWith('test-'))
}

test('withBranch works on a copy that is gone afterwards, also where the work fails', async () => {
  const failing = withBranch(
    async (branch) => {
      expect(branch.name).toMatch(/^projects\/shop\/branches\/test-/)
      expect(branch.env).toMatchObject({ ENDPOINT_NAME: branch.endpoint, PGUSER: workspace.user })
      expect(await queried(branch.connectionString, 'SELECT content FROM notes')).toEqual([
        { content: 'seeded' },
      ])
      await queried(branch.connectionString, 'DROP TABLE notes')
      const { status } = await workspace.client.call(branchRoutes.getBranch, {
        params: { project: 'shop', branch: branch.name.split('/')[3] ?? '' },
      })
      expect(status.expire_time).toBeDefined()
      throw new Error('on purpose')
    },
    { env },
  )
  await expect(failing).rejects.toThrow('on purpose')
  await expect.poll(testBranches).toEqual([])
  expect(await queried(env['DATABASE_URL'] ?? '', 'SELECT content FROM notes')).toEqual([
    { content: 'seeded' },
  ])
})

test('what is not right is said', async () => {
  const refused = (options: object) => withBranch(async () => {}, { env, ...options })
  await expect(refused({ from: 'none' })).rejects.toThrow(/branch id not found/)
  await expect(refused({ from: 'a/b' })).rejects.toThrow(/neither the id of a branch/)
  await expect(refused({ env: { ...env, ENDPOINT_NAME: '', LAKEBASE_ENDPOINT: '' } })).rejects.toThrow(
    /no branch is named/,
  )
  expect(() => useBranch()).toThrow(/for Vitest with globals/)
  expect(branchFixture({ per: 'test' })[1]).toEqual({ scope: 'test', auto: true })
})

test('the fixture of Vitest gives each file, or each test, a branch of its own', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'fixtures-'))
  try {
    await symlink(path.join(root, 'node_modules'), path.join(folder, 'node_modules'))
    const files = Object.fromEntries(['one', 'two'].map((name) => [`${name}.test.mjs`, fileTest('file', 2)]))
    await writeFiles(folder, {
      'vitest.config.mjs': VITEST_CONFIG,
      ...files,
      'each.test.mjs': fileTest('test', 1),
    })
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--no-color'],
      { cwd: folder, env: { ...process.env, ...env, NODE_OPTIONS: '--conditions=lakelet:source' } },
    )
    expect(stdout).toMatch(/Tests +6 passed/)
    await expect.poll(testBranches).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})

const VITEST_CONFIG = `const conditions = ['lakelet:source', 'node', 'module', 'default']
export default {
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: { testTimeout: 60_000, hookTimeout: 60_000 },
}
`

/** Two tests that each add a row, and see `seen` of them at the end. */
function fileTest(per: string, seen: number): string {
  return `import { test as base, expect } from 'vitest'
import pg from 'pg'
import { branchFixture } from 'lakelet-connect/testing'
const test = base.extend({ branch: branchFixture({ per: '${per}' }) })
async function add() {
  const client = new pg.Client()
  await client.connect()
  await client.query("INSERT INTO notes VALUES ('mine')")
  const { rows } = await client.query("SELECT count(*)::int AS mine FROM notes WHERE content = 'mine'")
  await client.end()
  return rows[0].mine
}
test('first', async ({ branch }) => {
  expect(process.env.ENDPOINT_NAME).toBe(branch.endpoint)
  expect(await add()).toBe(1)
})
test('second', async () => {
  expect(await add()).toBe(${seen})
})
`
}
