// From an accepted socket to its first real packet: encryption is negotiated here and nothing else.
// The order of things is that of backend_startup.c (ProcessSSLStartup, ProcessStartupPacket).
import type { SecureContext } from 'node:tls'
import { decodeStartupPacket, type StartupPacket } from '@lakelet/wire'
import { LakeletError } from '../base/errors.ts'
import { ALPN, type ClientConnection } from './client-connection.ts'

const TLS_HANDSHAKE_RECORD = 0x16
/** What a browser or an HTTP client shows that came to the wrong port. Nothing but HTTP begins with a capital: a packet would have a gigabyte. */
const HTTP_BODY =
  "This port speaks Postgres, not HTTP. The workspace has another port for its pages and its API: 'lakelet status' shows it.\n"
const HTTP_ANSWER = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${HTTP_BODY.length}\r\nConnection: close\r\n\r\n${HTTP_BODY}`
const YES = Buffer.from('S')
const NO = Buffer.from('N')

/** What a client wants once encryption is settled. */
export type FirstPacket = Extract<StartupPacket, { type: 'startup' | 'cancelRequest' | 'unsupported' }>

/** What came is not the protocol: port scans, TLS alerts, closed without an answer as Postgres does, and HTTP, which gets one. */
export class NotPostgresError extends Error {
  override readonly name = 'NotPostgresError'
}

/** Throws ClientGoneError, NotPostgresError (both: just close) or LakeletError (to be sent). */
export async function acceptClient(
  client: ClientConnection,
  secureContext: SecureContext,
  signal: AbortSignal,
): Promise<FirstPacket> {
  const first = await client.peekByte(signal)
  if (isLetter(first)) {
    client.stream.write(HTTP_ANSWER)
    throw new NotPostgresError('HTTP')
  }
  if (first === TLS_HANDSHAKE_RECORD) {
    await client.startTls(secureContext, signal)
    // So that no other protocol can be led here.
    if (client.alpn !== ALPN) throw new NotPostgresError('direct TLS without the ALPN protocol "postgresql"')
    return readEncrypted(client, signal)
  }
  let gssRefused = false
  for (;;) {
    const packet = await readStartupPacket(client, signal)
    if (packet.type === 'sslRequest') {
      refuseEarlyBytes(client, 'received unencrypted data after SSL request')
      client.stream.write(YES)
      await client.startTls(secureContext, signal)
      return readEncrypted(client, signal)
    }
    if (packet.type !== 'gssEncRequest') return packet
    if (gssRefused) throw unsupported(1234, 5680)
    refuseEarlyBytes(client, 'received unencrypted data after GSSAPI encryption request')
    gssRefused = true
    client.stream.write(NO)
  }
}

function isLetter(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}

async function readEncrypted(client: ClientConnection, signal: AbortSignal): Promise<FirstPacket> {
  const packet = await readStartupPacket(client, signal)
  // Encryption was negotiated already: these codes are then only version numbers that nobody supports.
  if (packet.type === 'sslRequest') throw unsupported(1234, 5679)
  if (packet.type === 'gssEncRequest') throw unsupported(1234, 5680)
  return packet
}

async function readStartupPacket(client: ClientConnection, signal: AbortSignal): Promise<StartupPacket> {
  const body = await readBody(client, signal)
  try {
    return decodeStartupPacket(body)
  } catch (error) {
    if (body.length < 4) throw new NotPostgresError('no packet of the startup phase', { cause: error })
    throw new LakeletError('startup_invalid', { reason: (error as Error).message }, { cause: error })
  }
}

async function readBody(client: ClientConnection, signal: AbortSignal): Promise<Buffer> {
  try {
    return await client.readPacket(signal)
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
function refuseEarlyBytes(client: ClientConnection, reason: string): void {
  if (client.buffered > 0) throw new LakeletError('startup_invalid', { reason })
}

function unsupported(major: number, minor: number): LakeletError {
  return new LakeletError('protocol_unsupported', { major, minor })
}
