// What happens to a workspace whose metadata is lost, damaged, older or foreign: nothing is deleted, the start says what to do, and
// `lakelet repair` does it.
import {
  copyFile,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { existsSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { branchRoutes, endpointRoutes, snapshotRoutes } from '@lakelet/api'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { cliCommand, environment, runCommand } from '../system/workspace.ts'
import { expectInLog } from '../guards/log-guard.ts'

let directory: string
const dataDir = () => path.join(directory, 'data')
const metadata = () => path.join(dataDir(), 'metadata.sqlite')
const branches = async () => (await readdir(path.join(dataDir(), 'branches'))).sort()
const primary = { project: 'shop', branch: 'production', endpoint: 'primary' }

const repair = (...args: string[]) =>
  runCommand([...cliCommand, 'repair', '--data-dir', dataDir(), ...args], {
    cwd: directory,
    env: environment(path.join(directory, 'home')),
  })

/** Starts the workspace of this file, runs `work` and stops it. */
async function withWorkspace<T>(work: (workspace: TestWorkspace) => Promise<T>): Promise<T> {
  await using workspace = await startTestWorkspace({ directory })
  return await work(workspace)
}

const sql = (workspace: TestWorkspace, branch: string, statement: string) =>
  workspace.cli(['sql', '--project', 'shop', '--branch', branch, '-o', 'json', statement])

/** The name in the only row that the branch has, read as its owner through the gateway. */
async function goodsOf(workspace: TestWorkspace, branch: string): Promise<unknown> {
  const [result] = JSON.parse(await sql(workspace, branch, 'SELECT name FROM goods')) as { rows: unknown[] }[]
  return result?.rows
}
const TEA = [{ name: 'tea' }]

/** A start that must be refused; what it said. */
async function refusedStart(): Promise<string> {
  const before = await branches()
  const message = await withWorkspace(async () => 'it started').catch((error: unknown) => String(error))
  expect(await branches()).toEqual(before)
  return message
}

async function removeMetadata(): Promise<void> {
  for (const end of ['', '-wal', '-shm']) await rm(`${metadata()}${end}`, { force: true })
}

const saved = () => path.join(directory, 'saved.sqlite')
/** Puts the metadata back that was there before it was damaged. */
async function restoreSaved(): Promise<void> {
  await removeMetadata()
  await copyFile(saved(), metadata())
}

const takeSnapshot = (workspace: TestWorkspace, id: string) =>
  workspace.cli(['snapshot', 'create', id, '--branch', 'production', '--project', 'shop'])
const snapshotsOf = async ({ client }: TestWorkspace) =>
  (await client.call(snapshotRoutes.listSnapshots, { params: { project: 'shop' } })).snapshots ?? []
const snapshotFiles = async () => (await readdir(path.join(dataDir(), 'snapshots'))).sort()

beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'lakelet-damaged-'))
  await withWorkspace(async (workspace) => {
    await workspace.cli(['postgres', 'create-project', 'shop'])
    await sql(workspace, 'production', "CREATE TABLE goods AS SELECT 'tea' AS name")
    await workspace.cli(['postgres', 'create-branch', 'projects/shop', 'dev'])
    await takeSnapshot(workspace, 'stock')
  })
  await copyFile(metadata(), saved())
})
afterAll(() => rm(directory, { recursive: true, force: true }))

test('missing or empty metadata stops the start, which names the directory and the way back', async () => {
  for (const lose of [removeMetadata, () => truncate(metadata(), 0)]) {
    await lose()
    const message = await refusedStart()
    expect(message).toMatch(/metadata\.sqlite (is missing|is empty)/)
    expect(message).toContain(path.join(dataDir(), 'branches'))
    expect(message).toMatch(/backups\/metadata-\S+\.sqlite/)
    expect(message).toContain('lakelet repair')
    await restoreSaved()
  }
})

test('garbage, a torn end and an overwritten page are told from each other and name file, backup and command', async () => {
  const size = (await stat(metadata())).size
  const damages = [
    async () => writeFile(metadata(), Buffer.alloc(size, 'garbage ')),
    async () => truncate(metadata(), size - 4096 * 3),
    async () => {
      await using file = await open(metadata(), 'r+')
      for (const page of [3, 7, 11]) await file.write(Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096)
    },
  ]
  for (const damage of damages) {
    await damage()
    const message = await refusedStart()
    expect(message).toContain(`${metadata()} is damaged`)
    expect(message).toMatch(/backups\/metadata-\S+\.sqlite/)
    expect(message).toContain('lakelet repair')
    await restoreSaved()
  }
})

test('metadata of another workspace, or of another program, is refused', async () => {
  const other = await mkdtemp(path.join(os.tmpdir(), 'lakelet-other-'))
  try {
    await using workspace = await startTestWorkspace({ directory: other })
    await workspace.stop()
    await copyFile(path.join(other, 'data', 'metadata.sqlite'), metadata())
    expect(await refusedStart()).toMatch(/belongs to workspace \d+/)
  } finally {
    await rm(other, { recursive: true, force: true })
  }
  await restoreSaved()
})

test.each(['with a backup', 'without any'])('repair brings everything back, %s', async (how) => {
  const [uid, [taken]] = await withWorkspace(async (workspace) => [
    (await workspace.client.call(endpointRoutes.getEndpoint, { params: primary })).uid,
    await snapshotsOf(workspace),
  ])
  await removeMetadata()
  if (how === 'without any') await rm(path.join(dataDir(), 'backups'), { recursive: true })
  const dry = await repair('--dry-run')
  expect([dry.stderr, dry.stdout]).toEqual(['', expect.stringContaining('A repair would have')])
  expect(existsSync(metadata())).toBe(false)
  const done = await repair()
  expect([done.code, done.stderr]).toEqual([0, expect.not.stringContaining('rror')])
  expect((await repair()).stdout).toContain('Nothing to repair')
  await withWorkspace(async (workspace) => {
    const { client } = workspace
    const endpoint = await client.call(endpointRoutes.getEndpoint, { params: primary })
    expect(endpoint.uid).toBe(uid)
    expect(await goodsOf(workspace, 'production')).toEqual(TEA)
    expect(await goodsOf(workspace, 'dev')).toEqual(TEA)
    const dev = await client.call(branchRoutes.getBranch, { params: { project: 'shop', branch: 'dev' } })
    expect(dev.status.source_branch).toBe('projects/shop/branches/production')
    const [found, ...more] = await snapshotsOf(workspace)
    expect([{ ...found, status: { ...found?.status, diff_size_bytes: 0 } }, ...more]).toEqual([
      { ...taken, status: { ...taken?.status, diff_size_bytes: 0 } },
    ])
    const source = { source_snapshot: 'projects/shop/snapshots/stock', ttl: '3600s' }
    const name = ['postgres', 'create-branch', 'projects/shop', how.replaceAll(' ', '-')]
    await workspace.cli([...name, '--json', JSON.stringify({ spec: source })])
    expect(await goodsOf(workspace, how.replaceAll(' ', '-'))).toEqual(TEA)
    await workspace.cli(['postgres', 'delete-branch', `projects/shop/branches/${how.replaceAll(' ', '-')}`])
    expect(await workspace.problems()).toBe('')
  })
})

test('older metadata: unknown branches and snapshots are set aside, and repair brings them back', async () => {
  expectInLog(
    /the metadata was older than the branches/,
    /set aside a directory that the metadata does not know/,
    /set the files of a snapshot aside/,
  )
  await copyFile(metadata(), saved())
  await withWorkspace(async (workspace) => {
    await workspace.cli(['postgres', 'create-branch', 'projects/shop', 'newer'])
    await takeSnapshot(workspace, 'newer')
    await workspace.cli(['postgres', 'delete-snapshot', 'projects/shop/snapshots/stock'])
  })
  const [all, taken] = [await branches(), await snapshotFiles()]
  await restoreSaved()
  await mkdir(path.join(dataDir(), 'branches', 'nobodys'))
  await withWorkspace(async (workspace) => {
    expect(await workspace.log()).toContain('lakelet repair')
    expect(await goodsOf(workspace, 'production')).toEqual(TEA)
    await vi.waitFor(async () => expect(await snapshotFiles()).toEqual([]), 10_000)
  })
  expect(await branches()).toHaveLength(all.length - 1)
  const trash = await readdir(path.join(dataDir(), 'trash'))
  expect(trash.filter((name) => /^\d{8}T\d{6}Z-(br-[\w-]+|nobodys)$/.test(name))).toHaveLength(2)
  const { stdout } = await repair()
  expect(stdout).toContain('projects/shop/branches/newer')
  expect(stdout).toMatch(/Snapshot stock \(\S+\) is known but has no files/)
  expect(stdout).toContain('projects/shop/snapshots/newer')
  expect([await branches(), await snapshotFiles()]).toEqual([all, taken])
  expect((await repair()).stdout).toContain('Nothing to repair')
  await withWorkspace(async (workspace) => {
    expect(await goodsOf(workspace, 'newer')).toEqual(TEA)
    await workspace.cli(['postgres', 'delete-snapshot', 'projects/shop/snapshots/stock'])
    expect((await snapshotsOf(workspace)).map(({ snapshot_id: id }) => id)).toEqual(['newer'])
  })
})

test('a manifest that is damaged is written anew, and a branch without one and without metadata is found again', async () => {
  const [uid = ''] = await branches()
  const manifest = path.join(dataDir(), 'branches', uid, 'manifest.json')
  await writeFile(manifest, '{"format":')
  await withWorkspace(async () => undefined)
  expect(JSON.parse(await readFile(manifest, 'utf8'))).toMatchObject({ format: 1, branchUid: uid })
  await rm(manifest)
  await removeMetadata()
  await rm(path.join(dataDir(), 'backups'), { recursive: true })
  const { code, stdout } = await repair()
  expect([code, stdout]).toEqual([0, expect.stringContaining(`(${uid}), from its files alone`)])
  await withWorkspace(async (workspace) => {
    expect(await workspace.cli(['postgres', 'list-projects', '-o', 'json'])).toContain('recovered-')
  })
})
