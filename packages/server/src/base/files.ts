// Files that must be whole after a crash: written beside, flushed, renamed, and the directory flushed.
import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import path from 'node:path'

/** Replaces `file` by `content` so that a reader or a crash sees the old or the new one, never a part. */
export async function writeFileAtomic(
  file: string,
  content: string | Uint8Array,
  options: { readonly mode?: number } = {},
): Promise<void> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}.tmp`
  try {
    const handle = await open(temporary, 'wx', options.mode ?? 0o600)
    try {
      await handle.writeFile(content)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncDirectory(path.dirname(file))
}

/** Makes the entries of `directory` durable (fsync of the directory itself). */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Creates `directory` and its parents with `mode` for the ones that are new. */
export async function ensureDirectory(directory: string, mode = 0o700): Promise<string> {
  await mkdir(directory, { recursive: true, mode })
  return directory
}
