import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { expect, test } from 'vitest'
import {
  connectAdmin,
  DEFAULT_MAJOR,
  openPostgres,
  socketDirectoryFor,
  startCluster,
} from '../../src/postgres/index.ts'
import { startStorage } from '../../src/storage/index.ts'
import { temporaryDirectory, testLog } from '../postgres/installed.ts'

/** Runs the maker of branches for a while and kills it wherever it is. */
async function runAndKill(dataDir: string, afterMs: number): Promise<void> {
  const program = path.join(import.meta.dirname, 'endless-branches.ts')
  const child = spawn(process.execPath, ['--conditions=lakelet:source', program, dataDir], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = new Promise((resolve) =>
    child.once('close', (code, signal) => resolve(signal ?? `${code}: ${said}`)),
  )
  await new Promise((resolve) => setTimeout(resolve, afterMs))
  child.kill('SIGKILL')
  expect(await ended).toBe('SIGKILL')
}

test('killed at any moment, the next start finds whole branches, no half ones and no process', async () => {
  await using directory = await temporaryDirectory()
  // From laying the binaries over filling the template to cloning branches, on a slow and on a fast machine.
  for (const afterMs of [300, 700, 1200, 2000, 3000]) await runAndKill(directory.path, afterMs)
  const postgres = await openPostgres({ dataDir: directory.path })
  const installation = await postgres.of(DEFAULT_MAJOR)
  const storage = await startStorage({ postgres, log: testLog })
  const home = path.join(directory.path, 'postgres')
  expect((await readdir(home)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  expect(
    (await readdir(path.join(directory.path, 'branches'))).filter((name) => name.startsWith('.')),
  ).toEqual([])
  await storage.create('br-last')
  for (const branchUid of (await storage.list()).slice(-3)) {
    const dataDirectory = storage.dataDirectory(branchUid)
    await using cluster = await startCluster({
      installation,
      dataDirectory,
      socketDirectory: socketDirectoryFor(installation, branchUid),
      settings: { maxCu: 1 },
      logFile: `${dataDirectory}.log`,
      log: testLog,
    })
    await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
    const [row] = await admin.query<{ tables: number }>('SELECT count(*)::int AS tables FROM pg_class')
    expect(row?.tables).toBeGreaterThan(400)
  }
  const running = await processesOf(directory.path)
  expect(running).toEqual([])
})

/** Command lines of processes that name the directory; empty where there is no /proc. */
async function processesOf(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(directory))
}
