// A second way into the API, over TLS, for apps: the version of the field's JavaScript SDK that AppKit's lakebase plugin brings keeps only
// the host name of DATABRICKS_HOST and asks for it at https, port 443.
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:tls'

export interface TlsIdentity {
  /** PEM of the certificate, followed by those above it. */
  readonly certificate: string
  readonly key: string
}

export interface TlsDoor extends AsyncDisposable {
  readonly port: number
  /** Presents another certificate from now on. */
  useCertificate(tls: TlsIdentity): void
}

/** Listens for TLS and hands each connection to the server, which answers it like one of its own; disposing ends those that are left. */
export async function openTlsDoor(
  server: Server,
  { host, port, certificate, key }: TlsIdentity & { readonly host: string; readonly port: number },
): Promise<TlsDoor> {
  const open = new Set<Socket>()
  const door = createServer({ cert: certificate, key, ALPNProtocols: ['http/1.1'] }, (socket) => {
    server.emit('connection', socket)
  })
  // Also those whose handshake is not over, of which the server knows nothing.
  door.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  door.maxConnections = server.maxConnections
  door.on('tlsClientError', (_error, socket) => socket.destroy())
  door.listen({ host, port })
  await once(door, 'listening')
  return {
    port: (door.address() as AddressInfo).port,
    useCertificate(tls) {
      door.setSecureContext({ cert: tls.certificate, key: tls.key })
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        door.close(() => {
          resolve()
        })
        for (const socket of open) socket.destroy()
      }),
  }
}
