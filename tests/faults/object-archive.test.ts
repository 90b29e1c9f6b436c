// A machine that is lost at some moment, with an archive in a real S3 server behind a network that breaks: on an empty machine all is back that was
// acknowledged as archived, and nothing was overwritten.
import { appendFile, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { branchRoutes, objectArchiveRoutes } from '@lakelet/api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type Fault,
  type FaultProxy,
  startFaultProxy,
} from '../../packages/server/tests/objects/fault-proxy.ts'
import {
  findS3Server,
  S3_ENVIRONMENT,
  type S3Server,
  startS3Server,
} from '../../packages/server/tests/objects/s3-server.ts'
import { expectInLog } from '../guards/log-guard.ts'
import { isSoak, scaled } from '../hostile/duration.ts'
import { startTestWorkspace, type TestWorkspace } from '../system/workspace.ts'
import { BASE, BASE_ENDPOINT, connectTo, operationDone, prepareBase } from './kill-workspace.ts'

const found = await findS3Server(isSoak)
const skipped = 'reason' in found ? ` (skipped: ${found.reason})` : ''
const FAULTS: readonly Fault[] = ['busy', 'lost-answer', 'cut-upload', 'cut-answer', 'slow', 'down']

describe.skipIf('reason' in found)(`an archive in an object store${skipped}`, () => {
  let server: S3Server
  let proxy: FaultProxy
  let count = 0

  beforeAll(async () => {
    server = await startS3Server('program' in found ? found.program : '')
    proxy = await startFaultProxy(server.port)
  })
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  const environment = (prefix: string) => ({
    ...S3_ENVIRONMENT,
    LAKELET_ARCHIVE_URL: `s3://bucket/${prefix}`,
    LAKELET_ARCHIVE_ENDPOINT: `http://127.0.0.1:${proxy.port}`,
    LAKELET_ARCHIVE_PASSPHRASE: 'a passphrase of tests',
    LAKELET_ARCHIVE_EVERY_SECONDS: '1',
  })

  async function restored(workspace: TestWorkspace, prefix: string, args: readonly string[] = []) {
    const directory = path.join(workspace.directory, `restored-${(count += 1)}`)
    const dataDir = path.join(directory, 'data')
    await mkdir(directory)
    const env = environment(prefix)
    const from = ['restore', '--from', env.LAKELET_ARCHIVE_URL, '--data-dir', dataDir, ...args]
    const { code, stdout, stderr } = await workspace.lakelet(from, { env })
    expect(code, stderr).toBe(0)
    return { stdout, start: () => startTestWorkspace({ directory, env }) }
  }

  test('a machine is lost under writes while the network breaks; what was acknowledged as archived is back', async () => {
    expectInLog(/"component":"archive"/)
    for (let round = 0; round < scaled(1, 8); round += 1) {
      const prefix = `lost-${round}`
      const env = environment(prefix)
      proxy.choose = () =>
        Math.random() < 0.05 ? FAULTS[Math.floor(Math.random() * FAULTS.length)] : undefined
      await using workspace = await startTestWorkspace({ env })
      await prepareBase(workspace)
      const [writing, over] = [await connectTo(workspace, BASE_ENDPOINT), new AbortController()]
      let [committed, archived] = [0, 0]
      const writes = (async () => {
        while (!over.signal.aborted) {
          await writing.client.query('INSERT INTO acknowledged VALUES ($1)', [committed + 1])
          committed += 1
          if (committed % 500 === 0) await writing.client.query('CHECKPOINT').catch(() => undefined)
        }
      })().catch(() => undefined)
      const until = Date.now() + scaled(6_000, 10_000 + Math.random() * 20_000)
      while (Date.now() < until || archived === 0) {
        const before = committed
        // It fails where the store does, and goes on by itself.
        const isThere = await workspace.client.call(objectArchiveRoutes.syncObjectArchive, {}).then(
          () => true,
          () => false,
        )
        if (!isThere) continue
        archived = before
      }
      await workspace.stop('SIGKILL')
      over.abort()
      await writes
      await writing.client.end().catch(() => undefined)
      await rm(workspace.dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
      proxy.choose = () => undefined
      const verified = await workspace.lakelet(['archive', 'verify', '--from', env.LAKELET_ARCHIVE_URL], {
        env,
      })
      expect(verified.code, verified.stdout + verified.stderr).toBe(0)
      const { start } = await restored(workspace, prefix)
      await using again = await start()
      await using sql = await connectTo(again, BASE_ENDPOINT)
      const { rows } = await sql.client.query<{ n: number; last: number }>(
        'SELECT count(*)::int AS n, max(n) AS last FROM acknowledged',
      )
      expect(rows[0]?.n, 'no gap').toBe(rows[0]?.last)
      expect(rows[0]?.n).toBeGreaterThanOrEqual(archived)
      expect(rows[0]?.n, 'nothing that was never committed').toBeLessThanOrEqual(committed + 1)
      expect(archived).toBeGreaterThan(0)
      // Same owner, same tokens; and it does not write where the lost one may still do.
      expect(again.token).toBe(workspace.token)
      await vi.waitFor(async () => {
        const { state } = await again.client.call(objectArchiveRoutes.getObjectArchive, {})
        expect(state).toBe('stopped')
      })
    }
  })

  test.runIf(isSoak)(
    'a branch, its child and what came later are each as of the time that is asked for (takes npm run soak)',
    async () => {
      expectInLog(/another copy of this workspace/)
      proxy.choose = () => undefined
      const env = environment('times')
      await using workspace = await startTestWorkspace({ env })
      await prepareBase(workspace)
      const { client } = workspace
      const insert = async (n: number) => {
        await using sql = await connectTo(workspace, BASE_ENDPOINT)
        await sql.client.query('INSERT INTO acknowledged VALUES ($1)', [n])
      }
      await insert(1)
      const made = await client.call(branchRoutes.createBranch, {
        params: { project: BASE },
        query: { branch_id: 'child' },
        body: { spec: { source_branch: `projects/${BASE}/branches/production`, no_expiry: true } },
      })
      await operationDone(workspace, made)
      await client.call(objectArchiveRoutes.syncObjectArchive, {})
      const then = new Date(Date.now() + 5).toISOString()
      await new Promise((resolve) => setTimeout(resolve, 50))
      await insert(2)
      await client.call(objectArchiveRoutes.syncObjectArchive, {})
      const objects = await filesIn(path.join(server.bucket, 'times'))
      await workspace.stop('SIGKILL')

      const rowsOf = async (at: TestWorkspace, branch: string) => {
        await using sql = await connectTo(at, `projects/${BASE}/branches/${branch}/endpoints/primary`)
        const { rows } = await sql.client.query<{ n: number }>('SELECT n FROM acknowledged ORDER BY n')
        return rows.map(({ n }) => n)
      }
      const last = await restored(workspace, 'times')
      expect(last.stdout).toContain('2 branches')
      await using now = await last.start()
      expect([await rowsOf(now, 'production'), await rowsOf(now, 'child')]).toEqual([[1, 2], [1]])
      await now.stop()
      const past = await restored(workspace, 'times', ['--at', then])
      await using before = await past.start()
      expect([await rowsOf(before, 'production'), await rowsOf(before, 'child')]).toEqual([[1], [1]])
      expect(await filesIn(path.join(server.bucket, 'times')), 'a restore writes nothing').toEqual(objects)
      const early = await workspace.lakelet(
        [
          'restore',
          '--from',
          env.LAKELET_ARCHIVE_URL,
          '--data-dir',
          path.join(workspace.directory, 'x'),
          '--at',
          '2001-01-01T00:00Z',
        ],
        { env },
      )
      expect([early.code === 0, early.stderr]).toEqual([false, expect.stringMatching(/it begins at/)])
    },
  )

  test.runIf(isSoak)(
    'while the store cannot be reached, what waits is kept and said, and goes when it is back (takes npm run soak)',
    async () => {
      expectInLog(/the archive in the object store is behind/)
      proxy.choose = () => 'down'
      const env = environment('away')
      await using workspace = await startTestWorkspace({ env })
      await prepareBase(workspace)
      {
        await using sql = await connectTo(workspace, BASE_ENDPOINT)
        await sql.client.query('INSERT INTO acknowledged SELECT generate_series(1, 100000)')
      }
      await vi.waitFor(
        async () => {
          const status = await workspace.client.call(objectArchiveRoutes.getObjectArchive, {})
          expect(status).toMatchObject({ state: 'failing', waiting_since: expect.any(String) })
        },
        { timeout: 60_000 },
      )
      const metrics = await fetch(`${workspace.host}/metrics`, {
        headers: { authorization: `Bearer ${workspace.token}` },
      })
      expect(await metrics.text()).toMatch(/lakelet_object_archive_problem_seconds [1-9\d.]/)
      expect((await workspace.lakelet(['status'])).stdout).toContain('s3://bucket/away: failing')
      proxy.choose = () => undefined
      const status = await workspace.client.call(objectArchiveRoutes.syncObjectArchive, {})
      expect(status).toMatchObject({ waiting_files: 0, has_gap: false })
      // A wrong passphrase, and one object that is changed.
      const restore = (passphrase: string) =>
        workspace.lakelet(
          [
            'restore',
            '--from',
            env.LAKELET_ARCHIVE_URL,
            '--data-dir',
            path.join(workspace.directory, 'other'),
          ],
          { env: { ...env, LAKELET_ARCHIVE_PASSPHRASE: passphrase } },
        )
      expect((await restore('another passphrase')).stderr).toContain('does not open the archive')
      const chunks = path.join(server.bucket, 'away', 'chunks')
      for (const name of await readdir(chunks, { recursive: true })) {
        if ((await stat(path.join(chunks, name))).isFile()) await appendFile(path.join(chunks, name), 'x')
      }
      const damaged = await restore(env.LAKELET_ARCHIVE_PASSPHRASE)
      expect([damaged.code === 0, damaged.stderr]).toEqual([false, expect.stringMatching(/is damaged/)])
      expect(await readdir(workspace.directory)).not.toContain('other')
      const verified = await workspace.lakelet(['archive', 'verify'], { env })
      expect([verified.code, verified.stdout]).toEqual([1, expect.stringMatching(/is damaged/)])
    },
  )
})

/** Each file with its content's length. */
async function filesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = names
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  return Promise.all(files.toSorted().map(async (file) => `${file} ${(await readFile(file)).length}`))
}
