// Two branches exchange their directories: after it each uid has what the other one had. There is no such call of the system that
// Node.js offers, so it is three renames; the name of the one that is aside says how to go on when a crash comes in between.
import { readdir, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { syncDirectory } from '../base/files.ts'

/** The directory of the first, which goes to the second. */
const ASIDE = /^\.([A-Za-z0-9][A-Za-z0-9_-]*)\.to\.([A-Za-z0-9][A-Za-z0-9_-]*)$/

/** Nothing may run on either of the two. */
export async function exchangeDirectories(home: string, one: string, other: string): Promise<void> {
  await rename(path.join(home, one), path.join(home, `.${one}.to.${other}`))
  await syncDirectory(home)
  await goOn(home, one, other)
}

/** Goes on with exchanges that a crash cut off. */
export async function finishExchanges(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    const [, one, other] = ASIDE.exec(name) ?? []
    if (one !== undefined && other !== undefined) await goOn(home, one, other)
  }
}

async function goOn(home: string, one: string, other: string): Promise<void> {
  if (!(await exists(path.join(home, one)))) {
    await rename(path.join(home, other), path.join(home, one))
    await syncDirectory(home)
  }
  await rename(path.join(home, `.${one}.to.${other}`), path.join(home, other))
  await syncDirectory(home)
}

async function exists(directory: string): Promise<boolean> {
  return stat(directory).then(
    () => true,
    () => false,
  )
}
