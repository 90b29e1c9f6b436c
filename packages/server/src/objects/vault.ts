// An archive in an object store, opened with its passphrase: chunks and records go in and come out as they were, or not at all.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { LakeletError } from '../base/errors.ts'
import { chunkName, CHUNKS, HEADER } from './names.ts'
import { DamagedObject, type ObjectStore, StoreFailure } from './object-store.ts'
import { keyOfPassphrase, NotAuthentic, SCRYPT, Sealing } from './sealing.ts'

/** The version of the layout that is written and read here. */
export const FORMAT = 1

const hex = z.string().regex(/^[0-9a-f]+$/)
const header = z.looseObject({
  format: z.literal('lakelet-archive'),
  version: z.number().int(),
  workspace_id: z.string(),
  create_time: z.string(),
  scrypt: z.object({
    // More would be a way to make whoever opens it run out of memory.
    N: z
      .number()
      .int()
      .max(2 ** 20),
    r: z.number().int().max(16),
    p: z.number().int().max(4),
    salt: hex,
  }),
  key: z.object({ nonce: hex, sealed: hex, tag: hex }),
})
type Header = z.output<typeof header>

export class Vault {
  readonly store: ObjectStore
  readonly workspaceId: string
  readonly #sealing: Sealing
  /** Chunks that are known to be in the store. */
  readonly #chunks = new Set<string>()

  private constructor(store: ObjectStore, workspaceId: string, key: Buffer) {
    this.store = store
    this.workspaceId = workspaceId
    this.#sealing = new Sealing(key)
  }

  /**
   * Opens the archive that is there. LakeletErrors `object_archive_foreign` where there is none, or one of another version;
   * `object_archive_passphrase`.
   */
  static async open(store: ObjectStore, passphrase: string): Promise<Vault> {
    const found = await store.get(HEADER).catch((error: unknown) => {
      if (error instanceof DamagedObject) throw foreign(store, `${HEADER} there is damaged: ${error.message}`)
      throw error
    })
    if (!found) throw foreign(store, 'there is no archive there')
    const known = parseHeader(store, found)
    return new Vault(store, known.workspace_id, await keyIn(store, known, passphrase))
  }

  /** Opens the archive of a workspace, or begins it. Throws also `object_archive_foreign` where it is another workspace's. */
  static async openOrBegin(
    store: ObjectStore,
    passphrase: string,
    { workspaceId, now }: { readonly workspaceId: string; readonly now: Date },
  ): Promise<Vault> {
    if (!(await store.get(HEADER))) {
      for await (const { name } of store.list(''))
        throw foreign(
          store,
          `there is no archive there, but something else (${name}); name a prefix of its own`,
        )
      const content = await newHeader(passphrase, workspaceId, now)
      await store.put(HEADER, content)
      // The same again must not be taken: a store that takes it would also overwrite.
      if ((await store.put(HEADER, content)) === 'written')
        throw foreign(
          store,
          'the store ignores conditional writes (If-None-Match), so that two workspaces could overwrite each other',
        )
    }
    const vault = await Vault.open(store, passphrase)
    if (vault.workspaceId === workspaceId) return vault
    throw foreign(store, `it belongs to another workspace (${vault.workspaceId}); name another prefix`)
  }

  /** Learns which chunks are there, so that they are not sent again. */
  async learnChunks(): Promise<void> {
    for await (const { name } of this.store.list(CHUNKS)) this.#chunks.add(name.slice(-64))
  }

  /** Keeps content; resolves with its name when the store has it. */
  async putChunk(content: Uint8Array): Promise<string> {
    const chunk = this.#sealing.nameOf(content)
    if (this.#chunks.has(chunk)) return chunk
    const name = chunkName(chunk)
    if ((await this.store.put(name, await this.#sealing.seal(name, content))) === 'exists')
      // Of an answer that was lost, or of another writer: it must be what its name says.
      await this.getChunk(chunk)
    this.#chunks.add(chunk)
    return chunk
  }

  /** LakeletError `object_archive_damaged` where it is missing or not what it was. */
  async getChunk(chunk: string): Promise<Buffer> {
    const name = chunkName(chunk)
    const content = await this.#open(name)
    if (this.#sealing.nameOf(content) !== chunk) throw this.damaged(name, 'its content is another one')
    return content
  }

  /** Writes a record. One that is there already must say the same: LakeletError `object_archive_damaged` where it does not. */
  async putRecord(name: string, content: unknown): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(content))
    if ((await this.store.put(name, await this.#sealing.seal(name, bytes))) === 'written') return
    if (!(await this.#open(name)).equals(bytes))
      throw this.damaged(name, 'another content has this name already')
  }

  /** Writes a record unless there is one; says whether this one is there now. */
  async claim(name: string, content: unknown): Promise<boolean> {
    const bytes = Buffer.from(JSON.stringify(content))
    if ((await this.store.put(name, await this.#sealing.seal(name, bytes))) === 'written') return true
    return (await this.#open(name)).equals(bytes)
  }

  /** LakeletError `object_archive_damaged` where it is missing or not what it was. */
  async getRecord<S extends z.ZodType>(name: string, schema: S): Promise<z.output<S>> {
    const content = await this.#open(name)
    const parsed = schema.safeParse(JSON.parse(content.toString('utf8')))
    if (!parsed.success) throw this.damaged(name, z.prettifyError(parsed.error))
    return parsed.data
  }

  /** Deletes objects, and forgets that they were there. */
  async delete(names: readonly string[]): Promise<void> {
    for (const name of names) if (name.startsWith(CHUNKS)) this.#chunks.delete(name.slice(-64))
    await this.store.delete(names)
  }

  damaged(object: string, reason: string, cause?: unknown): LakeletError {
    return new LakeletError('object_archive_damaged', { object, url: this.store.url, reason }, { cause })
  }

  async #open(name: string): Promise<Buffer> {
    const sealed = await this.store.get(name).catch((error: unknown) => {
      if (error instanceof DamagedObject) throw this.damaged(name, error.message, error)
      throw error
    })
    if (!sealed) throw this.damaged(name, 'it is missing')
    try {
      return await this.#sealing.open(name, sealed)
    } catch (error) {
      if (error instanceof NotAuthentic) throw this.damaged(name, error.message, error)
      throw error
    }
  }
}

/** What a person is told of a failure of the store itself. */
export function asArchiveError(error: unknown, url: string): unknown {
  if (!(error instanceof StoreFailure)) return error
  return new LakeletError('object_archive_failed', { url, reason: error.message }, { cause: error })
}

function parseHeader(store: ObjectStore, content: Buffer): Header {
  let value: unknown
  try {
    value = JSON.parse(content.toString('utf8'))
  } catch {
    throw foreign(store, `${HEADER} there is not one of Lakelet`)
  }
  const version = z.looseObject({ format: z.string(), version: z.number() }).safeParse(value).data
  if (version?.format === 'lakelet-archive' && version.version !== FORMAT)
    throw foreign(
      store,
      `it is of version ${version.version}, and this Lakelet reads version ${FORMAT}; use the Lakelet that wrote it, or a newer one`,
    )
  const parsed = header.safeParse(value)
  if (parsed.success) return parsed.data
  throw foreign(store, `${HEADER} there is not one of Lakelet`)
}

async function newHeader(passphrase: string, workspaceId: string, now: Date): Promise<Buffer> {
  const [salt, nonce, key] = [randomBytes(16), randomBytes(12), randomBytes(32)]
  const closing = await keyOfPassphrase(passphrase, salt, SCRYPT)
  const cipher = createCipheriv('aes-256-gcm', closing, nonce).setAAD(Buffer.from(workspaceId))
  const sealed = Buffer.concat([cipher.update(key), cipher.final()])
  const content: Header = {
    format: 'lakelet-archive',
    version: FORMAT,
    workspace_id: workspaceId,
    create_time: now.toISOString(),
    scrypt: { ...SCRYPT, salt: salt.toString('hex') },
    key: {
      nonce: nonce.toString('hex'),
      sealed: sealed.toString('hex'),
      tag: cipher.getAuthTag().toString('hex'),
    },
  }
  return Buffer.from(`${JSON.stringify(content, undefined, 2)}\n`)
}

async function keyIn(store: ObjectStore, known: Header, passphrase: string): Promise<Buffer> {
  const { scrypt, key } = known
  const closing = await keyOfPassphrase(passphrase, Buffer.from(scrypt.salt, 'hex'), scrypt)
  const cipher = createDecipheriv('aes-256-gcm', closing, Buffer.from(key.nonce, 'hex'))
    .setAAD(Buffer.from(known.workspace_id))
    .setAuthTag(Buffer.from(key.tag, 'hex'))
  try {
    return Buffer.concat([cipher.update(Buffer.from(key.sealed, 'hex')), cipher.final()])
  } catch (error) {
    const reason = `it is another one, or ${HEADER} was changed`
    throw new LakeletError('object_archive_passphrase', { url: store.url, reason }, { cause: error })
  }
}

function foreign(store: ObjectStore, reason: string): LakeletError {
  return new LakeletError('object_archive_foreign', { url: store.url, reason })
}
