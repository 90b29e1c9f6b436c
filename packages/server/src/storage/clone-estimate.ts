// What a clone of the largest branch would take here, found by cloning something.
import { randomBytes } from 'node:crypto'
import { mkdtemp, statfs, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { flushTree } from '../base/flush-tree.ts'
import { removeTree } from '../base/remove-tree.ts'
import { BranchFiles } from './branch-files.ts'
import { type CloneMethod, FileCloner } from './clone-tree.ts'

interface CloneEstimate {
  readonly method: CloneMethod
  /** Of a copy, with its way to the disk; of little meaning where blocks are shared. */
  readonly bytesPerSecond: number
  /** Bytes of the largest branch; undefined where there is none. */
  readonly largest: number | undefined
  /** Bytes that may still be written. */
  readonly free: number
}

const TRIAL_BYTES = 32 * 1024 ** 2

/** Clones a small file in `dataDir`, which is left as it was, and looks how large its branches are. */
export async function estimateClone(dataDir: string): Promise<CloneEstimate> {
  const place = await mkdtemp(path.join(dataDir, '.lakelet-trial-'))
  try {
    const [from, to] = [path.join(place, 'a'), path.join(place, 'b')]
    await writeFile(from, randomBytes(TRIAL_BYTES))
    await flushTree(place)
    const cloner = new FileCloner({ uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 })
    const began = performance.now()
    await cloner.clone(from, to)
    await flushTree(place)
    const seconds = (performance.now() - began) / 1000
    const { bavail, bsize } = await statfs(dataDir)
    return {
      method: cloner.method,
      bytesPerSecond: TRIAL_BYTES / seconds,
      largest: await largestBranch(dataDir),
      free: bavail * bsize,
    }
  } finally {
    await removeTree(place)
  }
}

async function largestBranch(dataDir: string): Promise<number | undefined> {
  const files = new BranchFiles(dataDir)
  const sizes: number[] = []
  for (const branchUid of await files.list()) sizes.push(await files.sizeBytes(branchUid).catch(() => 0))
  return sizes.length > 0 ? Math.max(...sizes) : undefined
}
