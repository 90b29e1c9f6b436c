// Crash recovery of a cluster that nobody starts: by a Postgres in single-user mode, which ends when it is done.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { LakeletError } from '../base/errors.ts'
import { type PostgresInstallation, postgresEnvironment } from './installation.ts'

/**
 * Postgres in single-user mode as initdb runs it: without fsync, since whoever calls this flushes the directory anyway, and ended by the
 * first error. With archiving, the end would move to the next segment.
 */
export const SINGLE_USER = [
  '--single',
  '-F',
  '-c',
  'exit_on_error=true',
  '-c',
  'search_path=pg_catalog',
  '-c',
  'archive_mode=off',
]

/**
 * Replays the WAL of a data directory that was not shut down cleanly, and shuts it down. Returns the position up to which there
 * was WAL: that of the checkpoint that ends recovery (src/backend/access/transam/xlog.c, PerformRecoveryXLogAction). Nothing may
 * run on the directory. Nothing is flushed. Throws `postgres_init_failed` with the server's last words.
 */
export async function recover(installation: PostgresInstallation, dataDirectory: string): Promise<string> {
  const said = await new Promise<string>((resolve, reject) => {
    const child = execFile(
      path.join(installation.prefix, 'bin', 'postgres'),
      [...SINGLE_USER, '-D', dataDirectory, 'template1'],
      { ...installation.account, cwd: installation.prefix, env: postgresEnvironment() },
      (error, stdout, stderr) => {
        if (!error) resolve(stdout)
        else reject(failure(stderr.trim().split('\n').slice(-3).join(' ') || error.message, error))
      },
    )
    // A server that ends early does not read it; its exit code tells.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end('SELECT checkpoint_lsn FROM pg_control_checkpoint();\n')
  })
  const lsn = /checkpoint_lsn = "([0-9A-F]+\/[0-9A-F]+)"/.exec(said)?.[1]
  if (lsn === undefined) throw failure(`it did not say where its WAL ends: ${said.slice(-300)}`)
  return lsn
}

function failure(reason: string, cause?: unknown): LakeletError {
  return new LakeletError('postgres_init_failed', { reason: `recovery: ${reason}` }, { cause })
}
