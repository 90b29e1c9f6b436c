// Closing a connection on which the client is still sending. A connection that is closed with unread bytes is reset, and the reset may
// take the answer away from a client that has not read it yet. So the answer is followed by the end of our side, and the rest of the
// request is read and dropped, for a while (RFC 9112 §9.6).
import type { IncomingMessage, Server } from 'node:http'
import { Socket } from 'node:net'

/** How long a client may go on sending a request that has been answered. */
const LINGER_MS = 30_000

/** Lets every connection that `server` closes before a request has arrived whole end this way. */
export function lingerWhereUnread(server: Server): void {
  server.on('request', (request: IncomingMessage) => {
    const { socket } = request
    // What an HTTP server ends a connection with after an answer that says `Connection: close`.
    socket.destroySoon = () => {
      if (request.complete) Socket.prototype.destroySoon.call(socket)
      else linger(request)
    }
  })
}

function linger(request: IncomingMessage): void {
  const { socket } = request
  socket.end()
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.once('close', () => {
    clearTimeout(timer)
  })
  request.once('end', () => socket.destroy())
  request.resume()
}
