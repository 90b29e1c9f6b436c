// The server's half of SCRAM-SHA-256 and -PLUS; messages and refusals as in libpq/auth-scram.c.
import { timingSafeEqual } from 'node:crypto'
import { ProtocolError } from './protocol-error.ts'
import {
  base64,
  hmac,
  newNonce,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  type ScramVerifier,
  sha256,
  xor,
} from './scram.ts'

export interface ScramServerOptions {
  readonly verifier: ScramVerifier
  /** The tls-server-end-point hash of our certificate; present = -PLUS is offered. */
  readonly channelBinding?: Buffer | undefined
  /** For tests with known vectors. */
  readonly nonce?: string
}

export type ScramOutcome =
  /** `clientKey` is what a proxy needs to log in elsewhere with the same verifier. */
  { readonly ok: true; readonly serverFinal: Buffer; readonly clientKey: Buffer } | { readonly ok: false }

const BINDING_TYPE = 'tls-server-end-point'

/** One exchange: `mechanisms` → `start` → `finish`. Broken messages throw ProtocolError; a wrong proof is an outcome. */
export class ScramServer {
  readonly #verifier: ScramVerifier
  readonly #binding: Buffer | undefined
  readonly #serverNonce: string
  #gs2Header = ''
  #usesBinding = false
  #nonce = ''
  #clientFirstBare = ''
  #serverFirst = ''

  constructor(options: ScramServerOptions) {
    this.#verifier = options.verifier
    this.#binding = options.channelBinding
    this.#serverNonce = options.nonce ?? newNonce()
  }

  /** What to offer, the strongest first. */
  get mechanisms(): readonly string[] {
    return this.#binding ? [SCRAM_SHA_256_PLUS, SCRAM_SHA_256] : [SCRAM_SHA_256]
  }

  /** Takes the client's first message, gives the server's first message. */
  start(mechanism: string, clientFirst: Buffer): Buffer {
    if (!this.mechanisms.includes(mechanism)) {
      throw new ProtocolError('client selected an invalid SASL authentication mechanism')
    }
    const match = /^(([nyp])(?:=([^,]*))?,([^,]*),)((m=)?n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s.exec(
      clientFirst.toString('utf8'),
    )
    if (!match) throw malformed('The client-first-message cannot be read.')
    const [, gs2Header = '', flag, bindingType, authorizationId, bare = '', extension, , clientNonce = ''] =
      match
    this.#checkFlag(mechanism, flag, bindingType)
    if (authorizationId) {
      throw new ProtocolError('client uses authorization identity, but it is not supported', {
        sqlState: '0A000',
      })
    }
    if (extension)
      throw new ProtocolError('client requires an unsupported SCRAM extension', { sqlState: '0A000' })
    this.#gs2Header = gs2Header
    this.#clientFirstBare = bare
    this.#nonce = clientNonce + this.#serverNonce
    this.#serverFirst = `r=${this.#nonce},s=${this.#verifier.salt.toString('base64')},i=${this.#verifier.iterations}`
    return Buffer.from(this.#serverFirst, 'utf8')
  }

  /** Takes the client's final message, checks binding, nonce and proof. */
  finish(clientFinal: Buffer): ScramOutcome {
    const text = clientFinal.toString('utf8')
    const match = /^c=([^,]*),r=([^,]*)(?:,.*)?,p=([^,]*)$/s.exec(text)
    const proof = base64(match?.[3])
    if (!match || proof?.length !== 32) throw malformed('The client-final-message cannot be read.')
    const withoutProof = text.slice(0, text.lastIndexOf(',p='))
    this.#checkBinding(match[1] ?? '')
    if (match[2] !== this.#nonce)
      throw new ProtocolError('invalid SCRAM response', { detail: 'Nonce does not match.' })
    const { storedKey, serverKey } = this.#verifier
    const authMessage = `${this.#clientFirstBare},${this.#serverFirst},${withoutProof}`
    const clientKey = xor(proof, hmac(storedKey, authMessage))
    if (!timingSafeEqual(sha256(clientKey), storedKey)) return { ok: false }
    return {
      ok: true,
      serverFinal: Buffer.from(`v=${hmac(serverKey, authMessage).toString('base64')}`),
      clientKey,
    }
  }

  #checkFlag(mechanism: string, flag: string | undefined, bindingType: string | undefined): void {
    this.#usesBinding = mechanism === SCRAM_SHA_256_PLUS
    if (flag !== 'p' && bindingType !== undefined) throw malformed('The channel binding flag cannot be read.')
    if (this.#usesBinding && flag !== 'p') {
      throw malformed(
        'The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.',
      )
    }
    if (!this.#usesBinding && flag === 'p') {
      throw malformed(
        'The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.',
      )
    }
    if (flag === 'p' && bindingType !== BINDING_TYPE) {
      throw new ProtocolError(`unsupported SCRAM channel-binding type "${bindingType ?? ''}"`)
    }
    // The client can bind and believes that we cannot, yet we offered it: someone in between took the offer out.
    if (flag === 'y' && this.#binding) {
      throw new ProtocolError('SCRAM channel binding negotiation error', {
        sqlState: '28000',
        detail:
          'The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.',
      })
    }
  }

  #checkBinding(sent: string): void {
    const bound = this.#usesBinding && this.#binding ? this.#binding : Buffer.alloc(0)
    const expected = Buffer.concat([Buffer.from(this.#gs2Header, 'utf8'), bound]).toString('base64')
    if (sent === expected) return
    if (this.#usesBinding)
      throw new ProtocolError('SCRAM channel binding check failed', { sqlState: '28000' })
    throw new ProtocolError('unexpected SCRAM channel-binding attribute in client-final-message')
  }
}

function malformed(detail: string): ProtocolError {
  return new ProtocolError('malformed SCRAM message', { detail })
}
