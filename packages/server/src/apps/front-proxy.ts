// The public address of one app: a listener of its own that knows who comes, asks whether they may, and passes bytes on both ways:
// streams, server-sent events and WebSockets included. It never reads a body.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { lookOf } from '@lakelet/theme/pages'
import type { WebSocketServer } from 'ws'
import type { Caller } from '../base/caller.ts'
import { asError, isLakeletError, knownError, LakeletError } from '../base/errors.ts'
import { answerClientError } from '../base/http-client-error.ts'
import { boundConnections, MOST_HEADER_BYTES } from '../base/http-connections.ts'
import { lingerWhereUnread } from '../base/http-linger.ts'
import type { Logger } from '../base/log.ts'
import type { AppLog } from './app-logs.ts'
import { forwardRequest, planOf } from './forward-request.ts'
import { forwardWebSocket, isWebSocketHandshake } from './forward-websocket.ts'
import type { Visit } from './forwarded-headers.ts'
import { FrontAdmission, type FrontAdmissionOptions, isBrowserNavigation } from './front-admission.ts'
import { OpenStreams } from './open-streams.ts'
import { type AppPage, logPage, statusPage } from './pages.ts'
import type { ListeningSocket } from './process-table.ts'

/** It listens where `host` and `port` say. */
export interface FrontProxyOptions extends FrontAdmissionOptions {
  /** Where the app answers now; while it starts that is waited for, until `wait()` is aborted. LakeletError `app_unavailable` when it does not. */
  readonly upstream: (wait: () => AbortSignal) => ListeningSocket | Promise<ListeningSocket>
  readonly log: AppLog
  readonly logger: Logger
  /** How long an app may take until its answer begins. */
  readonly answerMs?: number
  /** How often the visitors of connections that stay open are asked for again. */
  readonly againMs?: number
}

export interface FrontProxy extends AsyncDisposable {
  readonly port: number
  /** Resolves when no request is on its way to the app's port `upstreamPort` any more, or after `limitMs`. */
  drained(upstreamPort: number, limitMs: number): Promise<void>
}

const ANSWER_MS = 120_000
const AGAIN_MS = 5000
/** Lines of the log on the page that says why an app is down. */
const LINES_SHOWN = 20
/** Connections that wait for their visitor; for each more the one that waits longest is closed. */
const MOST_WAITING = 500
const NOT_A_WEBSOCKET =
  'The only protocol that a connection to an app can be upgraded to is WebSocket (RFC 6455).'

/** Listens on the app's port; rejects with the system's error when it is taken. */
export async function startFrontProxy(options: FrontProxyOptions): Promise<FrontProxy> {
  // A request for another protocol, such as h2c, is served as what it is besides: in a tunnel nobody would check who asks for what.
  const server = createServer({
    shouldUpgradeCallback: isWebSocketHandshake,
    maxHeaderSize: MOST_HEADER_BYTES,
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : options.port
  return new ListeningProxy({ ...options, port }, server)
}

class ListeningProxy implements FrontProxy {
  readonly #options: FrontProxyOptions
  readonly #server: Server
  readonly #admission: FrontAdmission
  readonly #streams: OpenStreams
  /** Who sent what is being answered. */
  readonly #callers = new WeakMap<IncomingMessage, Caller>()
  #logStreams: WebSocketServer | undefined
  /** Upgraded connections, which the HTTP server forgets about. */
  readonly #upgraded = new Set<Duplex>()
  /** Ports of the app that requests are on their way to, each as often as there are. */
  readonly #inFlight: number[] = []

  constructor(options: FrontProxyOptions, server: Server) {
    this.#options = options
    this.#server = server
    this.#admission = new FrontAdmission(options)
    this.#streams = new OpenStreams({ everyMs: options.againMs ?? AGAIN_MS, logger: options.logger })
    server.requestTimeout = 0
    // Their bytes are limited; which of them count must not depend on how many there are.
    server.maxHeadersCount = 0
    const uncount = boundConnections(server, MOST_WAITING)
    lingerWhereUnread(server)
    server.on('clientError', (error: Error & { code?: string }, socket) => {
      answerClientError(error, socket, server.headersTimeout)
    })
    server.on('request', (request, reply) => {
      this.#serve(request, reply).catch((error: unknown) => {
        this.#refuse(request, reply, error)
      })
    })
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      uncount(request.socket)
      this.#upgraded.add(socket)
      socket.once('close', () => this.#upgraded.delete(socket))
      // Two pipelines and what else waits for the end of a tunnel are a dozen, always the same ones.
      socket.setMaxListeners(20)
      socket.on('error', () => socket.destroy())
      this.#upgrade(request, socket, head).catch((error: unknown) => {
        refuseSocket(socket, this.#known(error))
      })
    })
  }

  get port(): number {
    return this.#options.port
  }

  async drained(upstreamPort: number, limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs
    do await delay(20)
    while (this.#inFlight.includes(upstreamPort) && performance.now() < deadline)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#upgraded) socket.destroy()
    this.#server.closeAllConnections()
    this.#logStreams?.close()
    this.#streams[Symbol.dispose]()
    await closed
  }

  async #serve(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    const visit = await this.#admission.visit(request)
    if (visit === 'sign in') {
      const { url } = this.#admission
      reply.writeHead(302, { location: this.#options.visitors.signInUrl(url + (request.url ?? '/')) }).end()
      return
    }
    this.#callers.set(request, visit.caller)
    if (pathOf(request) === '/logz') {
      await this.#admission.demandManager(visit.caller)
      sendPage(
        reply,
        200,
        logPage(this.#options.name, lookOf(request.headers), this.#options.visitors.homeUrl()),
      )
      return
    }
    await this.#forward(request, reply, visit)
  }

  async #forward(request: IncomingMessage, reply: ServerResponse, visit: Visit): Promise<void> {
    const plan = planOf(request, visit)
    // A pipe and what else waits for the end of an answer are a dozen, always the same ones.
    reply.setMaxListeners(20)
    const upstream = await this.#options.upstream(() => untilClosed(reply))
    if (reply.destroyed) throw new LakeletError('client_gone')
    this.#inFlight.push(upstream.port)
    const admit = () => this.#admission.again(request)
    const isOver = this.#streams.add({ admit, close: () => reply.destroy() })
    reply.once('close', () => {
      this.#inFlight.splice(this.#inFlight.indexOf(upstream.port), 1)
      isOver()
    })
    await forwardRequest({ request, reply, plan, upstream, ...this.#limits })
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    if (!isWebSocketHandshake(request))
      throw new LakeletError('malformed_request', { reason: NOT_A_WEBSOCKET })
    const visit = await this.#admission.visit(request)
    if (visit === 'sign in') throw new LakeletError('unauthenticated')
    if (pathOf(request) === '/logz/stream') {
      await this.#admission.demandManager(visit.caller)
      const { createLogStreamServer, streamLog } = await import('./log-stream.ts')
      this.#logStreams ??= createLogStreamServer()
      this.#logStreams.handleUpgrade(request, socket, head, (webSocket) => {
        streamLog(webSocket, this.#options.log)
        const isOver = this.#streams.add({
          admit: async () => this.#admission.demandManager(await this.#admission.again(request)),
          // The codes of the official clients for a token to renew and a permission to ask for.
          close: (reason) =>
            webSocket.close(isLakeletError(reason) && reason.entry.status === 403 ? 4403 : 4401),
        })
        webSocket.once('close', isOver)
      })
      return
    }
    const plan = planOf(request, visit)
    const upstream = await this.#options.upstream(() => AbortSignal.timeout(this.#limits.answerMs))
    await forwardWebSocket({ request, socket, head, plan, upstream, ...this.#limits })
    const admit = () => this.#admission.again(request)
    socket.once('close', this.#streams.add({ admit, close: () => socket.destroy() }))
  }

  get #limits(): { readonly name: string; readonly answerMs: number } {
    return { name: this.#options.name, answerMs: this.#options.answerMs ?? ANSWER_MS }
  }

  #refuse(request: IncomingMessage, reply: ServerResponse, error: unknown): void {
    const known = this.#known(error)
    if (reply.headersSent || known.code === 'client_gone') {
      reply.destroy()
      return
    }
    const { status, errorCode, retryable } = known.entry
    if (retryable) reply.setHeader('retry-after', '3')
    if (!request.complete) reply.setHeader('connection', 'close')
    if (isBrowserNavigation(request)) {
      this.#statusPage(request, known)
        .then((page) => sendPage(reply, status, page))
        .catch((failure: unknown) => reply.destroy(asError(failure)))
    } else {
      reply.writeHead(status, { 'content-type': 'application/json' })
      reply.end(JSON.stringify({ error_code: errorCode, message: known.message }))
    }
    request.resume()
  }

  /** With the last lines of the log for who may read it. */
  async #statusPage(request: IncomingMessage, error: LakeletError): Promise<AppPage> {
    const { name, visitors, log } = this.#options
    const caller = this.#callers.get(request)
    const mayRead = caller !== undefined && (await this.#admission.mayManage(caller))
    const lines = mayRead ? log.tail(LINES_SHOWN) : []
    return statusPage(name, error, { look: lookOf(request.headers), home: visitors.homeUrl(), lines })
  }

  #known(error: unknown): LakeletError {
    if (isLakeletError(error)) return error
    const requestId = randomUUID()
    this.#options.logger.error({ err: error, app: this.#options.name, requestId }, 'app request failed')
    return knownError(error, requestId)
  }
}

/** Aborted when the visitor has left or was answered. */
function untilClosed(reply: ServerResponse): AbortSignal {
  const gone = new AbortController()
  reply.once('close', () => {
    gone.abort(new LakeletError('client_gone'))
  })
  return gone.signal
}

function pathOf(request: IncomingMessage): string {
  return ((request.url ?? '/').split('?')[0] ?? '/').replace(/(?<=.)\/$/, '')
}

function sendPage(reply: ServerResponse, status: number, page: AppPage): void {
  reply.writeHead(status, { ...page.headers, vary: 'accept-language, cookie' })
  reply.end(page.markup)
}

function refuseSocket(socket: Duplex, error: LakeletError): void {
  const body = JSON.stringify({ error_code: error.entry.errorCode, message: error.message })
  const length = Buffer.byteLength(body)
  socket.end(
    `HTTP/1.1 ${error.entry.status} ${error.entry.errorCode}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
  )
}
