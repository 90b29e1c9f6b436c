// Looks how much of the disk an app takes. Quotas of file systems are few hosts' to give, so what it wrote is counted: whenever the file system has
// filled by enough to matter, and now and then besides.
import { execFile } from 'node:child_process'
import { statfs } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { systemPath } from '../remove-tree.ts'

const LOOK_MS = 500
const COUNT_MS = 5 * 60_000
/** Of the limit: what the file system has to fill by until it is counted again. */
const SHARE = 1 / 16

export interface DiskWatch {
  readonly places: readonly string[]
  readonly limitBytes: number
  readonly signal: AbortSignal
}

/** Resolves with the bytes that the places take, once that is beyond the limit; undefined when it is aborted first. */
export async function untilDiskFull({ places, limitBytes, signal }: DiskWatch): Promise<number | undefined> {
  const [place] = places
  if (place === undefined) return undefined
  let countAt = 0
  let fullAt = -Infinity
  while (!signal.aborted) {
    const full = await takenOf(place)
    if (full > fullAt + limitBytes * SHARE || performance.now() > countAt) {
      const taken = await bytesIn(places)
      if (taken > limitBytes) return taken
      fullAt = full
      countAt = performance.now() + COUNT_MS
    }
    // What was removed may be written again.
    fullAt = Math.min(fullAt, full)
    await delay(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
  return undefined
}

/** Bytes of the file system that are taken; 0 where that is not known. */
async function takenOf(place: string): Promise<number> {
  const found = await statfs(place).catch(() => undefined)
  return found ? (found.blocks - found.bfree) * found.bsize : 0
}

/** Bytes on disk of all that lies there, as far as it can be read; each file once. */
export async function bytesIn(places: readonly string[]): Promise<number> {
  const words = ['-skx', '--', ...places]
  const output = await promisify(execFile)('du', words, { env: { PATH: systemPath() }, cwd: '/' }).then(
    ({ stdout }) => stdout,
    // What came or went meanwhile, or is closed to us, makes it fail after it has counted the rest.
    (error: { stdout?: string }) => error.stdout ?? '',
  )
  const kilobytes = [...output.matchAll(/^(\d+)\s/gm)].map((each) => Number(each[1]))
  return kilobytes.reduce((sum, each) => sum + each, 0) * 1024
}
