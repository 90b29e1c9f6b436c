// Packages that tests take from a public registry, made once per set and kept between runs below the system's temporary directory.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'

/** The registry cannot be reached from here: a reason to skip, not a failure. */
export class RegistryUnreachable extends Error {}

const NO_NETWORK =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|Failed to establish a new connection|name resolution|Could not fetch URL|Read timed out/

/** The directory of a set of packages; `build` fills it when it is not complete. */
export async function cachedDirectory(
  kind: string,
  contents: readonly string[],
  build: (directory: string) => Promise<void>,
): Promise<string> {
  const key = createHash('sha256').update(contents.join('\n')).digest('hex').slice(0, 16)
  const parent = path.join(os.tmpdir(), 'lakelet-tests')
  // Some packages know their own path, so a directory is built in place and marked when it is complete.
  const directory = path.join(parent, `${kind}-${key}`)
  if (existsSync(path.join(directory, 'complete'))) return directory
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  try {
    await build(directory)
  } catch (error) {
    const text = `${String(error)}\n${(error as { stderr?: string }).stderr ?? ''}`
    if (NO_NETWORK.test(text)) {
      throw new RegistryUnreachable(`the registry of ${kind} packages cannot be reached`, { cause: error })
    }
    throw error
  }
  const marker = path.join(directory, 'complete.tmp')
  await writeFile(marker, '')
  await rename(marker, path.join(directory, 'complete'))
  return directory
}
