// How many connections an HTTP server holds. Whoever sends nothing, or only drops of a request, must keep nobody else out: when there are
// too many, the oldest connection that waits for its client goes. One whose request has arrived and is being answered stays.
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/**
 * Longest head of a message, in bytes. Apps set cookies of 20 kB and more, and browsers send those to every port of the host: to the
 * workspace's own as well.
 */
export const MOST_HEADER_BYTES = 128 * 1024

/**
 * Keeps at most `most` connections of `server` that wait for their clients; the result takes one out of the count, for a server that hands
 * upgraded connections on. A listener for upgrades is not added here: with one, Node answers no request that offers an upgrade, as Java's own
 * client does with every one (h2c).
 */
export function boundConnections(server: Server, most: number): (upgraded: Socket) => void {
  /** In the order in which they began to wait. */
  const waiting = new Set<Socket>()
  const wait = (socket: Socket) => {
    if (socket.destroyed) return
    waiting.delete(socket)
    waiting.add(socket)
    const [oldest] = waiting
    if (oldest && waiting.size > most) {
      waiting.delete(oldest)
      oldest.destroy()
    }
  }
  server.on('connection', (socket: Socket) => {
    socket.once('close', () => waiting.delete(socket))
    wait(socket)
  })
  server.on('request', (request: IncomingMessage, reply: ServerResponse) => {
    const { socket } = request
    const arrived = () => waiting.delete(socket)
    if (request.complete) arrived()
    else request.once('end', arrived)
    reply.once('close', () => {
      wait(socket)
    })
  })
  return (upgraded) => {
    waiting.delete(upgraded)
  }
}
