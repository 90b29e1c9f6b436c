// The client's half of SCRAM-SHA-256 and -PLUS; what it refuses is what libpq's fe-auth-scram.c refuses.
import { timingSafeEqual } from 'node:crypto'
import { ProtocolError } from './protocol-error.ts'
import {
  base64,
  hmac,
  newNonce,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  saltedPassword,
  scramKeys,
  xor,
} from './scram.ts'

export interface ScramClientOptions {
  readonly password: string
  /** What the server offered in AuthenticationSASL. */
  readonly mechanisms: readonly string[]
  /** The tls-server-end-point hash of the server's certificate (`tlsServerEndPoint`), where TLS is used and it is known. */
  readonly channelBinding?: Buffer | undefined
  /** Refuse a server that does not offer -PLUS (libpq's `channel_binding=require`). */
  readonly requireChannelBinding?: boolean
  /** More iterations than this are refused: they only burn CPU. Default 10,000,000. */
  readonly maxIterations?: number
  /** For tests with known vectors. */
  readonly nonce?: string
}

/** One exchange: `mechanism` and `start` → `respond` → `verify`. */
export class ScramClient {
  readonly mechanism: string
  readonly #password: string
  readonly #nonce: string
  readonly #gs2Header: string
  readonly #binding: Buffer
  readonly #maxIterations: number
  #expectedSignature: Buffer | undefined

  /** Throws ProtocolError when no offered mechanism may be used. */
  constructor(options: ScramClientOptions) {
    const { mechanisms, channelBinding } = options
    const binds = channelBinding !== undefined && mechanisms.includes(SCRAM_SHA_256_PLUS)
    if (!binds && options.requireChannelBinding) {
      throw new ProtocolError(
        'channel binding is required, but the server did not offer an authentication method that supports it',
      )
    }
    if (!binds && !mechanisms.includes(SCRAM_SHA_256)) {
      throw new ProtocolError("none of the server's SASL authentication mechanisms are supported")
    }
    this.mechanism = binds ? SCRAM_SHA_256_PLUS : SCRAM_SHA_256
    this.#gs2Header = binds ? 'p=tls-server-end-point,,' : channelBinding ? 'y,,' : 'n,,'
    this.#binding = binds ? channelBinding : Buffer.alloc(0)
    this.#password = options.password
    this.#nonce = options.nonce ?? newNonce()
    this.#maxIterations = options.maxIterations ?? 10_000_000
  }

  /** The first message, for SASLInitialResponse. Postgres takes the role from the startup packet, so the name stays empty. */
  start(): Buffer {
    return Buffer.from(`${this.#gs2Header}${this.#clientFirstBare}`, 'utf8')
  }

  /** Answers the server's first message (AuthenticationSASLContinue). */
  async respond(serverFirst: Buffer): Promise<Buffer> {
    const text = serverFirst.toString('utf8')
    const match = /^r=([^,]+),s=([^,]+),i=(\d{1,10})(?:,.*)?$/s.exec(text)
    const salt = base64(match?.[2])
    const [nonce, iterations] = [match?.[1] ?? '', Number(match?.[3])]
    if (!match || !salt || salt.length === 0 || iterations < 1)
      throw new ProtocolError('malformed SCRAM message')
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ProtocolError('invalid SCRAM response (nonce mismatch)')
    }
    if (iterations > this.#maxIterations)
      throw new ProtocolError(`the server asks for ${iterations} SCRAM iterations, too many to answer`)
    const { clientKey, storedKey, serverKey } = scramKeys(
      await saltedPassword(this.#password, salt, iterations),
    )
    const bound = Buffer.concat([Buffer.from(this.#gs2Header, 'utf8'), this.#binding]).toString('base64')
    const withoutProof = `c=${bound},r=${nonce}`
    const authMessage = `${this.#clientFirstBare},${text},${withoutProof}`
    this.#expectedSignature = hmac(serverKey, authMessage)
    return Buffer.from(
      `${withoutProof},p=${xor(clientKey, hmac(storedKey, authMessage)).toString('base64')}`,
      'utf8',
    )
  }

  /** Checks the server's final message: a server that does not know the verifier is not the one we want to talk to. */
  verify(serverFinal: Buffer): void {
    const text = serverFinal.toString('utf8')
    const signature = base64(/^v=([^,]*)(?:,.*)?$/s.exec(text)?.[1])
    const expected = this.#expectedSignature
    if (!expected) throw new ProtocolError('the server finished SCRAM authentication before it began')
    if (signature?.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw new ProtocolError('incorrect server signature', { sqlState: '28000' })
    }
  }

  get #clientFirstBare(): string {
    return `n=,r=${this.#nonce}`
  }
}
