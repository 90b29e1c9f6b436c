// Removing what an app or its build wrote. It may be anything: directories without rights, trees deeper than a path can be long, links
// that are swapped while one walks. So it is done by the system's own `rm`, which walks by descriptor, and as the app itself, which
// cannot reach anything that is not its own.
import { execFile } from 'node:child_process'
import { rmdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import type { Account } from './account.ts'

/** Removes a directory that belongs to `account` and lies in one of ours; one that is not there is no error. */
export async function removeTree(directory: string, account?: Account): Promise<void> {
  await runAs(account, 'rm', ['-rf', '--', directory])
  if (await isGone(directory)) return
  // What has no rights may be given them by its owner.
  await runAs(account, 'chmod', ['-R', 'u+rwx', '--', directory])
  await runAs(account, 'rm', ['-rf', '--', directory])
  if (await isGone(directory)) return
  throw new Error(
    `${directory} could not be removed: something in it does not belong to the app, or cannot be changed`,
  )
}

/** Removes the empty directory that the app cannot take out of ours itself. */
async function isGone(directory: string): Promise<boolean> {
  try {
    await rmdir(directory)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

/** Where the system keeps its programs, whatever the PATH of who started the workspace holds or leaves out. */
export function systemPath(): string {
  return ['/usr/sbin', '/usr/bin', '/sbin', '/bin', process.env['PATH'] ?? ''].join(path.delimiter)
}

/** Runs a program of the system to its end; what it could not do shows afterwards. */
export async function runAs(
  account: Account | undefined,
  program: string,
  words: readonly string[],
): Promise<boolean> {
  const who = account ? { uid: account.uid, gid: account.gid } : {}
  try {
    const env = { PATH: systemPath() }
    await promisify(execFile)(program, words, { ...who, env, cwd: '/', maxBuffer: 64 * 1024 * 1024 })
    return true
  } catch {
    return false
  }
}
