// Packages that tests take from a public registry, made once per set and kept between runs below the system's temporary directory.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sharedDirectory } from '../guards/shared-directory.ts'

/** The registry cannot be reached from here: a reason to skip, not a failure. */
export class RegistryUnreachable extends Error {}

const NO_NETWORK =
  /ENOTFOUND|no such host|i\/o timeout|connection refused|Could not transfer artifact|Unknown host|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|Failed to establish a new connection|name resolution|Could not fetch URL|Read timed out/

/** The directory of a set of packages; `build` fills it when it is not complete. */
export async function cachedDirectory(
  kind: string,
  contents: readonly string[],
  build: (directory: string) => Promise<void>,
): Promise<string> {
  const key = createHash('sha256').update(contents.join('\n')).digest('hex').slice(0, 16)
  // Some packages know their own path, so a directory is built in place and marked when it is complete.
  const directory = path.join(sharedDirectory, `${kind}-${key}`)
  const isComplete = () => existsSync(path.join(directory, 'complete'))
  if (isComplete()) return directory
  await mkdir(sharedDirectory, { recursive: true })
  // Of several test files that need the same set, one builds it.
  await using _ = await takeLock(`${directory}.lock`)
  if (isComplete()) return directory
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

/** Waits until no living process holds the lock file. */
async function takeLock(file: string): Promise<AsyncDisposable> {
  for (;;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' })
      return { [Symbol.asyncDispose]: () => rm(file, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const holder = Number(await readFile(file, 'utf8').catch(() => ''))
    if (holder > 0 && !isAlive(holder)) await rm(file, { force: true })
    await sleep(100)
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
