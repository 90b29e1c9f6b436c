// The answer to what is not HTTP, is too large for it, or came too slowly: there is a socket then, and no request yet.
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { LakeletError } from './errors.ts'
import { MOST_HEADER_BYTES } from './http-connections.ts'

/** How long a client that is answered out of turn keeps its connection. */
const LINGER_MS = 1000

/** Answers and closes; `timeoutMs` is how long a request may take to arrive, for the text. */
export function answerClientError(error: Error & { code?: string }, socket: Duplex, timeoutMs: number): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
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
