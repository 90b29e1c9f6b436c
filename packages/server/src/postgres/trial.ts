// Whether a server starts with some settings, without starting one: Postgres reads its configuration, checks each value and all of them
// together, adds up the shared memory it would take, prints that and ends (`-C` with a setting that is computed at run time,
// src/backend/postmaster/postmaster.c). Takes 15 ms and no connection.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { totalmem } from 'node:os'
import path from 'node:path'
import { ownerOf } from './host.ts'
import { type PostgresInstallation, postgresEnvironment } from './installation.ts'
import { BYTES_PER_CU, type ClusterSettings, settingsFile } from './settings.ts'
import { type PostgresVersion, TRIAL } from './versions.ts'

const TRIAL_MS = 15_000
/** Of the memory of the compute, or of the machine where that is less: the rest is for what queries need. */
const LARGEST_SHARE = 0.75

/** What a server would say against `settings` at its start; undefined when it would start. */
export async function startProblem(
  installation: PostgresVersion,
  settings: ClusterSettings,
): Promise<string | undefined> {
  const name = `${TRIAL}${randomBytes(4).toString('hex')}.tmp`
  const directory = path.join(installation.home, name)
  await mkdir(directory, { mode: 0o700 })
  try {
    await fill(installation, directory, settings)
    const outcome = await ask(installation, directory)
    if (typeof outcome === 'string') return outcome
    const most = LARGEST_SHARE * Math.min(settings.maxCu * BYTES_PER_CU, totalmem())
    return outcome <= most
      ? undefined
      : `together they take ${megabytes(outcome)} MB of shared memory; a compute of this size has ${megabytes(most)} MB for that`
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** As much of a data directory as is read before a server starts. */
async function fill(
  installation: PostgresVersion,
  directory: string,
  settings: ClusterSettings,
): Promise<void> {
  const template = await installation.template()
  await mkdir(path.join(directory, 'global'), { mode: 0o700 })
  await Promise.all([
    ...['PG_VERSION', path.join('global', 'pg_control')].map((name) =>
      copyFile(path.join(template, name), path.join(directory, name)),
    ),
    writeFile(path.join(directory, 'postgresql.conf'), settingsFile(settings, installation.major)),
    writeFile(path.join(directory, 'postgresql.auto.conf'), ''),
  ])
  const { uid, gid } = ownerOf(installation)
  const names = [
    '',
    'global',
    path.join('global', 'pg_control'),
    'PG_VERSION',
    'postgresql.conf',
    'postgresql.auto.conf',
  ]
  await Promise.all(names.map((name) => chown(path.join(directory, name), uid, gid)))
}

/** Bytes of shared memory, or the server's last words. */
async function ask(installation: PostgresInstallation, directory: string): Promise<number | string> {
  const program = path.join(installation.prefix, 'bin', 'postgres')
  return new Promise((resolve) => {
    execFile(
      program,
      ['-D', directory, '-C', 'shared_memory_size'],
      {
        ...installation.account,
        cwd: '/',
        env: postgresEnvironment(),
        timeout: TRIAL_MS,
        killSignal: 'SIGKILL',
      },
      (error, stdout, stderr) => resolve(error ? lastWords(stderr, error) : Number(stdout) * 1024 * 1024),
    )
  })
}

function lastWords(stderr: string, error: Error): string {
  const lines = stderr
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\S+ \S+ \S+ \[\d+\] /, '').replace(/^(LOG|FATAL|postgres):\s+/, ''))
    .filter((line) => line !== '' && !line.startsWith('configuration file '))
  return lines.slice(-2).join(' ') || error.message
}

function megabytes(bytes: number): number {
  return Math.floor(bytes / 1e6)
}
