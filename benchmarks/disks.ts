// Where branches are measured: the file system of the temporary directory (or of BENCH_DIR), and XFS in a file where root can mount one.
import { execFileSync, spawnSync } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface Place {
  /** The type of its file system. */
  readonly name: string
  readonly directory: string
  /** Whether files there share blocks. */
  readonly sharesBlocks: boolean
}

/** Free space that a parent of a gigabyte and everything that is made of it in a benchmark take, in GB. */
const ROOM_PER_GB = 8

/** The places of this machine, with room for parents of `gigabytes`; each is removed with `stack`. */
export async function openPlaces(stack: AsyncDisposableStack, gigabytes: number): Promise<Place[]> {
  const home = await mkdtemp(path.join(process.env['BENCH_DIR'] ?? tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(home, { recursive: true, force: true }))
  await chmod(home, 0o711)
  const plain = path.join(home, 'plain')
  await mkdir(plain, { mode: 0o711 })
  const places = [{ name: typeOf(plain), directory: plain, sharesBlocks: canShare(plain) }]
  const why = whyNoXfs()
  if (why === undefined) places.push(mountXfs(home, gigabytes, stack))
  else console.error(`XFS is left out: ${why}`)
  return places
}

function mountXfs(home: string, gigabytes: number, stack: AsyncDisposableStack): Place {
  const image = path.join(home, 'xfs.img')
  const directory = path.join(home, 'xfs')
  writeFileSync(image, '')
  truncateSync(image, Math.ceil(10 + ROOM_PER_GB * gigabytes) * 1024 ** 3)
  execFileSync('mkfs.xfs', ['-q', '-m', 'reflink=1', image])
  execFileSync('mkdir', ['-m', '711', directory])
  execFileSync('mount', ['-o', 'loop,noatime', image, directory])
  execFileSync('chmod', ['711', directory])
  stack.defer(() => {
    execFileSync('umount', ['-l', directory])
  })
  return { name: 'xfs', directory, sharesBlocks: true }
}

function whyNoXfs(): string | undefined {
  if (process.getuid?.() !== 0) return 'mounting needs root'
  if (spawnSync('losetup', ['--find']).status !== 0) return 'there is no loop device'
  return spawnSync('mkfs.xfs', ['-V']).status === 0 ? undefined : 'there is no mkfs.xfs'
}

function typeOf(directory: string): string {
  const { stdout } = spawnSync('stat', ['-f', '-c', '%T', directory], { encoding: 'utf8' })
  return stdout?.trim() === 'ext2/ext3' ? 'ext4' : (stdout?.trim() ?? 'file system')
}

function canShare(directory: string): boolean {
  const [one, other] = [path.join(directory, 'a'), path.join(directory, 'b')]
  writeFileSync(one, 'x'.repeat(8192))
  return spawnSync('cp', ['--reflink=always', one, other]).status === 0
}

/** SQL that fills a database to about `gigabytes`; nothing where a new one is as large. */
export function fillSql(gigabytes: number): string[] {
  const rows = Math.round((gigabytes - 0.04) * 920_000)
  return [
    'CREATE TABLE IF NOT EXISTS public.filling (id int PRIMARY KEY, n int NOT NULL, filler text)',
    ...Array.from(
      { length: Math.max(1, Math.ceil(rows / 500_000)) },
      (_, part) =>
        `INSERT INTO public.filling SELECT g, 0, repeat(md5(g::text), 32) FROM generate_series(${part * 500_000 + 1}, ${Math.max(1000, Math.min(rows, (part + 1) * 500_000))}) g`,
    ),
  ]
}
