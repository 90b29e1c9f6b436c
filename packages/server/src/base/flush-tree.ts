// Making a whole tree durable before it gets its name.
import { execFile } from 'node:child_process'
import { open, readdir } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'

/** Makes everything below `directory`, and the directory itself, durable. Throws what the system says when that fails, ENOSPC too. */
export async function flushTree(directory: string): Promise<void> {
  // One syncfs of the file system is much cheaper than an fsync of a thousand files.
  if (process.platform === 'linux' && (await syncFileSystem(directory))) return
  await flush(directory)
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() || entry.isDirectory()) await flush(path.join(entry.parentPath, entry.name))
  }
}

function syncFileSystem(directory: string): Promise<boolean> {
  return promisify(execFile)('sync', ['-f', directory]).then(
    () => true,
    () => false,
  )
}

async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
