// Copying a data directory to another file system whole: owners, modes, times, links and second names, compared afterwards.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { LakeletError } from '../../base/errors.ts'
import { flushTree } from '../../base/flush-tree.ts'
import { runTool } from './disk-tools.ts'

const PARALLEL = 8

/** Copies all that is in `from` into the directory `to`, flushes and compares it byte by byte. Nothing may write to `from`. */
export async function copyExactly(from: string, to: string): Promise<void> {
  // `--archive` keeps second names of one file, of which bases and archives are full; holes stay holes.
  await runTool('cp', ['--archive', '--sparse=auto', '--reflink=auto', '--', `${from}/.`, to])
  await flushTree(to)
  const difference = await differenceOf(from, to)
  if (difference !== undefined)
    throw new LakeletError('disk_failed', { command: 'comparing the copy', reason: difference })
}

/** Names of the same file are compared with each other; content only once for all of them. */
async function differenceOf(from: string, to: string): Promise<string | undefined> {
  const twins = new Map<string, number>()
  const queue = (await namesIn(from)).values()
  const found = await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const relative of queue) {
        const what = await compare(path.join(from, relative), path.join(to, relative), twins)
        if (what !== undefined) return `${relative} ${what}`
      }
      return undefined
    }),
  )
  return found.find((difference) => difference !== undefined)
}

async function compare(one: string, other: string, twins: Map<string, number>): Promise<string | undefined> {
  const [first, second] = await Promise.all([lstat(one), lstat(other)])
  const isSame =
    first.mode === second.mode &&
    first.uid === second.uid &&
    first.gid === second.gid &&
    (first.isDirectory() || first.size === second.size)
  if (!isSame) return 'has another type, owner, mode or size'
  if (first.isFile() && first.nlink > 1) {
    const key = `${first.dev}:${first.ino}`
    const twin = twins.get(key)
    twins.set(key, second.ino)
    if (twin !== undefined) return twin === second.ino ? undefined : 'is not a second name of the same file'
  }
  if (first.isSymbolicLink())
    return (await readlink(one)) === (await readlink(other)) ? undefined : 'leads elsewhere'
  if (!first.isFile() || first.size === 0) return undefined
  return (await digestOf(one)) === (await digestOf(other)) ? undefined : 'has other content'
}

async function namesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries.map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}
