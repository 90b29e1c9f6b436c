import path from 'node:path'
import { defineCommand } from '../../command/define-command.ts'
import { withProgress } from '../../command/progress.ts'
import { parseSize } from '../../command/sizes.ts'
import type { Terminal } from '../../command/terminal.ts'
import { dataDirOf } from '../../config/local-workspace.ts'
import { diskData, diskLines } from './disk-text.ts'

export const storageInit = defineCommand({
  path: ['storage', 'init'],
  summary: 'Give a data directory a disk of its own on which branches share blocks',
  description:
    'For machines whose file system copies every byte of a new branch, such as ext4. Makes a file that takes room as it fills, with XFS or btrfs in it, and mounts it at the data directory; needs root. A data directory that is in use is refused, and one that is not empty without --migrate. /etc/fstab is not changed: the line for it is printed, and `lakelet up` of root mounts the disk by itself.',
  options: {
    size: { value: 'SIZE', summary: 'how large it may become', default: '20G', parse: parseSize },
    fs: { value: 'FS', summary: 'the file system on it', choices: ['xfs', 'btrfs'], default: 'xfs' },
    dir: { value: 'FOLDER', summary: 'where the file goes; beside the data directory when left out' },
    migrate: {
      summary:
        'take along what is in the data directory; it is compared afterwards, and the old files stay in <data directory>.before-disk',
    },
  },
  examples: [
    { run: 'sudo lakelet storage init --data-dir ~/.lakelet', does: 'makes one before the first start' },
    {
      run: 'sudo lakelet storage init --size 100G --dir /big --migrate',
      does: 'moves a stopped workspace onto one that lies on another disk',
    },
  ],
  async handler({ terminal, out, dataDir: given }, { options }) {
    const dataDir = dataDirOf(terminal, given)
    const { diskStatus, initDisk } = await import('@lakelet/server')
    const made = await withProgress(terminal, 'Making the disk', (progress) =>
      initDisk({
        dataDir,
        imageDir: options.dir === undefined ? undefined : path.resolve(terminal.cwd, options.dir),
        bytes: options.size,
        fileSystem: options.fs,
        migrate: options.migrate,
        owner: callerOf(terminal),
        onProgress: (message) => progress.say(message),
      }),
    )
    const disk = await diskStatus(dataDir)
    if (!disk) throw new Error(`${dataDir} has no disk after it was made`)
    const { before } = made
    out.data(
      { ...diskData(dataDir, disk), ...(before === undefined ? {} : { before }) },
      { lines: diskLines(dataDir, disk) },
    )
    if (before !== undefined)
      out.note(
        `What was in the directory is on the disk, and still in ${before}: remove that when all is well.`,
      )
    out.note(
      "After the machine starts again: 'lakelet up' of root mounts it, and so does the line in /etc/fstab.",
    )
  },
})

/** Who called sudo: what is made is for them. */
function callerOf({ env }: Pick<Terminal, 'env'>): { uid: number; gid: number } {
  const [uid, gid] = [Number(env['SUDO_UID']), Number(env['SUDO_GID'])]
  if (env['SUDO_UID'] && Number.isInteger(uid) && Number.isInteger(gid)) return { uid, gid }
  return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
}
