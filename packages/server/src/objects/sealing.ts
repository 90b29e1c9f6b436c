// How what goes into an object store is closed: compressed, encrypted and bound to its name, so that nobody but who has the passphrase can read
// it, and nothing that was changed, or put under another name, is taken for what it was.
//
//   "LKA1"  16 bytes salt  12 bytes nonce  AES-256-GCM of the zstd of the content  16 bytes tag
//
// Each object has a key of its own, HMAC-SHA-256 of its salt under the archive's key. What is authenticated beside the content is the object's name.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  randomBytes,
  scrypt,
  type ScryptOptions,
} from 'node:crypto'
import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress } from 'node:zlib'

const MAGIC = Buffer.from('LKA1')
const [SALT, NONCE, TAG] = [16, 12, 16]
const CIPHER = 'aes-256-gcm'
/** The work that one try of a passphrase takes: 64 MB of memory. Written into the archive, as a later version may take more. */
export const SCRYPT = { N: 65_536, r: 8, p: 1 } as const

const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)
const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt)

/** An object is not what was written under its name: changed, cut, or of another key. */
export class NotAuthentic extends Error {}

/** The key that the passphrase stands for. */
export function keyOfPassphrase(
  passphrase: string,
  salt: Buffer,
  { N, r, p }: { readonly N: number; readonly r: number; readonly p: number },
): Promise<Buffer> {
  return derive(passphrase.normalize('NFC'), salt, 32, { N, r, p, maxmem: 256 * N * r })
}

/** Closes and opens objects under one key of 32 bytes. */
export class Sealing {
  readonly #objects: Buffer
  readonly #names: Buffer

  constructor(key: Buffer) {
    this.#objects = Buffer.from(hkdfSync('sha256', key, '', 'lakelet archive: objects', 32))
    this.#names = Buffer.from(hkdfSync('sha256', key, '', 'lakelet archive: names of chunks', 32))
  }

  /** The name of a chunk: the same content has the same name, and who has no key learns nothing by it. */
  nameOf(content: Uint8Array): string {
    return createHmac('sha256', this.#names).update(content).digest('hex')
  }

  async seal(name: string, content: Uint8Array): Promise<Buffer> {
    const [salt, nonce] = [randomBytes(SALT), randomBytes(NONCE)]
    const packed = await compress(content, { params: { [constants.ZSTD_c_compressionLevel]: 3 } })
    const cipher = createCipheriv(CIPHER, this.#keyOf(salt), nonce).setAAD(Buffer.from(name))
    return Buffer.concat([MAGIC, salt, nonce, cipher.update(packed), cipher.final(), cipher.getAuthTag()])
  }

  /** Throws NotAuthentic. */
  async open(name: string, sealed: Buffer): Promise<Buffer> {
    const begin = MAGIC.length + SALT + NONCE
    if (sealed.length < begin + TAG || !sealed.subarray(0, MAGIC.length).equals(MAGIC))
      throw new NotAuthentic('it is not an object of an archive of Lakelet')
    const salt = sealed.subarray(MAGIC.length, MAGIC.length + SALT)
    const nonce = sealed.subarray(MAGIC.length + SALT, begin)
    const cipher = createDecipheriv(CIPHER, this.#keyOf(salt), nonce)
      .setAAD(Buffer.from(name))
      .setAuthTag(sealed.subarray(sealed.length - TAG))
    let packed: Buffer
    try {
      packed = Buffer.concat([cipher.update(sealed.subarray(begin, sealed.length - TAG)), cipher.final()])
    } catch (error) {
      throw new NotAuthentic('it was changed, cut, or written under another name or key', { cause: error })
    }
    return decompress(packed)
  }

  #keyOf(salt: Buffer): Buffer {
    return createHmac('sha256', this.#objects).update(salt).digest()
  }
}
