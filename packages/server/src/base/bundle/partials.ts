// What is being written beside the name it gets when it is whole: `.<name>.<8 hex digits>.partial`. A kill leaves one; the next start of the
// workspace that wrote it removes it by its note, and whoever writes to the same directory removes those that nobody writes to any more.
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { writeFileAtomic } from '../files.ts'
import { removeTree } from '../remove-tree.ts'
import { CONTENTS, HEADER, isBundleFile } from './bundle.ts'

const PARTIAL = /^\..+\.[0-9a-f]{8}\.partial$/
/** Who is alive writes within that time. */
const OLD_MS = 86_400_000

/** A new name beside `to`. */
export function partialOf(to: string): string {
  return path.join(path.dirname(to), `.${path.basename(to)}.${randomBytes(4).toString('hex')}.partial`)
}

/** Notes in the directory `notes` that `partial` is being written, until disposed. Without `notes` nothing is noted. */
export async function notePartial(notes: string | undefined, partial: string): Promise<AsyncDisposable> {
  if (notes === undefined) return { async [Symbol.asyncDispose]() {} }
  await mkdir(notes, { recursive: true, mode: 0o700 })
  const note = path.join(notes, randomBytes(8).toString('hex'))
  await writeFileAtomic(note, partial)
  return { [Symbol.asyncDispose]: () => rm(note, { force: true }) }
}

/** Removes what is noted in `notes`, whose writers are gone; gives the paths. What cannot be removed is told to `onFailed`. */
export async function sweepNotedPartials(
  notes: string,
  onFailed: (partial: string, error: unknown) => void,
): Promise<string[]> {
  const removed: string[] = []
  for (const name of await readdir(notes).catch(() => [])) {
    const note = path.join(notes, name)
    const partial = await readFile(note, 'utf8')
    try {
      if (PARTIAL.test(path.basename(partial))) await removeTree(partial)
      await rm(note, { force: true })
      removed.push(partial)
    } catch (error) {
      onFailed(partial, error)
    }
  }
  return removed
}

/** Removes parts of bundles in `directory` that nobody has written to for a day. Never throws: whoever writes there next has other cares. */
export async function sweepOldPartials(directory: string, now = Date.now()): Promise<void> {
  const names = await readdir(directory).catch(() => [])
  for (const name of names.filter((each) => PARTIAL.test(each))) {
    const partial = path.join(directory, name)
    const isOld = now - (await lastWritten(partial)) > OLD_MS
    if (isOld && (await isOurs(partial))) await removeTree(partial).catch(() => undefined)
  }
}

/** When something in it was written last, in ms; now where that cannot be told. */
async function lastWritten(partial: string): Promise<number> {
  try {
    const info = await stat(partial)
    if (!info.isDirectory()) return info.mtimeMs
    let latest = info.mtimeMs
    for (const entry of await readdir(partial, { recursive: true, withFileTypes: true })) {
      if (!entry.isDirectory()) continue
      latest = Math.max(latest, (await stat(path.join(entry.parentPath, entry.name))).mtimeMs)
    }
    return latest
  } catch {
    return Date.now()
  }
}

/** Others may use such names, too. */
async function isOurs(partial: string): Promise<boolean> {
  const info = await stat(partial).catch(() => undefined)
  if (!info?.isDirectory()) return isBundleFile(partial)
  const names = await readdir(partial).catch((): string[] => [])
  return names.includes(HEADER) || names.includes(CONTENTS)
}
