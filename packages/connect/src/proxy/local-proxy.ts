// A door on this machine for tools that have no hook for a connector: psql, pg_dump, prisma migrate, drizzle-kit. They
// connect without TLS to a unix socket or a loopback port; behind it every connection is one of the connector's own.
import {
  MessageFramer,
  decodePassword,
  decodeStartupPacket,
  encodeAuthenticationCleartextPassword,
  encodeErrorResponse,
  encodeStartup,
} from '@lakelet/wire'
import type { StartupParameter } from '@lakelet/wire'
import { randomBytes, timingSafeEqual } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Duplex } from 'node:stream'
import { LakebaseError, codeOf, messageOf } from '../errors.ts'

export interface ListenOptions {
  /** A directory for the unix socket; it is created, for this user only, when it is left out and there is no port. */
  path?: string
  /** A port of 127.0.0.1 instead; 0 for any free one. Clients need the proxy's password then. */
  port?: number
}

/** A listening proxy. */
export interface LocalProxy extends AsyncDisposable {
  /** 127.0.0.1, or the directory of the unix socket. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** Only of this proxy, made up at its start; undefined on a unix socket, which only this user can open. */
  readonly password: string | undefined
  /** A connection string with all of that. */
  readonly url: string
  close(): Promise<void>
}

/** What the proxy needs from its connector. */
export interface ProxyTarget {
  readonly user: string
  readonly database: string
  openSocket(): Duplex & { connect(): unknown }
}

/** Starts listening. Rejects when the port or path is taken. */
export async function startLocalProxy(target: ProxyTarget, options: ListenOptions): Promise<LocalProxy> {
  const password = options.port === undefined ? undefined : randomBytes(18).toString('base64url')
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    new Visitor(socket, target, password).welcome()
  })
  const place = await listen(server, options)
  const close = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    await place.remove()
  }
  const { user, database } = target
  const login = encodeURIComponent(user) + (password ? `:${password}` : '')
  const url = place.directory
    ? `postgresql://${login}@localhost/${encodeURIComponent(database)}?host=${encodeURIComponent(place.directory)}&sslmode=disable`
    : `postgresql://${login}@127.0.0.1:${place.port}/${encodeURIComponent(database)}?sslmode=disable`
  const host = place.directory ?? '127.0.0.1'
  return { host, port: place.port, user, database, password, url, close, [Symbol.asyncDispose]: close }
}

interface Place {
  readonly directory: string | undefined
  readonly port: number
  remove(): Promise<void>
}

const SOCKET_PORT = 5432

async function listen(server: Server, options: ListenOptions): Promise<Place> {
  if (options.port !== undefined) {
    await listening(server, () => server.listen(options.port, '127.0.0.1'))
    return { directory: undefined, port: (server.address() as AddressInfo).port, remove: async () => {} }
  }
  const made = options.path === undefined ? await mkdtemp(path.join(tmpdir(), 'lakelet-connect-')) : undefined
  const directory = path.resolve(options.path ?? made ?? '')
  const file = path.join(directory, `.s.PGSQL.${SOCKET_PORT}`)
  if (Buffer.byteLength(file) > 100) {
    throw new LakebaseError(
      'CONFIGURATION',
      `${file} is too long for a unix socket; choose a shorter directory`,
    )
  }
  await listening(server, () => server.listen(file))
  await chmod(file, 0o600)
  return {
    directory,
    port: SOCKET_PORT,
    remove: async () => (made ? rm(made, { recursive: true, force: true }) : undefined),
  }
}

function listening(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', resolve)
    start()
  })
}

/** One client at the door: its first packets, then bytes both ways. */
class Visitor {
  readonly #socket: Socket
  readonly #target: ProxyTarget
  readonly #password: string | undefined
  readonly #framer = new MessageFramer({ maxLength: 10_000 })
  #parameters: readonly StartupParameter[] | undefined
  readonly #onData = (chunk: Buffer) => {
    try {
      this.#framer.push(chunk)
      this.#advance()
    } catch (error) {
      this.#refuse('08P01', messageOf(error))
    }
  }

  constructor(socket: Socket, target: ProxyTarget, password: string | undefined) {
    this.#socket = socket
    this.#target = target
    this.#password = password
  }

  welcome(): void {
    this.#socket.on('data', this.#onData)
  }

  #advance(): void {
    if (this.#parameters) {
      const message = this.#framer.next()
      if (message) this.#checkPassword(decodePassword(message.body))
      return
    }
    for (let body = this.#framer.nextUntyped(); body; body = this.#framer.nextUntyped()) {
      const packet = decodeStartupPacket(body)
      if (packet.type === 'sslRequest' || packet.type === 'gssEncRequest') {
        this.#socket.write('N')
        continue
      }
      if (packet.type === 'cancelRequest') this.#pass(lengthPrefixed(body))
      else if (packet.type === 'startup') this.#admit(packet.parameters)
      else this.#refuse('0A000', `unsupported frontend protocol ${packet.major}.${packet.minor}`)
      return
    }
  }

  #admit(parameters: readonly StartupParameter[]): void {
    this.#parameters = parameters
    if (this.#password === undefined) this.#pass(this.#startup())
    else this.#socket.write(encodeAuthenticationCleartextPassword())
  }

  #checkPassword(given: Buffer): void {
    const expected = Buffer.from(this.#password ?? '')
    if (given.length === expected.length && timingSafeEqual(given, expected)) this.#pass(this.#startup())
    else this.#refuse('28P01', "this is not the local proxy's password (it prints it at its start)")
  }

  /** The visitor is logged in as the connector's user, whatever name it gave: it has nothing to prove another with. */
  #startup(): Buffer {
    const rest = (this.#parameters ?? []).filter(({ name }) => name.toString('latin1') !== 'user')
    const user = { name: Buffer.from('user'), value: Buffer.from(this.#target.user) }
    return encodeStartup([user, ...rest])
  }

  #pass(first: Buffer): void {
    const socket = this.#socket
    socket.off('data', this.#onData)
    socket.pause()
    const upstream = this.#target.openSocket()
    const rest = this.#framer.takeRest()
    upstream.on('error', (error) => this.#refuse('08006', `${codeOf(error)}: ${messageOf(error)}`))
    upstream.once('close', () => socket.end())
    socket.once('close', () => upstream.destroy())
    upstream.once('connect', () => {
      upstream.write(first)
      if (rest.length > 0) upstream.write(rest)
      socket.pipe(upstream, { end: false })
      upstream.pipe(socket)
    })
    upstream.connect()
  }

  #refuse(code: string, message: string): void {
    if (this.#socket.writable) {
      this.#socket.end(encodeErrorResponse({ severity: 'FATAL', severityCode: 'FATAL', code, message }))
    }
    this.#socket.resume()
  }
}

function lengthPrefixed(body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length + 4)
  return Buffer.concat([length, body])
}
