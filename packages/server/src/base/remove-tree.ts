// Removing a directory tree whose owner took rights away from parts of it.
import { chmod, readdir, rm } from 'node:fs/promises'
import path from 'node:path'

/**
 * Removes `directory` with all that is in it; nothing happens when there is none. Directories that may not be entered or
 * written to are given back the rights first. Throws what the system says when something still cannot be removed.
 */
export async function removeTree(directory: string): Promise<void> {
  try {
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    if (!isDenied(error)) throw error
    await openUp(directory)
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function openUp(directory: string): Promise<void> {
  await chmod(directory, 0o700)
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) await openUp(path.join(directory, entry.name))
  }
}

function isDenied(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EACCES' || code === 'EPERM' || code === 'ENOTEMPTY'
}
