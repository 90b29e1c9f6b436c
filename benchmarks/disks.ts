// Where branches are measured: the file system of the temporary directory, and XFS in a file where root can mount one. And how much is
// in them: 5 GB takes minutes, so only with BENCH_FULL=1.
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

/** Data of a parent in GB: a new one has 40 MB. */
export const SIZES: readonly number[] = (
  process.env['BENCH_SIZES'] ?? (process.env['BENCH_FULL'] === '1' ? '0.04,1,5' : '0.04,1')
)
  .split(',')
  .map(Number)

/** The places of this machine; each is removed with `stack`. */
export async function openPlaces(stack: AsyncDisposableStack): Promise<Place[]> {
  const home = await mkdtemp(path.join(process.env['BENCH_DIR'] ?? tmpdir(), 'lakelet-bench-'))
  stack.defer(() => rm(home, { recursive: true, force: true }))
  await chmod(home, 0o711)
  const plain = path.join(home, 'plain')
  await mkdir(plain, { mode: 0o711 })
  const places = [{ name: typeOf(plain), directory: plain, sharesBlocks: canShare(plain) }]
  const why = whyNoXfs()
  if (why === undefined) places.push(mountXfs(home, stack))
  else console.error(`XFS is left out: ${why}`)
  return places
}

function mountXfs(home: string, stack: AsyncDisposableStack): Place {
  const image = path.join(home, 'xfs.img')
  const directory = path.join(home, 'xfs')
  writeFileSync(image, '')
  truncateSync(image, Math.ceil(10 + 8 * Math.max(...SIZES)) * 1024 ** 3)
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
