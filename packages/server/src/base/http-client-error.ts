// The answer to what is not HTTP, is too large for it, or came too slowly: there is a socket then, and no request yet.
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { LakeletError } from './errors.ts'
import { MOST_HEADER_BYTES } from './http-connections.ts'

/** How long a client that is answered out of turn keeps its connection. */
const LINGER_MS = 1000

/** A client of Postgres: its request for TLS or GSSAPI, or a startup packet of protocol 3. */
// oxlint-disable-next-line no-control-regex -- the packets of a binary protocol
const POSTGRES_FIRST = /^\0\0\0\x08\x04\xd2\x16[/0]|^\0\0[\0-\x27].\0\x03\0[\0-\x02]/s

/** What libpq shows of a server that is none of Postgres: an ErrorResponse of protocol 2, which stands without encryption or startup. */
const POSTGRES_ANSWER = Buffer.from(
  "EThis is the HTTP port of a Lakelet workspace, not Postgres. 'lakelet status' shows the host and port of Postgres.\n\0",
)

/** Answers and closes; `timeoutMs` is how long a request may take to arrive, for the text. */
export function answerClientError(
  error: Error & { code?: string; rawPacket?: unknown },
  socket: Duplex,
  timeoutMs: number,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  if (Buffer.isBuffer(error.rawPacket) && POSTGRES_FIRST.test(error.rawPacket.toString('latin1', 0, 8))) {
    socket.end(POSTGRES_ANSWER)
    setTimeout(() => socket.destroy(), LINGER_MS).unref()
    return
  }
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
  const known = isLate
    ? new LakeletError('request_timeout', { seconds: Math.ceil(timeoutMs / 1000) })
    : error.code === 'HPE_HEADER_OVERFLOW'
      ? new LakeletError('headers_too_large', { limit: MOST_HEADER_BYTES / 1024 })
      : new LakeletError('malformed_request', { reason: 'The request is not valid HTTP.' })
  const { status, errorCode } = known.entry
  const body = JSON.stringify({ error_code: errorCode, message: known.message })
  // The client may go on sending, and reads the answer only if that is read and not answered with a reset; but not for long.
  socket.resume()
  setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  )
}
