// Who an app runs as. When root starts the workspace, each app gets a user id of its own, out of a range that nobody administers: no
// account is created, the kernel only compares numbers. So an app can neither read what is the workspace's (token, keys, sockets) nor
// what is another app's (files, environment), and all that it ever started is found by that number. Started by an ordinary user, the
// workspace cannot give its apps another identity: they are that user.
import { chmod, chown, copyFile, link, readFile, rm, stat } from 'node:fs/promises'
import { constants } from 'node:fs'
import path from 'node:path'
import { ensureDirectory } from '../base/files.ts'
import { LakeletError } from '../base/errors.ts'

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** Numbers that no distribution and no container runtime gives away (systemd's docs/UIDS-GIDS.md). */
const WIDE_RANGE = { first: 0x7000_0000, count: 0x0fff_0000 }
/** In a container with few user ids: those between the system's own and the last that adduser gives. */
const NARROW_RANGE = { first: 20_000, count: 39_000 }

/** The user ids to choose from; undefined when this process is not root, or cannot become anybody else. */
export async function accountRange(): Promise<typeof WIDE_RANGE | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const map = await readFile('/proc/self/uid_map', 'utf8').catch(() => '0 0 4294967295')
  const mapped = map
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  return [WIDE_RANGE, NARROW_RANGE].find(({ first, count }) =>
    mapped.some(([inside = 0, , length = 0]) => inside <= first && first + count <= inside + length),
  )
}

/** A user id that is not in `taken`. Two workspaces of one machine draw from the same range, so it is drawn at random. */
export function drawAccount(range: typeof WIDE_RANGE, taken: ReadonlySet<number>): number {
  for (;;) {
    const uid = range.first + Math.floor(Math.random() * range.count)
    if (!taken.has(uid)) return uid
  }
}

/** Creates a directory that only its owner sees into: the app, or the workspace when they are the same. */
export async function ownDirectory(directory: string, account: Account | undefined): Promise<string> {
  await ensureDirectory(directory)
  if (account) await chown(directory, account.uid, account.gid)
  return directory
}

/** Creates a directory of the workspace that the app passes through to what is its own inside, and nobody else. */
export async function passageFor(directory: string, account: Account | undefined): Promise<string> {
  await ensureDirectory(directory)
  if (!account) return directory
  await chown(directory, 0, account.gid)
  await chmod(directory, 0o710)
  return directory
}

/** Opens our own directories down to `directory` for passing through; one above the data directory that blocks is LakeletError `app_unreachable_directory`. */
export async function ensureReachable(directory: string, dataDirectory: string): Promise<void> {
  for (const each of lineTo(directory)) {
    const { mode, uid } = await stat(each)
    if (mode & constants.S_IXOTH) continue
    // The data directory and what is in it are ours.
    const isOurs = uid === 0 && (each === dataDirectory || each.startsWith(`${dataDirectory}${path.sep}`))
    if (!isOurs) throw new LakeletError('app_unreachable_directory', { directory: each })
    await chmod(each, (mode & 0o7777) | constants.S_IXOTH)
  }
}

/**
 * The directory of a Node that every app can run: that of this process, or `directory` with a link to it where this process' own lies
 * in somebody's private directory.
 */
export async function reachableNode(directory: string): Promise<string> {
  const own = path.dirname(process.execPath)
  if (await isReachable(process.execPath)) return own
  const there = path.join(directory, 'node')
  await ensureDirectory(directory, 0o755)
  await rm(there, { force: true })
  await link(process.execPath, there).catch(() =>
    copyFile(process.execPath, there, constants.COPYFILE_FICLONE),
  )
  await chmod(there, 0o755)
  return directory
}

/** Whether every user may pass through all directories down to `file`, and through it. */
export async function isReachable(file: string): Promise<boolean> {
  for (const each of lineTo(file)) if (!((await stat(each)).mode & constants.S_IXOTH)) return false
  return true
}

/** The root directory first. */
function lineTo(file: string): string[] {
  const parent = path.dirname(file)
  return parent === file ? [file] : [...lineTo(parent), file]
}
