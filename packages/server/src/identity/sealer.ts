// Encryption of what must be given out again and so cannot be kept as a hash. The key is a file beside the metadata: a copy or a backup
// of the metadata alone opens nothing.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { writeFileAtomic } from '../base/files.ts'
import { LakeletError } from '../base/errors.ts'

const ALGORITHM = 'aes-256-gcm'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Opens the key in `file`, making it the first time. LakeletError `secrets_key_damaged` for a file that holds something else. */
export async function openSealer(file: string): Promise<Sealer> {
  const stored = await readKey(file)
  if (stored !== undefined) return new Sealer(stored)
  const key = randomBytes(KEY_BYTES)
  await writeFileAtomic(file, `${key.toString('hex')}\n`, { mode: 0o600 })
  return new Sealer(key)
}

async function readKey(file: string): Promise<Buffer | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (text === undefined) return undefined
  if (!/^[0-9a-f]{64}\s*$/.test(text)) throw new LakeletError('secrets_key_damaged', { file })
  return Buffer.from(text.trim(), 'hex')
}

/** Seals values with AES-256-GCM; `place` says what a value belongs to, and it opens for that alone. */
export class Sealer {
  readonly #key: Buffer

  constructor(key: Buffer) {
    this.#key = key
  }

  seal(value: Uint8Array, place: string): string {
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#key, nonce).setAAD(Buffer.from(place))
    return Buffer.concat([nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]).toString(
      'base64',
    )
  }

  /** The value; undefined when it was sealed with another key or for another place. */
  open(sealed: string, place: string): Buffer | undefined {
    const bytes = Buffer.from(sealed, 'base64')
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
    const end = bytes.length - TAG_BYTES
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(place))
      .setAuthTag(bytes.subarray(end))
    try {
      return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, end)), decipher.final()])
    } catch {
      return undefined
    }
  }
}
