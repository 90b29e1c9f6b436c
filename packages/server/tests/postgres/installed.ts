import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, type QueryResultRow } from 'pg'
import { keepPostgres, seedPostgres } from '../../../../tests/system/postgres-cache.ts'
import { guardedLogger } from '../../../../tests/guards/guarded-logger.ts'
import type { BackendAddress } from '../../src/computes/index.ts'
import { isLakeletError } from '../../src/base/errors.ts'
import { cloneTree } from '../../src/storage/clone-tree.ts'
import {
  type Cluster,
  type ClusterAddress,
  type ClusterSettings,
  type PostgresVersion,
  type PostgresVersions,
  DEFAULT_MAJOR,
  openPostgres,
  ownerOf,
  socketDirectoryFor,
  startCluster,
} from '../../src/postgres/index.ts'

export const testLog = guardedLogger()

/** A temporary directory that Postgres' account may pass through; disposing removes it. */
export async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-test-'))
  await chmod(directory, 0o711)
  return { path: directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
}

export interface TestInstallation extends AsyncDisposable {
  readonly postgres: PostgresVersions
  /** The usual version. */
  readonly installation: PostgresVersion
  /** A fresh data directory, cloned from the template. */
  newDataDirectory(name: string): Promise<string>
  /** Starts a cluster on a data directory. */
  start(dataDirectory: string, settings?: Partial<ClusterSettings>): Promise<Cluster>
}

/** What these tests are about: the usual major version, or that of TEST_POSTGRES_MAJOR (`npm run soak` goes through all). */
export const TEST_MAJOR = Number(process.env['TEST_POSTGRES_MAJOR'] ?? DEFAULT_MAJOR)

/** A real installation of a major version in a directory of its own, with a template; `place` is one that the caller made and removes. */
export async function installForTest(major: number = TEST_MAJOR, place?: string): Promise<TestInstallation> {
  const directory =
    place === undefined
      ? await temporaryDirectory()
      : { path: place, [Symbol.asyncDispose]: () => Promise.resolve() }
  await seedPostgres(directory.path, [major])
  const postgres = await openPostgres({ dataDir: directory.path })
  const installation = await postgres.of(major)
  const template = await installation.template()
  await keepPostgres(directory.path)
  return {
    postgres,
    installation,
    async newDataDirectory(name) {
      const to = path.join(directory.path, name)
      await mkdir(path.dirname(to), { recursive: true, mode: 0o711 })
      await cloneTree({ from: template, to, owner: ownerOf(installation), exclude: () => false })
      return to
    },
    start: (dataDirectory, settings = {}) =>
      startCluster({
        installation,
        dataDirectory,
        socketDirectory: socketDirectoryFor(installation, dataDirectory),
        settings: { maxCu: 1, ...settings },
        logFile: `${dataDirectory}.log`,
        log: testLog,
      }),
    [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose](),
  }
}

/** Why a major version cannot be had in this surroundings; undefined when it can. */
export async function whyNotInstallable(major: number): Promise<string | undefined> {
  await using directory = await temporaryDirectory()
  await seedPostgres(directory.path, [major])
  try {
    await (await openPostgres({ dataDir: directory.path })).of(major)
    return undefined
  } catch (error) {
    if (isLakeletError(error, 'postgres_download_failed')) return error.message
    throw error
  }
}

export interface TestSession extends AsyncDisposable {
  query<Row extends QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>
  /** What the server said when it ended the session on its own. */
  readonly ended: Promise<Error>
}

/** The path of the socket of a compute on this machine. */
export function socketOf(address: BackendAddress): string {
  if (!('unix' in address)) throw new Error('the compute has no socket on this machine')
  return address.unix
}

/** A session as any role, as the gateway opens one after it has authenticated the client. */
export async function connectAs(
  address: ClusterAddress | BackendAddress,
  user: string,
  database = 'databricks_postgres',
  replication?: 'database',
): Promise<TestSession> {
  const client = new Client({
    ...(replication ? { replication } : {}),
    host: path.dirname('socketPath' in address ? address.socketPath : socketOf(address)),
    port: 5432,
    user,
    database,
    ssl: false,
    password: 'password' in address ? address.password : '',
  })
  const ended = new Promise<Error>((resolve) => client.on('error', resolve))
  await client.connect()
  return {
    ended,
    query: async <Row extends QueryResultRow>(text: string, values: unknown[] = []) =>
      (values.length > 0 ? await client.query<Row>(text, values) : await client.query<Row>(text)).rows ?? [],
    [Symbol.asyncDispose]: () => client.end(),
  }
}

export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 60_000,
): Promise<void> {
  const until = performance.now() + deadlineMs
  while (!(await condition())) {
    if (performance.now() > until) throw new Error('the condition did not come true in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** What a client reads whose session the server has ended: the server's words, or nothing but the closed socket. */
export const SESSION_ENDED = /terminating connection|Connection terminated|connection error|EPIPE|ECONNRESET/
