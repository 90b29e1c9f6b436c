// A request to cancel what a connection runs: a connection of its own that carries the two numbers the server gave at the start.
// Bytes: https://www.postgresql.org/docs/current/protocol-message-formats.html (SSLRequest, CancelRequest).
import { once } from 'node:events'
import { connect as connectTcp, isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { PostgresAddress } from './connection.ts'

const SSL_REQUEST = 80_877_103
const CANCEL_REQUEST = 80_877_102

/** Asks the server to cancel; resolves when it has heard. It answers nothing, and what ran ends with SQLSTATE 57014. */
export async function cancelStatement(
  { host, port }: PostgresAddress,
  ca: string | undefined,
  { processID, secretKey }: { readonly processID: number; readonly secretKey: number },
): Promise<void> {
  const socket = connectTcp(port, host)
  try {
    await once(socket, 'connect')
    socket.write(words(8, SSL_REQUEST))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    if (answer.toString() !== 'S') throw new Error('the server does not speak TLS')
    const secure = connectTls({
      socket,
      ...(isIP(host) ? { host } : { servername: host }),
      ...(ca === undefined ? {} : { ca }),
    })
    await once(secure, 'secureConnect')
    secure.end(words(16, CANCEL_REQUEST, processID, secretKey))
    secure.resume()
    await once(secure, 'close')
  } finally {
    socket.destroy()
  }
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4)
  for (const [index, value] of values.entries()) buffer.writeInt32BE(value | 0, index * 4)
  return buffer
}
