// The lines of a file that another process writes and turns over: first its end, then what is added.
import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Bytes at the end of the file that are looked through for the last lines. */
const END_BYTES = 1024 * 1024
const PAUSE_MS = 200

/** The last `count` lines, each without its end. */
export async function lastLines(file: string, count: number): Promise<string[]> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const text = await read(handle, Math.max(0, size - END_BYTES), size)
  const lines = text.split('\n')
  // The part before the first line end is cut, unless it is the whole file; the last one is not complete.
  return lines.slice(size > END_BYTES ? 1 : 0, -1).slice(-count)
}

/** Yields every line that is written from now on, also after the file was replaced by a new one; ends with `signal`. */
export async function* followLines(file: string, signal: AbortSignal): AsyncGenerator<string> {
  let handle = await open(file)
  let position = (await handle.stat()).size
  let rest = ''
  try {
    while (!signal.aborted) {
      const { size } = await handle.stat()
      if (size > position) {
        const lines = `${rest}${await read(handle, position, size)}`.split('\n')
        rest = lines.pop() ?? ''
        position = size
        yield* lines
        continue
      }
      const next = await replacement(file, handle)
      if (next) {
        await handle.close()
        handle = next
        position = 0
      } else await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    await handle.close()
  }
}

/** The file that has the name now, if it is another one than `handle`. */
async function replacement(file: string, handle: FileHandle): Promise<FileHandle | undefined> {
  // Between the two it may have no name for a moment.
  const now = await open(file).catch(() => undefined)
  if (!now) return undefined
  const [present, held] = await Promise.all([now.stat(), handle.stat()])
  if (present.ino !== held.ino || present.size < held.size) return now
  await now.close()
  return undefined
}

async function read(handle: FileHandle, from: number, to: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(to - from), 0, to - from, from)
  return buffer.toString('utf8', 0, bytesRead)
}
