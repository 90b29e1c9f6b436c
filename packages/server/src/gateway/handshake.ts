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
import { ClientReader } from './client-reader.ts'

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

interface Options {
  readonly signal: AbortSignal
  /** Told of each stream the conversation moves to; the last one is where an error can be sent. */
  readonly onStream: (stream: Socket, reader: ClientReader) => void
}

interface Encrypted {
  readonly stream: TLSSocket
  readonly reader: ClientReader
}

/** Throws ClientGoneError, NotPostgresError (both: just close) or LakeletError (to be sent). */
export async function introduce(
  socket: Socket,
  context: SecureContext,
  options: Options,
): Promise<Introduction> {
  const { signal, onStream } = options
  const plain = new ClientReader(socket, MAX_STARTUP_LENGTH + 4)
  onStream(socket, plain)
  if ((await plain.peekByte(signal)) === TLS_HANDSHAKE_RECORD) {
    const encrypted = await encrypt(socket, plain.release(), context, options)
    if (encrypted.stream.alpnProtocol !== ALPN) {
      throw new NotPostgresError('direct TLS without the ALPN protocol "postgresql"')
    }
    return readEncrypted(encrypted, signal)
  }
  let gssRefused = false
  for (;;) {
    const packet = await readStartupPacket(plain, signal)
    if (packet.type === 'sslRequest') {
      refuseEarlyBytes(plain, 'received unencrypted data after SSL request')
      plain.release()
      socket.write(YES)
      return readEncrypted(await encrypt(socket, Buffer.alloc(0), context, options), signal)
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

async function readEncrypted({ stream, reader }: Encrypted, signal: AbortSignal): Promise<Introduction> {
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

/** The reader is there from the start: only who reads sees that the client left in the middle of the TLS handshake. */
async function encrypt(
  socket: Socket,
  early: Buffer,
  context: SecureContext,
  options: Options,
): Promise<Encrypted> {
  if (early.length > 0) socket.unshift(early)
  const stream = new TLSSocket(socket, { isServer: true, secureContext: context, ALPNProtocols: [ALPN] })
  const reader = new ClientReader(stream, MAX_STARTUP_LENGTH + 4)
  options.onStream(stream, reader)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const left = () => reject(reader.gone.reason as Error)
  const abort = () => reject(options.signal.reason as Error)
  stream.once('secure', resolve)
  reader.gone.addEventListener('abort', left, { once: true })
  options.signal.addEventListener('abort', abort, { once: true })
  try {
    await promise
  } finally {
    stream.off('secure', resolve)
    reader.gone.removeEventListener('abort', left)
    options.signal.removeEventListener('abort', abort)
  }
  return { stream, reader }
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
