// Where the bytes of a bundle go: into one file, or into a directory.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { link, mkdir, open, symlink } from 'node:fs/promises'
import path from 'node:path'
import { Transform, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createZstdCompress } from 'node:zlib'
import { pack as createPack, type Pack } from 'tar-stream'
import { flushTree } from '../flush-tree.ts'
import { type BundleEntry, FILES, TRAILER } from './bundle.ts'

/** Where the bytes of a bundle go. */
export interface Sink {
  file(
    name: string,
    from: string,
    options: { readonly size: number; readonly signal?: AbortSignal },
  ): Promise<string>
  text(name: string, text: string): Promise<void>
  /** What a directory has beside the bytes of its files; one file has that in its contents. */
  place(entry: BundleEntry): Promise<void>
  finish(): Promise<void>
}

/** Passes bytes on and takes their checksum. */
class Hashing extends Transform {
  readonly #hash = createHash('sha256')

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, data: Buffer) => void): void {
    this.#hash.update(chunk)
    done(null, chunk)
  }

  get digest(): string {
    return this.#hash.digest('hex')
  }
}

async function copyHashed(
  from: string,
  to: Writable,
  { size, signal }: { readonly size: number; readonly signal?: AbortSignal },
): Promise<string> {
  const hashing = new Hashing()
  // An empty file has no last byte.
  const source = createReadStream(from, size > 0 ? { end: size - 1 } : { end: 0 })
  await pipeline(source, hashing, to, signal ? { signal } : {})
  return hashing.digest
}

/** Adds what tells a whole bundle from one that was cut. */
class Ending extends Transform {
  override _transform(chunk: Buffer, _encoding: string, done: (error: null, data: Buffer) => void): void {
    done(null, chunk)
  }

  override _flush(done: (error: null, data: Buffer) => void): void {
    done(null, TRAILER)
  }
}

/** One stream of bytes, written as fast as whoever reads it takes it. */
export class StreamSink implements Sink {
  readonly #pack: Pack = createPack()
  readonly #done: Promise<void>

  constructor(to: Writable) {
    this.#done = pipeline(
      this.#pack,
      // With a checksum of all of it (RFC 8878 §3.1.1): those of the files say nothing of what lies between them.
      createZstdCompress({ params: { [constants.ZSTD_c_checksumFlag]: 1 } }),
      new Ending(),
      to,
    )
    // Whoever writes next, or ends, is told.
    this.#done.catch((error: unknown) => this.#pack.destroy(error as Error))
  }

  file(
    name: string,
    from: string,
    options: { readonly size: number; readonly signal?: AbortSignal },
  ): Promise<string> {
    const entry = this.#pack.entry({ name, size: options.size, mode: 0o600 })
    return this.#unlessBroken(copyHashed(from, entry, options))
  }

  async text(name: string, text: string): Promise<void> {
    await this.#unlessBroken(
      new Promise<void>((resolve, reject) => {
        this.#pack.entry({ name, mode: 0o600 }, text, (error) => (error ? reject(error) : resolve()))
      }),
    )
  }

  async place(): Promise<void> {}

  async finish(): Promise<void> {
    this.#pack.finalize()
    await this.#done
  }

  async abandon(): Promise<void> {
    this.#pack.destroy()
    await this.#done.catch(() => undefined)
  }

  /** What the disk said matters more than that a stream ended. */
  async #unlessBroken<T>(work: Promise<T>): Promise<T> {
    const broken = this.#done.then(() => new Promise<never>(() => undefined))
    try {
      return await Promise.race([work, broken])
    } catch (error) {
      work.catch(() => undefined)
      throw error
    }
  }
}

export class FileSink extends StreamSink {
  readonly #partial: string

  constructor(partial: string) {
    super(createWriteStream(partial, { flags: 'wx', mode: 0o600 }))
    this.#partial = partial
  }

  override async finish(): Promise<void> {
    await super.finish()
    await using handle = await open(this.#partial, 'r')
    await handle.sync()
  }
}

export class DirectorySink implements Sink {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async open(directory: string): Promise<DirectorySink> {
    await mkdir(directory, { mode: 0o700 })
    await mkdir(path.join(directory, FILES), { mode: 0o700 })
    return new DirectorySink(directory)
  }

  async file(
    name: string,
    from: string,
    options: { readonly size: number; readonly signal?: AbortSignal },
  ): Promise<string> {
    const to = path.join(this.#directory, name)
    await mkdir(path.dirname(to), { recursive: true, mode: 0o700 })
    return copyHashed(from, createWriteStream(to, { flags: 'wx', mode: 0o600 }), options)
  }

  async text(name: string, text: string): Promise<void> {
    await using handle = await open(path.join(this.#directory, name), 'wx', 0o600)
    await handle.writeFile(text)
  }

  async place(entry: BundleEntry): Promise<void> {
    const at = path.join(this.#directory, FILES, entry.path)
    if (entry.type === 'directory') await mkdir(at, { recursive: true, mode: 0o700 })
    else if (entry.type === 'link') await link(path.join(this.#directory, FILES, entry.to), at)
    else if (entry.type === 'symlink') await symlink(entry.to, at)
  }

  async finish(): Promise<void> {
    await flushTree(this.#directory)
  }
}
