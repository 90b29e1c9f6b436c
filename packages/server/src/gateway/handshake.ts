// From an accepted socket to its first real packet: encryption is negotiated here and nothing else.
// The order of things is that of backend_startup.c (ProcessSSLStartup, ProcessStartupPacket).
import type { Socket } from 'node:net'
import { type SecureContext, TLSSocket } from 'node:tls'
import {
  decodeStartupPacket,
  encodeErrorResponse,
  MAX_STARTUP_LENGTH,
  type StartupPacket,
} from '@lakelet/wire'
import { LakeletError } from '../base/errors.ts'
import { ClientReader, ClientGoneError } from './client-reader.ts'

/** The ALPN name that IANA has for the protocol; direct TLS needs it so that no other protocol can be led here. */
const ALPN = 'postgresql'
const TLS_HANDSHAKE_RECORD = 0x16
const YES = Buffer.from('S')
const NO = Buffer.from('N')

/** A client that said what it wants. */
export interface Introduction {
  readonly stream: Socket
  readonly reader: ClientReader
  readonly packet: Extract<StartupPacket, { type: 'startup' | 'cancelRequest' | 'unsupported' }>
  readonly isEncrypted: boolean
  /** Host name of the TLS handshake, lower case, without a trailing dot. */
  readonly sni: string | undefined
}

/** What came is not the protocol: port scans, HTTP, TLS alerts. Closed without an answer, as Postgres does. */
export class NotPostgresError extends Error {
  override readonly name = 'NotPostgresError'
}

/** Throws ClientGoneError, NotPostgresError (both: just close) or LakeletError (to be sent on `onStream`'s last stream). */
export async function introduce(
  socket: Socket,
  context: SecureContext,
  options: {
    readonly signal: AbortSignal
    readonly onStream: (stream: Socket, reader: ClientReader) => void
  },
): Promise<Introduction> {
  const { signal, onStream } = options
  const plain = new ClientReader(socket, MAX_STARTUP_LENGTH + 4)
  onStream(socket, plain)
  if ((await plain.peekByte(signal)) === TLS_HANDSHAKE_RECORD) {
    const tls = await encrypt(socket, plain.release(), context, signal)
    if (tls.alpnProtocol !== ALPN) {
      tls.destroy()
      throw new NotPostgresError('direct TLS without the ALPN protocol "postgresql"')
    }
    return readEncrypted(tls, options)
  }
  let gssRefused = false
  for (;;) {
    const packet = await readStartupPacket(plain, signal)
    if (packet.type === 'sslRequest') {
      refuseEarlyBytes(plain, 'received unencrypted data after SSL request')
      plain.release()
      socket.write(YES)
      return readEncrypted(await encrypt(socket, Buffer.alloc(0), context, signal), options)
    }
    if (packet.type === 'gssEncRequest') {
      if (gssRefused) throw unsupported(1234, 5680)
      refuseEarlyBytes(plain, 'received unencrypted data after GSSAPI encryption request')
      gssRefused = true
      socket.write(NO)
      continue
    }
    return { stream: socket, reader: plain, packet, isEncrypted: false, sni: undefined }
  }
}

async function readEncrypted(
  stream: TLSSocket,
  {
    signal,
    onStream,
  }: { readonly signal: AbortSignal; readonly onStream: (stream: Socket, reader: ClientReader) => void },
): Promise<Introduction> {
  const reader = new ClientReader(stream, MAX_STARTUP_LENGTH + 4)
  onStream(stream, reader)
  const packet = await readStartupPacket(reader, signal)
  // Encryption was negotiated already: these codes are then only version numbers that nobody supports.
  if (packet.type === 'sslRequest') throw unsupported(1234, 5679)
  if (packet.type === 'gssEncRequest') throw unsupported(1234, 5680)
  return { stream, reader, packet, isEncrypted: true, sni: hostName(stream) }
}

async function readStartupPacket(reader: ClientReader, signal: AbortSignal): Promise<StartupPacket> {
  const body = await readBody(reader, signal)
  try {
    return decodeStartupPacket(body)
  } catch (error) {
    if (body.length < 4) throw new NotPostgresError('no packet of the startup phase', { cause: error })
    throw new LakeletError('startup_invalid', { reason: (error as Error).message }, { cause: error })
  }
}

async function readBody(reader: ClientReader, signal: AbortSignal): Promise<Buffer> {
  try {
    return await reader.readPacket(signal)
  } catch (error) {
    if (error instanceof Error && error.name === 'ProtocolError') {
      throw new NotPostgresError('no packet of the startup phase', { cause: error })
    }
    throw error
  }
}

/**
 * Bytes that came with the request were sent in plain text, maybe by someone in between; they must not be taken for
 * part of the encrypted session (CVE-2021-23214).
 */
function refuseEarlyBytes(reader: ClientReader, reason: string): void {
  if (reader.buffered > 0) throw new LakeletError('startup_invalid', { reason })
}

function unsupported(major: number, minor: number): LakeletError {
  return new LakeletError('protocol_unsupported', { major, minor })
}

async function encrypt(
  socket: Socket,
  early: Buffer,
  context: SecureContext,
  signal: AbortSignal,
): Promise<TLSSocket> {
  if (early.length > 0) socket.unshift(early)
  const tls = new TLSSocket(socket, { isServer: true, secureContext: context, ALPNProtocols: [ALPN] })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (error?: Error) => reject(new ClientGoneError({ cause: error }))
  const abort = () => reject(signal.reason as Error)
  const ended = () => fail()
  tls.once('secure', resolve)
  tls.once('error', fail)
  tls.once('close', ended)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await promise
  } catch (error) {
    // What OpenSSL reports late (a peer that resets during the handshake) has no other listener.
    tls.on('error', () => {})
    tls.destroy()
    throw error
  } finally {
    tls.off('secure', resolve)
    tls.off('error', fail)
    tls.off('close', ended)
    signal.removeEventListener('abort', abort)
  }
  return tls
}

function hostName(stream: TLSSocket): string | undefined {
  const name = stream.servername
  return name ? name.toLowerCase().replace(/\.$/, '') : undefined
}

/** A FATAL ErrorResponse with the text of the catalogue. */
export function fatal(error: LakeletError): Buffer {
  return encodeErrorResponse({
    severity: 'FATAL',
    severityCode: 'FATAL',
    code: error.entry.sqlState ?? 'XX000',
    message: error.message,
  })
}
