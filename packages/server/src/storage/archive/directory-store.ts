// An archive in a directory beside the data. A complete segment is never written again (`wal_recycle` is off), so it is kept by a second
// name of the same file where the file system allows that, which copies nothing; zeros at its end, as a forced switch leaves them, are not kept
// on disk.
import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, link, mkdir, open, readdir, rm, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { LakeletError } from '../../base/errors.ts'
import { syncDirectory } from '../../base/files.ts'
import type { ArchivedFile, ArchiveStore } from './store.ts'
import { isArchivedName } from './wal-names.ts'

/** Copied and compared by so much at a time. */
const CHUNK = 1024 * 1024
/** Zeros at the end of a file that are worth a copy without them. */
const ZEROS_WORTH = 256 * 1024
const TEMPORARY = /^\.[0-9A-Z.a-z]+\.[0-9a-f]{8}$/
/** A file system, or a rule of the system, that gives no second names. */
const NO_LINKS = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

export class DirectoryStore implements ArchiveStore {
  readonly directory: string

  /** The directory is made by the first `put`. */
  constructor(directory: string) {
    this.directory = directory
  }

  async put(name: string, from: string): Promise<void> {
    const to = this.#file(name)
    await mkdir(this.directory, { recursive: true, mode: 0o711 })
    await using source = await open(from, 'r')
    const { size } = await source.stat()
    const isKept = !(await this.has(name)) && (await this.#keep(source, from, name, size))
    if (!isKept) await refuseOther(name, source, size, to)
    await syncDirectory(this.directory)
  }

  /** False where somebody else kept a file under this name meanwhile. */
  async #keep(source: FileHandle, from: string, name: string, size: number): Promise<boolean> {
    const length = await lengthWithoutZeros(source, size)
    if (size - length < ZEROS_WORTH && (await linked(from, this.#file(name), source))) return true
    return this.#copy(source, { length, size, name })
  }

  async has(name: string): Promise<boolean> {
    return stat(this.#file(name)).then(
      () => true,
      (error: unknown) => {
        if (isMissing(error)) return false
        throw error
      },
    )
  }

  async open(name: string): Promise<Readable> {
    const handle = await open(this.#file(name), 'r')
    return createReadStream('', { fd: handle })
  }

  async list(): Promise<ArchivedFile[]> {
    const names = await namesIn(this.directory)
    const files = await Promise.all(
      names.filter(isArchivedName).map(async (name) => {
        // On macOS and Linux blocks are of 512 bytes, whatever the file system's own are (stat(2)).
        const found = await stat(path.join(this.directory, name)).catch(() => undefined)
        return found ? [{ name, bytes: found.blocks * 512, time: found.mtime }] : []
      }),
    )
    return files.flat().toSorted((one, other) => (one.name < other.name ? -1 : 1))
  }

  async delete(name: string): Promise<void> {
    await rm(this.#file(name), { force: true })
  }

  /** Removes what a crash left of copies. */
  async sweep(): Promise<void> {
    for (const name of await namesIn(this.directory)) {
      if (TEMPORARY.test(name)) await rm(path.join(this.directory, name), { force: true })
    }
  }

  #file(name: string): string {
    if (!isArchivedName(name)) throw new Error(`not a name of the archive: ${JSON.stringify(name)}`)
    return path.join(this.directory, name)
  }

  /** False where the name is taken. */
  async #copy(
    source: FileHandle,
    { length, size, name }: { readonly length: number; readonly size: number; readonly name: string },
  ): Promise<boolean> {
    const temporary = path.join(this.directory, `.${name}.${randomBytes(4).toString('hex')}`)
    try {
      await using target = await open(temporary, 'wx', 0o600)
      const { uid, gid } = await source.stat()
      await target.chown(uid, gid)
      for await (const { bytes, at } of chunks(source, length)) await target.write(bytes, 0, bytes.length, at)
      await target.truncate(size)
      await target.sync()
      return await named(temporary, this.#file(name))
    } finally {
      await rm(temporary, { force: true })
    }
  }
}

/** Gives what was copied its name; false where that is taken. A rename would overwrite. */
async function named(temporary: string, to: string): Promise<boolean> {
  try {
    await link(temporary, to)
    return true
  } catch (error) {
    if (isTaken(error)) return false
    if (!NO_LINKS.has(codeOf(error) ?? '')) throw error
  }
  return claimed(temporary, to)
}

/** The same where there are no second names: one opens the name for itself, and fills it. */
async function claimed(temporary: string, to: string): Promise<boolean> {
  try {
    await using target = await open(to, 'wx', 0o600)
    await using source = await open(temporary, 'r')
    const { size } = await source.stat()
    for await (const { bytes, at } of chunks(source, size)) await target.write(bytes, 0, bytes.length, at)
    await target.sync()
    return true
  } catch (error) {
    if (isTaken(error)) return false
    await unlink(to).catch(() => undefined)
    throw error
  }
}

/** False where a second name is not possible, or taken. */
async function linked(from: string, to: string, source: FileHandle): Promise<boolean> {
  try {
    await source.datasync()
    await link(from, to)
    return true
  } catch (error) {
    if (isTaken(error) || NO_LINKS.has(codeOf(error) ?? '')) return false
    throw error
  }
}

async function refuseOther(name: string, source: FileHandle, size: number, to: string): Promise<void> {
  await using present = await open(to, 'r')
  const same = (await present.stat()).size === size && (await equal(source, present, size))
  if (!same) throw new LakeletError('archive_conflict', { name })
}

async function equal(one: FileHandle, other: FileHandle, size: number): Promise<boolean> {
  const there = Buffer.alloc(CHUNK)
  for await (const { bytes, at } of chunks(one, size)) {
    const { bytesRead } = await other.read(there, 0, bytes.length, at)
    if (!there.subarray(0, bytesRead).equals(bytes)) return false
  }
  return true
}

/** How long a file is without the zeros at its end; only looked for where there are enough to matter. */
async function lengthWithoutZeros(file: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(Math.min(ZEROS_WORTH, CHUNK))
  const zeros = Buffer.alloc(block.length)
  let length = size
  while (length >= block.length) {
    const { bytesRead } = await file.read(block, 0, block.length, length - block.length)
    if (bytesRead !== block.length || !block.equals(zeros)) break
    length -= block.length
  }
  return length
}

async function* chunks(
  file: FileHandle,
  length: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly at: number }> {
  const buffer = Buffer.alloc(Math.min(CHUNK, length))
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, length - at), at)
    if (bytesRead === 0) throw new Error(`a file became shorter while it was read: ${at} of ${length} bytes`)
    yield { bytes: buffer.subarray(0, bytesRead), at }
    at += bytesRead
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

function isMissing(error: unknown): boolean {
  return codeOf(error) === 'ENOENT'
}

function isTaken(error: unknown): boolean {
  return codeOf(error) === 'EEXIST'
}
