// Writing a bundle: under another name beside its own, which it gets when it is whole and on disk.
import { createHash } from 'node:crypto'
import { readdir, readlink, rename, stat } from 'node:fs/promises'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { LakeletError } from '../errors.ts'
import { syncDirectory } from '../files.ts'
import { removeTree } from '../remove-tree.ts'
import { type BundleEntry, type BundleHeader, CONTENTS, FILES, HEADER, leadsInside } from './bundle.ts'
import { notePartial, partialOf, sweepOldPartials } from './partials.ts'
import { DirectorySink, FileSink, type Sink, StreamSink } from './sinks.ts'

export interface WriteBundleOptions extends BundleOptions {
  /** Full path; nothing may be there. A name that ends in `.tar.zst` is one file, any other a directory. */
  readonly to: string
  /** Directory where it is noted what is being written, for the next start after a kill; see `partials.ts`. */
  readonly notes?: string | undefined
}

export interface BundleOptions {
  readonly header: BundleHeader
  /** Uid of the account of Postgres, where it is not that of this process. */
  readonly postgresUid?: number | undefined
  readonly signal?: AbortSignal | undefined
}

const SUFFIX = '.tar.zst'

/** Runs `fill` on a new bundle; nothing is left under its name, nor beside it, where that fails. LakeletErrors `bundle_target`, `bundle_disk_full`. */
export async function writeBundle<T>(
  options: WriteBundleOptions,
  fill: (bundle: BundleWriter) => Promise<T>,
): Promise<T> {
  const { to } = options
  await refuseTarget(to)
  await sweepOldPartials(path.dirname(to))
  const partial = partialOf(to)
  await using _note = await notePartial(options.notes, partial)
  try {
    const sink = to.endsWith(SUFFIX) ? new FileSink(partial) : await DirectorySink.open(partial)
    const writer = new BundleWriter(sink, options)
    try {
      await writer.begin()
      const result = await fill(writer)
      await writer.end()
      // A file that came meanwhile is not replaced.
      await refuseTarget(to)
      await rename(partial, to)
      await syncDirectory(path.dirname(to))
      return result
    } catch (error) {
      if (sink instanceof StreamSink) await sink.abandon()
      throw error
    }
  } catch (error) {
    await removeTree(partial)
    throw targetError(to, error)
  }
}

/**
 * The bytes of a bundle in one file, made as they are read: `fill` waits where nobody reads. What it throws is thrown to the reader, who has only
 * part of a bundle then, which is never taken for a whole one.
 */
export async function* streamBundle(
  options: BundleOptions,
  fill: (bundle: BundleWriter) => Promise<unknown>,
): AsyncGenerator<Buffer> {
  const bytes = new PassThrough()
  const sink = new StreamSink(bytes)
  const write = async () => {
    const writer = new BundleWriter(sink, options)
    await writer.begin()
    await fill(writer)
    await writer.end()
  }
  // The reader is told by the end of the stream.
  const writing = write().catch((error: unknown) => {
    bytes.destroy(error instanceof Error ? error : new Error(String(error)))
  })
  try {
    yield* bytes as AsyncIterable<Buffer>
  } finally {
    await sink.abandon()
    await writing
  }
}

/** LakeletError `bundle_target` where nothing can be written to. */
export async function refuseTarget(to: string): Promise<void> {
  const isThere = await stat(to).then(
    () => true,
    () => false,
  )
  if (isThere)
    throw new LakeletError('bundle_target', {
      file: to,
      reason: 'it is there already, and nothing is overwritten',
    })
  const above = await stat(path.dirname(to)).catch(() => undefined)
  if (!above?.isDirectory())
    throw new LakeletError('bundle_target', { file: to, reason: `there is no directory ${path.dirname(to)}` })
}

function targetError(to: string, error: unknown): unknown {
  const { code, path: at = '' } = error as NodeJS.ErrnoException
  const isOurs = at.startsWith(path.dirname(to))
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new LakeletError('bundle_disk_full', { file: to }, { cause: error })
  if (isOurs && (code === 'EACCES' || code === 'EPERM' || code === 'EROFS'))
    return new LakeletError(
      'bundle_target',
      { file: to, reason: `it cannot be written (${code})` },
      { cause: error },
    )
  return error
}

/** A bundle that is being written. */
export class BundleWriter {
  readonly #sink: Sink
  readonly #options: BundleOptions
  readonly #entries: BundleEntry[] = []
  /** Where a file with several names went, by what tells it from others. */
  readonly #linked = new Map<string, string>()
  #headerHash = ''
  bytes = 0

  constructor(sink: Sink, options: BundleOptions) {
    this.#sink = sink
    this.#options = options
  }

  async begin(): Promise<void> {
    const text = `${JSON.stringify(this.#options.header, undefined, 2)}\n`
    this.#headerHash = createHash('sha256').update(text).digest('hex')
    await this.#sink.text(HEADER, text)
  }

  async end(): Promise<void> {
    const contents = { header_sha256: this.#headerHash, entries: this.#entries }
    await this.#sink.text(CONTENTS, `${JSON.stringify(contents)}\n`)
    await this.#sink.finish()
  }

  /** Adds a file, or a directory with all that is in it but for what `leaveOut` says, under the name `to`. Nothing may write to them. */
  async add(from: string, to: string, leaveOut: (relative: string) => boolean = () => false): Promise<void> {
    this.#options.signal?.throwIfAborted()
    const info = await stat(from)
    if (info.isFile()) return this.#addFile(from, to)
    await this.addDirectory(from, to)
    for (const entry of await readdir(from, { withFileTypes: true })) {
      const [inside, name] = [path.join(from, entry.name), `${to}/${entry.name}`]
      if (leaveOut(name)) continue
      if (entry.isDirectory() || entry.isFile()) await this.add(inside, name, leaveOut)
      else if (entry.isSymbolicLink()) await this.#addSymlink(inside, name, info.uid)
    }
  }

  /** Adds a directory without what is in it. */
  async addDirectory(from: string, to: string): Promise<void> {
    const info = await stat(from)
    await this.#place({
      type: 'directory',
      path: to,
      owner: this.#ownerOf(info.uid),
      mode: info.mode & 0o7777,
    })
  }

  async #addFile(from: string, to: string): Promise<void> {
    const { uid, mode, size, nlink, dev, ino, mtimeNs } = await stat(from, { bigint: true })
    const owner = this.#ownerOf(Number(uid))
    const key = `${dev} ${ino} ${size} ${mtimeNs}`
    const known = nlink > 1n ? this.#linked.get(key) : undefined
    if (known !== undefined) return this.#place({ type: 'link', path: to, owner, to: known })
    const { signal } = this.#options
    const sha256 = await this.#sink.file(`${FILES}${to}`, from, {
      size: Number(size),
      ...(signal ? { signal } : {}),
    })
    this.bytes += Number(size)
    const file = {
      type: 'file',
      path: to,
      owner,
      mode: Number(mode) & 0o7777,
      size: Number(size),
      sha256,
    } as const
    await this.#place(file)
    if (nlink > 1n) this.#linked.set(key, to)
  }

  async #addSymlink(from: string, to: string, uid: number): Promise<void> {
    const target = await readlink(from)
    if (!leadsInside(to, target))
      throw new Error(`${from} is a link to ${target}, which would lead elsewhere where this is unpacked`)
    await this.#place({ type: 'symlink', path: to, owner: this.#ownerOf(uid), to: target })
  }

  async #place(entry: BundleEntry): Promise<void> {
    this.#entries.push(entry)
    await this.#sink.place(entry)
  }

  #ownerOf(uid: number): 'workspace' | 'postgres' {
    return uid === this.#options.postgresUid ? 'postgres' : 'workspace'
  }
}
