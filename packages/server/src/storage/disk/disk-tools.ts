// The programs of the system that make, mount and grow a disk.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { LakeletError } from '../../base/errors.ts'
import type { DiskFileSystem } from './disk-note.ts'

/** Which packages have the programs: Debian and Ubuntu, Fedora, Alpine and Arch call them so. */
const PACKAGES: Readonly<Record<string, string>> = {
  'mkfs.xfs': 'xfsprogs',
  xfs_growfs: 'xfsprogs',
  'mkfs.btrfs': 'btrfs-progs',
  btrfs: 'btrfs-progs',
  mount: 'util-linux',
  umount: 'util-linux',
  losetup: 'util-linux',
  sync: 'coreutils',
  cp: 'coreutils',
}

const LONGEST_MS = 6 * 3_600_000

/**
 * Runs a program of the system and gives what it printed. Where PATH leaves them out, programs of root are found too. Throws
 * `disk_tool_missing`, or `disk_failed` with what it said.
 */
export async function runTool(program: string, args: readonly string[]): Promise<string> {
  const env = {
    ...process.env,
    LC_ALL: 'C',
    PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin:/usr/bin:/bin`,
  }
  try {
    const { stdout } = await promisify(execFile)(program, args, { env, timeout: LONGEST_MS })
    return stdout.trim()
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new LakeletError(
        'disk_tool_missing',
        { program, package: PACKAGES[program] ?? program },
        { cause },
      )
    const { stderr } = cause as { readonly stderr?: string }
    const reason = stderr?.trim().replaceAll(/\s*\n\s*/g, ' ') || String(cause)
    throw new LakeletError('disk_failed', { command: [program, ...args].join(' '), reason }, { cause })
  }
}

/** Throws `disk_unsupported` where this system cannot mount files, and `disk_needs_root` for everybody but root. */
export function requireRoot(what: string): void {
  if (process.platform !== 'linux')
    throw new LakeletError('disk_unsupported', {
      reason: `loop devices are of Linux, this is ${process.platform}`,
    })
  if (process.getuid?.() !== 0) throw new LakeletError('disk_needs_root', { what })
}

/** Throws `disk_unsupported` where there are no loop devices, as in most containers. */
export async function requireLoopDevices(): Promise<void> {
  await runTool('losetup', ['--find']).catch((cause: unknown) => {
    if (cause instanceof LakeletError && cause.code === 'disk_tool_missing') throw cause
    const reason = `there is no loop device (${cause instanceof Error ? cause.message : String(cause)}); a container must be given them, with --privileged or by its host`
    throw new LakeletError('disk_unsupported', { reason }, { cause })
  })
}

/** Makes an empty file system that can share blocks in the file `image`. */
export async function makeFileSystem(image: string, fileSystem: DiskFileSystem): Promise<void> {
  if (fileSystem === 'xfs') await runTool('mkfs.xfs', ['-q', '-m', 'reflink=1', '-L', 'lakelet', image])
  else await runTool('mkfs.btrfs', ['-q', '-L', 'lakelet', image])
}
