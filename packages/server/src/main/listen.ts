// Which ports to listen on. A busy default port gives way to the next free one; a busy port that somebody asked for is an error.
// A chosen port is held until the server that will use it is ready to listen, since others must be told its number before.
import { createServer, type Server } from 'node:net'
import { LakeletError } from '../base/errors.ts'

const ATTEMPTS = 100

export interface PortRequest {
  readonly host: string
  /** The port asked for; undefined for the default, 0 for any free one. */
  readonly asked: number | undefined
  readonly fallback: number
  /** Addresses on which the default port is tried before another port is. */
  readonly otherHosts?: readonly string[]
  /** The flag that changes it, for error messages. */
  readonly flag: string
  /** The port of the last start, taken again when any free one will do, so that what was told to others stays true. */
  readonly last?: number | undefined
}

/** A port that nobody else can take until it is released; disposing releases it too. */
export interface HeldPort extends AsyncDisposable {
  readonly host: string
  readonly port: number
  /** The default port that was busy. */
  readonly movedFrom: number | undefined
  release(): Promise<void>
}

/** Takes a port; LakeletError `port_busy` or `port_refused`. */
export async function holdPort(request: PortRequest): Promise<HeldPort> {
  const { host, asked, fallback, flag } = request
  if (asked === 0 && request.last !== undefined) {
    const again = await tryPort(host, request.last)
    if (typeof again !== 'string') return heldPort(again)
  }
  if (asked !== undefined) {
    const held = await tryPort(host, asked)
    if (typeof held !== 'string') return heldPort(held)
    if (held === 'EADDRINUSE') throw new LakeletError('port_busy', { port: asked, host, flag })
    throw new LakeletError('port_refused', { port: asked, host, reason: held, flag })
  }
  const elsewhere = await tryHosts([host, ...(request.otherHosts ?? [])], fallback)
  if (elsewhere) return heldPort(elsewhere.server, elsewhere.host === host ? undefined : fallback)
  for (let port = fallback; port < fallback + ATTEMPTS; port += 1) {
    const held = await tryPort(host, port)
    if (typeof held !== 'string') return heldPort(held, port === fallback ? undefined : fallback)
    if (held !== 'EADDRINUSE' && held !== 'EACCES')
      throw new LakeletError('port_refused', { port, host, reason: held, flag })
  }
  throw new LakeletError('port_busy', { port: `${fallback}–${fallback + ATTEMPTS - 1}`, host, flag })
}

/** The first of the addresses where nobody listens on the port. */
async function tryHosts(
  hosts: readonly string[],
  port: number,
): Promise<{ readonly host: string; readonly server: Server } | undefined> {
  for (const host of hosts) {
    const server = await tryPort(host, port)
    if (typeof server !== 'string') return { host, server }
  }
  return undefined
}

function heldPort(server: Server, movedFrom?: number): HeldPort {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a listening server has no port')
  let released: Promise<void> | undefined
  const release = () => {
    released ??= new Promise<void>((resolve) => {
      server.close(() => {
        resolve()
      })
    })
    return released
  }
  return { host: address.address, port: address.port, movedFrom, release, [Symbol.asyncDispose]: release }
}

/** A server that listens there and serves nobody, or the system's error code. */
function tryPort(host: string, port: number): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message)
    })
    server.listen({ host, port, exclusive: true }, () => {
      resolve(server)
    })
  })
}
