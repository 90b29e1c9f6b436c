// A bad network in front of a server: a TCP proxy that cuts, holds up and breaks what goes through it, as it is told.
import { createConnection, createServer, type Server, type Socket } from 'node:net'

export interface Faults {
  /** Bytes go on in pieces of this size, each in a packet of its own as far as the system allows. */
  readonly pieceSize?: number
  /** Each piece waits this long, in ms. */
  readonly delayMs?: number
  /** After so many bytes of the client … */
  readonly afterBytes?: number
  /** … this happens: the connection is reset, the client's side is closed, or nothing goes through any more, both ways. */
  readonly breaks?: 'reset' | 'half-close' | 'silence'
}

export interface FaultProxy extends AsyncDisposable {
  readonly port: number
}

/** Listens on a free port of loopback and passes connections on to `target` with these faults. */
export async function startFaultProxy(target: number, faults: Faults): Promise<FaultProxy> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const upstream = createConnection({ host: '127.0.0.1', port: target, allowHalfOpen: true, noDelay: true })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => sockets.delete(socket))
    }
    const link: Link = { client, upstream, isSilent: false }
    void pass(client, upstream, link, faults, faults.breaks)
    void pass(upstream, client, link, faults)
  })
  const port = await listen(server)
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** One connection of a client, and the one that it leads to. */
interface Link {
  readonly client: Socket
  readonly upstream: Socket
  /** What comes goes nowhere. */
  isSilent: boolean
}

/** Until `from` ends; after enough bytes it breaks. */
async function pass(
  from: Socket,
  to: Socket,
  link: Link,
  faults: Faults,
  breaks?: Faults['breaks'],
): Promise<void> {
  const { pieceSize, delayMs = 0, afterBytes = 0 } = faults
  let left = breaks ? afterBytes : Infinity
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (const piece of cut(chunk, pieceSize ?? chunk.length)) {
        if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
        if (left > 0 && !link.isSilent) await written(to, piece.subarray(0, left))
        const isFirstPast = left > 0 && left <= piece.length
        left -= piece.length
        if (breaks && isFirstPast) breakOff(link, breaks)
      }
    }
    to.end()
  } catch {
    to.destroy()
  }
}

function breakOff(link: Link, breaks: NonNullable<Faults['breaks']>): void {
  if (breaks === 'silence') link.isSilent = true
  if (breaks === 'half-close') link.upstream.end()
  if (breaks === 'reset') {
    link.upstream.resetAndDestroy()
    link.client.resetAndDestroy()
  }
}

function* cut(chunk: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < chunk.length; at += size) yield chunk.subarray(at, at + size)
}

/** When the system has taken it, so that pieces leave one by one. */
function written(socket: Socket, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening')
  return address.port
}
