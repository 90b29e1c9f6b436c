// A Postgres of the machine in place of npm's package: here the package's own tree, copied to where a build of the machine would be.
import { cp, mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keepPostgres, seedPostgres } from '../../../../tests/system/postgres-cache.ts'
import {
  connectAdmin,
  DEFAULT_MAJOR,
  openPostgres,
  type PostgresVersions,
  socketDirectoryFor,
  startCluster,
} from '../../src/postgres/index.ts'
import { type Storage, startStorage } from '../../src/storage/index.ts'
import { temporaryDirectory, testLog } from './installed.ts'

let directory: Awaited<ReturnType<typeof temporaryDirectory>>
let build: string
let postgres: PostgresVersions
let storage: Storage

beforeAll(async () => {
  directory = await temporaryDirectory()
  const dataDir = path.join(directory.path, 'data')
  await seedPostgres(dataDir)
  const packaged = await openPostgres({ dataDir })
  const before = await startStorage({ postgres: packaged, log: testLog })
  await keepPostgres(dataDir)
  await before.create('br-of-the-package')
  build = path.join(directory.path, 'opt', 'postgres')
  await cp((await packaged.of(DEFAULT_MAJOR)).prefix, build, { recursive: true, verbatimSymlinks: true })
  postgres = await openPostgres({ dataDir, installation: build })
  storage = await startStorage({ postgres, log: testLog })
})
afterAll(() => directory[Symbol.asyncDispose]())

/** Starts a branch as a wake does, and says by what it runs. */
async function run(branch: string): Promise<string> {
  const dataDirectory = storage.dataDirectory(branch)
  const installation = await postgres.ofDirectory(dataDirectory)
  await using cluster = await startCluster({
    installation,
    dataDirectory,
    socketDirectory: socketDirectoryFor(installation, dataDirectory),
    settings: { maxCu: 1 },
    logFile: `${dataDirectory}.log`,
    log: testLog,
  })
  await using admin = await connectAdmin(cluster.address, { database: 'databricks_postgres' })
  await admin.execute(
    'CREATE EXTENSION IF NOT EXISTS databricks_auth; CREATE EXTENSION IF NOT EXISTS pg_trgm',
  )
  return path.basename(installation.prefix)
}

test('new branches and their clones are run by it, upgrades are taken up, and what was laid outlives it', async () => {
  await storage.create('br-new')
  const first = await run('br-new')
  expect(first).toMatch(new RegExp(`^system-${DEFAULT_MAJOR}-[0-9a-f]{8}-${DEFAULT_MAJOR}\\.`))
  await storage.clone('br-clone', 'br-new')
  expect(await run('br-clone')).toBe(first)
  // What was there before stays with the package.
  expect(await run('br-of-the-package')).not.toContain('system')

  await utimes(path.join(build, 'bin', 'postgres'), new Date(), new Date())
  const upgraded = await run('br-clone')
  expect(upgraded).not.toBe(first)
  expect(upgraded).toMatch(/^system-/)

  await rm(build, { recursive: true })
  expect(await run('br-clone')).toMatch(/^system-/)
})

test('what cannot be used is refused at the start, with why', async () => {
  const dataDir = path.join(directory.path, 'other')
  const open = (installation: string) => openPostgres({ dataDir, installation })
  await expect(open('usr/lib/postgresql')).rejects.toThrow(/no absolute path.*postgres\.installation/)
  await expect(open('/nowhere')).rejects.toThrow('there is no /nowhere/bin/postgres')
  const old = path.join(directory.path, 'old')
  await writeProgram(old, '#!/bin/sh\necho "postgres (PostgreSQL) 9.6.24"\n')
  await expect(open(old)).rejects.toThrow(/it is Postgres 9\.6.*16, 17, 18/)
})

async function writeProgram(home: string, text: string): Promise<void> {
  await mkdir(path.join(home, 'bin'), { recursive: true })
  await writeFile(path.join(home, 'bin', 'postgres'), text, { mode: 0o755 })
}
