// Reading a bundle into a new directory: every checksum is compared while it is unpacked, and what was unpacked is only handed over when all
// agree. LakeletErrors `bundle_damaged`, `bundle_foreign`, `bundle_newer` say what is wrong with one.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, chown, lchown, link, mkdir, open, readFile, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createZstdDecompress } from 'node:zlib'
import { extract as createExtract } from 'tar-stream'
import { isDiskFull } from '../disk-full.ts'
import { LakeletError } from '../errors.ts'
import {
  BUNDLE_VERSION,
  bundleContents,
  type BundleEntry,
  type BundleFormat,
  type BundleHeader,
  bundleHeader,
  CONTENTS,
  FILES,
  HEADER,
  isInside,
  leadsInside,
  TRAILER,
  ZSTD,
} from './bundle.ts'
import { withoutTrailer } from './trailer.ts'

interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface ReadBundleOptions {
  /** The file or the directory; with `bytes` only what errors call it. */
  readonly from: string
  /** What is read in the place of a file, as it comes. */
  readonly bytes?: AsyncIterable<Uint8Array> | undefined
  readonly format: BundleFormat
  /** A new directory. The caller removes it where this throws. */
  readonly to: string
  /** The account of Postgres, where root unpacks. */
  readonly postgres?: Owner | undefined
  /** Looks at the header before anything is unpacked; may throw. */
  readonly check?: ((header: BundleHeader) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface UnpackedBundle {
  readonly header: BundleHeader
  readonly files: number
  readonly bytes: number
}

/** A header is a few hundred bytes; contents are a few hundred for each file. */
const LONGEST_HEADER = 1024 * 1024

export async function readBundle(options: ReadBundleOptions): Promise<UnpackedBundle> {
  const { from } = options
  try {
    return await new BundleReader(options).read(await partsOf(options))
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof LakeletError) throw error
    if (isDiskFull(error)) throw new LakeletError('bundle_disk_full', { file: options.to }, { cause: error })
    const { code } = error as NodeJS.ErrnoException
    const isSource = (error as NodeJS.ErrnoException).path === from
    if (isSource && code === 'ENOENT') throw foreign(from, 'there is no such file', error)
    if (isSource && code === 'EACCES') throw foreign(from, 'it cannot be read', error)
    throw damaged(from, error instanceof Error ? error.message : String(error), error)
  }
}

async function partsOf({ from, bytes, signal }: ReadBundleOptions): Promise<AsyncIterable<Part>> {
  if (bytes) return unpack(withoutTrailer(bytes, from), signal)
  if ((await stat(from)).isDirectory()) return inDirectory(from)
  return unpack(createReadStream(from, { end: await endOf(from) }), signal)
}

interface Part {
  readonly name: string
  readonly stream: Readable
}

class BundleReader {
  readonly #options: ReadBundleOptions
  /** By path: what was unpacked, with what it was found to be. */
  readonly #seen = new Map<string, { readonly size: number; readonly sha256: string }>()
  #header: { readonly value: BundleHeader; readonly sha256: string } | undefined
  #bytes = 0

  constructor(options: ReadBundleOptions) {
    this.#options = options
  }

  async read(parts: AsyncIterable<Part>): Promise<UnpackedBundle> {
    const { from } = this.#options
    let contents: string | undefined
    for await (const { name, stream } of parts) {
      if (!this.#header) await this.#readHeader(name, stream)
      else if (contents !== undefined) throw damaged(from, 'something follows its end')
      else if (name === CONTENTS) contents = await text(stream)
      else await this.#unpack(name, stream)
    }
    const header = this.#header
    if (!header) throw foreign(from, 'it is empty')
    if (contents === undefined) throw damaged(from, 'its end is missing')
    await this.#finish(contents)
    return { header: header.value, files: this.#seen.size, bytes: this.#bytes }
  }

  async #readHeader(name: string, stream: Readable): Promise<void> {
    const { from, format, check, to } = this.#options
    if (name !== HEADER) throw foreign(from, `it does not begin with ${HEADER}`)
    const content = await text(stream)
    if (content.length > LONGEST_HEADER) throw damaged(from, 'its header is too long')
    const parsed = bundleHeader.safeParse(parseJson(content))
    if (!parsed.success) throw foreign(from, 'its header is not one of Lakelet')
    const value = parsed.data
    if (value.format !== format)
      throw foreign(
        from,
        `it is a ${value.format.replace('lakelet-', '')}, and a ${format.replace('lakelet-', '')} is needed`,
      )
    if (value.bundle_version > BUNDLE_VERSION)
      throw new LakeletError('bundle_newer', { file: from, version: value.lakelet })
    check?.(value)
    await mkdir(to, { mode: 0o711 })
    this.#header = { value, sha256: createHash('sha256').update(content).digest('hex') }
  }

  async #unpack(name: string, stream: Readable): Promise<void> {
    const { from, to, signal } = this.#options
    const inside = name.startsWith(FILES) ? name.slice(FILES.length) : ''
    if (!isInside(inside))
      throw damaged(from, `it holds ${JSON.stringify(name)}, which is no path of a bundle`)
    if (this.#seen.has(inside)) throw damaged(from, `it holds ${inside} twice`)
    const at = path.join(to, inside)
    await mkdir(path.dirname(at), { recursive: true, mode: 0o700 })
    const hash = createHash('sha256')
    let size = 0
    const counted = async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        hash.update(chunk)
        size += chunk.length
        yield chunk
      }
    }
    await pipeline(
      stream,
      counted,
      createWriteStream(at, { flags: 'wx', mode: 0o600 }),
      signal ? { signal } : {},
    )
    this.#bytes += size
    this.#seen.set(inside, { size, sha256: hash.digest('hex') })
  }

  /** Compares, and gives everything its place, mode and owner. */
  async #finish(content: string): Promise<void> {
    const { from } = this.#options
    const parsed = bundleContents.safeParse(parseJson(content))
    if (!parsed.success) throw damaged(from, 'its list of contents cannot be read')
    const { header_sha256: headerHash, entries } = parsed.data
    if (headerHash !== this.#header?.sha256) throw damaged(from, `${HEADER} was changed`)
    const listed = new Set<string>()
    for (const entry of entries) {
      if (entry.type !== 'file') continue
      listed.add(entry.path)
      const seen = this.#seen.get(entry.path)
      if (!seen) throw damaged(from, `${entry.path} is missing`)
      if (seen.size !== entry.size || seen.sha256 !== entry.sha256)
        throw damaged(from, `${entry.path} is not what it was when the file was made`)
    }
    const other = [...this.#seen.keys()].find((each) => !listed.has(each))
    if (other !== undefined) throw damaged(from, `${other} is not in its list of contents`)
    for (const entry of entries) if (entry.type === 'directory') await this.#place(entry)
    for (const entry of entries)
      if (entry.type === 'link' || entry.type === 'symlink') await this.#place(entry)
    for (const entry of entries) await this.#own(entry)
  }

  async #place(entry: BundleEntry): Promise<void> {
    const { from, to } = this.#options
    const at = path.join(to, entry.path)
    await mkdir(entry.type === 'directory' ? at : path.dirname(at), { recursive: true, mode: 0o700 })
    if (entry.type === 'link') {
      if (!this.#seen.has(entry.to))
        throw damaged(from, `${entry.path} is a name of ${entry.to}, which is missing`)
      await link(path.join(to, entry.to), at)
    } else if (entry.type === 'symlink') {
      if (!leadsInside(entry.path, entry.to)) throw damaged(from, `${entry.path} leads out of the bundle`)
      await symlink(entry.to, at)
    }
  }

  async #own(entry: BundleEntry): Promise<void> {
    const at = path.join(this.#options.to, entry.path)
    const account = entry.owner === 'postgres' ? this.#options.postgres : undefined
    if (entry.type === 'file' || entry.type === 'directory') {
      await chmod(at, entry.mode)
      if (account) await chown(at, account.uid, account.gid)
    } else if (entry.type === 'symlink' && account) await lchown(at, account.uid, account.gid)
  }
}

async function* inDirectory(directory: string): AsyncGenerator<Part> {
  const header = path.join(directory, HEADER)
  if (!(await isFile(header))) throw foreign(directory, `it has no ${HEADER}`)
  yield { name: HEADER, stream: createReadStream(header) }
  const contents = path.join(directory, CONTENTS)
  if (!(await isFile(contents))) throw damaged(directory, 'its end is missing')
  const parsed = bundleContents.safeParse(parseJson(await readFile(contents, 'utf8')))
  for (const entry of parsed.data?.entries ?? []) {
    const file = path.join(directory, FILES, entry.path)
    if (entry.type === 'file' && (await isFile(file)))
      yield { name: `${FILES}${entry.path}`, stream: createReadStream(file) }
  }
  yield { name: CONTENTS, stream: createReadStream(contents) }
}

async function* unpack(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Part> {
  const extract = createExtract()
  const reading = pipeline(bytes, createZstdDecompress(), extract, signal ? { signal } : {})
  // The loop below ends with the same error.
  reading.catch((error: unknown) => extract.destroy(error as Error))
  for await (const entry of extract) {
    yield { name: entry.header.name, stream: entry }
  }
  await reading
}

/** Looks at both ends of a file; gives the position of its last byte before the trailer. */
async function endOf(file: string): Promise<number> {
  await using handle = await open(file, 'r')
  const { size } = await handle.stat()
  const read = async (length: number, at: number) => {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at)
    return buffer.subarray(0, bytesRead)
  }
  if (!(await read(ZSTD.length, 0)).equals(ZSTD))
    throw foreign(file, size === 0 ? 'it is empty' : 'it is not compressed with zstd')
  const start = size - TRAILER.length
  if (start <= 0 || !(await read(TRAILER.length, start)).equals(TRAILER))
    throw damaged(file, 'its end is missing')
  return start - 1
}

function parseJson(content: string): unknown {
  try {
    return JSON.parse(content) as unknown
  } catch {
    return undefined
  }
}

function isFile(file: string): Promise<boolean> {
  return stat(file).then(
    (info) => info.isFile(),
    () => false,
  )
}

function damaged(file: string, reason: string, cause?: unknown): LakeletError {
  return new LakeletError('bundle_damaged', { file, reason }, { cause })
}

function foreign(file: string, reason: string, cause?: unknown): LakeletError {
  return new LakeletError('bundle_foreign', { file, reason }, { cause })
}
