// A wire proxy that does what it is told, in front of a real Postgres: TLS with SNI, the clear-text challenge, a table of
// good tokens, and faults at every stage. It stands for Lakebase's own front in tests of what an app does when things go
// wrong.
import {
  decodePassword,
  decodeStartupPacket,
  encodeAuthenticationCleartextPassword,
  startupParameter,
} from '@lakelet/wire'
import type { StartupParameter } from '@lakelet/wire'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { TLSSocket, createSecureContext } from 'node:tls'
import { systemClock } from '../clock.ts'
import type { CertificateAndKey } from './certificates.ts'
import { refuse, reset, suffered } from './connection-fault.ts'
import type { ConnectionFault } from './connection-fault.ts'
import { PacketReader } from './packet-reader.ts'
import type { TokenTable } from './token-table.ts'
import { openUpstream } from './upstream.ts'
import type { Upstream } from './upstream-address.ts'

export type { ConnectionFault } from './connection-fault.ts'

export interface WireProxyOptions {
  upstream: Upstream
  tokens: TokenTable
  certificate: CertificateAndKey
}

/** One logged-in client. */
export interface ProxySession {
  readonly user: string
  readonly openedAtMs: number
  /** Ends the connection as a failing network or a stopping server does. */
  drop(how: 'close' | 'reset' | '57P01'): void
  /** Passes nothing on from now on, in no direction, and keeps the sockets open: a half-open connection. */
  freeze(): void
}

export class WireProxy {
  /** TCP connections since the start. */
  accepted = 0
  /** Logins that succeeded. */
  logins = 0
  /** Logins that were refused for their token. */
  rejected = 0
  /** CancelRequests passed on. */
  cancels = 0
  /** The most connections that were before the end of their login at once. */
  mostDialling = 0
  readonly sni: string[] = []
  readonly applicationNames: string[] = []
  /** Passwords that came without TLS. Stays 0 with a client that is careful. */
  plaintextPasswords = 0
  /** Says 'N' to SSLRequest when false. */
  offersTls = true
  /** Drops each session after so long, in ms. */
  sessionLifetimeMs: number | undefined
  certificate: CertificateAndKey
  readonly sessions = new Set<ProxySession>()
  readonly #options: WireProxyOptions
  readonly #sockets = new Set<Socket>()
  readonly #queue: ConnectionFault[] = []
  #always: ConnectionFault | undefined
  #server: Server | undefined
  #port = 0
  #dialling = 0

  constructor(options: WireProxyOptions) {
    this.#options = options
    this.certificate = options.certificate
  }

  get port(): number {
    return this.#port
  }

  /** Client sockets that are open now. */
  get openSockets(): number {
    return this.#sockets.size
  }

  /** The next connections get these, in order; the following ones `always`, or nothing. */
  next(...faults: ConnectionFault[]): void {
    this.#queue.push(...faults)
  }

  always(fault: ConnectionFault | undefined): void {
    this.#always = fault
  }

  /** Every connection gets `fault` for `ms`, then none does: an endpoint that sleeps and wakes. */
  asleepFor(ms: number, fault: ConnectionFault): void {
    this.#always = fault
    systemClock.sleep(ms, { background: true }).then(
      () => {
        if (this.#always === fault) this.#always = undefined
      },
      () => {},
    )
  }

  /** Listens; after `stop` again on the same port. */
  async start(): Promise<void> {
    if (this.#server) return
    const server = createServer({ noDelay: true }, (socket) => void this.#serve(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Stops listening and hangs up on everybody: new connections are refused. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const socket of this.#sockets) socket.destroy()
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  async #serve(socket: Socket): Promise<void> {
    this.accepted++
    this.#sockets.add(socket)
    this.mostDialling = Math.max(this.mostDialling, ++this.#dialling)
    let isDialling = true
    const dialled = () => {
      if (isDialling) this.#dialling--
      isDialling = false
    }
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#sockets.delete(socket)
      dialled()
    })
    try {
      await this.#handshake(socket, this.#queue.shift() ?? this.#always, dialled)
    } catch {
      socket.destroy()
    }
  }

  async #handshake(socket: Socket, fault: ConnectionFault | undefined, dialled: () => void): Promise<void> {
    if (await suffered(socket, fault, 'accept')) return
    const plain = new PacketReader(socket)
    let packet = decodeStartupPacket(await plain.packet())
    let client: Socket = socket
    let reader = plain
    if (packet.type === 'sslRequest') {
      if (!this.offersTls) {
        socket.write('N')
        if (!plain.isEmpty || (await plain.byteOrEnd())) this.plaintextPasswords++
        socket.destroy()
        return
      }
      plain.release()
      client = await this.#encrypt(socket)
      reader = new PacketReader(client)
      packet = decodeStartupPacket(await reader.packet())
    }
    if (packet.type === 'cancelRequest') {
      this.cancels++
      const upstream = await openUpstream(this.#options.upstream, packet)
      upstream.socket.on('close', () => client.destroy())
      return
    }
    if (packet.type !== 'startup') throw new Error(`unexpected ${packet.type}`)
    await this.#login(client, reader, packet.parameters, fault, dialled)
  }

  async #encrypt(socket: Socket): Promise<TLSSocket> {
    const secureContext = createSecureContext(this.certificate)
    const secured = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      SNICallback: (name, done) => {
        this.sni.push(name)
        done(null, secureContext)
      },
    })
    secured.on('error', () => socket.destroy())
    socket.write('S')
    await new Promise<void>((resolve, reject) => {
      secured.once('secure', resolve)
      socket.once('close', () => reject(new Error('closed during TLS')))
    })
    return secured
  }

  async #login(
    client: Socket,
    reader: PacketReader,
    parameters: readonly StartupParameter[],
    fault: ConnectionFault | undefined,
    dialled: () => void,
  ): Promise<void> {
    const user = startupParameter(parameters, 'user') ?? ''
    this.applicationNames.push(startupParameter(parameters, 'application_name') ?? '')
    if (await suffered(client, fault, 'startup')) return
    client.write(encodeAuthenticationCleartextPassword())
    const password = decodePassword((await reader.message()).body).toString('utf8')
    if (!(client instanceof TLSSocket)) this.plaintextPasswords++
    const refusal = this.#options.tokens.refusal(password, user)
    if (refusal !== undefined) {
      this.rejected++
      refuse(client, '28P01', refusal)
      return
    }
    if (await suffered(client, fault, 'login')) return
    const upstream = await openUpstream(this.#options.upstream, { type: 'startup', parameters })
    if (client.destroyed) {
      upstream.socket.destroy()
      return
    }
    this.logins++
    dialled()
    this.#relay(client, reader, upstream, user)
  }

  #relay(
    client: Socket,
    reader: PacketReader,
    upstream: { socket: Socket; bytes: Buffer },
    user: string,
  ): void {
    const { socket: server, bytes } = upstream
    server.on('error', () => client.destroy())
    const session: ProxySession = {
      user,
      openedAtMs: performance.now(),
      drop: (how) => {
        client.unpipe(server)
        client.resume()
        if (how === '57P01') refuse(client, '57P01', 'terminating connection due to administrator command')
        else if (how === 'close') client.end()
        else reset(client)
        server.destroy()
      },
      freeze: () => {
        client.unpipe(server)
        server.unpipe(client)
        server.pause()
        // Reads on, so that it notices when the client gives up.
        client.resume()
      },
    }
    this.sessions.add(session)
    const lifetime =
      this.sessionLifetimeMs === undefined
        ? undefined
        : setTimeout(() => session.drop('57P01'), this.sessionLifetimeMs).unref()
    client.once('close', () => {
      clearTimeout(lifetime)
      this.sessions.delete(session)
      server.destroy()
    })
    client.write(bytes)
    const rest = reader.release()
    if (rest.length > 0) server.write(rest)
    client.pipe(server)
    server.pipe(client)
  }
}
