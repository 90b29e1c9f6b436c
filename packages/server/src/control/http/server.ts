// The HTTP server of the workspace: registers the routes of the contract and everything that all of them share.
// Order of a request: host and origin → authenticate → rate limit → authorize → read the body → validate → handle → send.
import { randomUUID } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { absentFeatureAt, type RouteDefinition } from '@lakelet/api'
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import type { Caller } from '../../base/caller.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { LakeletError } from '../../base/errors.ts'
import { answerClientError } from '../../base/http-client-error.ts'
import { boundConnections, MOST_HEADER_BYTES } from '../../base/http-connections.ts'
import { lingerWhereUnread } from '../../base/http-linger.ts'
import type { Logger } from '../../base/log.ts'
import type { RequestHead } from '../../base/request-head.ts'
import type { CallerPort } from '../ports.ts'
import { admit, CALLER, type Guards, headOf } from './admission.ts'
import { closeServer } from './close-server.ts'
import { type ErrorPages, sendError, sendErrorPage, toLakeletError, wantsPage } from './error-reply.ts'
import type { ImplementedRoute, RequestOf } from './implementation.ts'
import { createRateLimiter, DEFAULT_RATE_LIMIT, type RateLimit } from './rate-limit.ts'
import { readInput } from './request-input.ts'
import { createOriginGuard } from './request-origin.ts'
import { sendResult, sendStream } from './send.ts'
import { openTlsDoor, type TlsIdentity } from './tls-door.ts'
import { isTakingItsTime, takeItsTime, withUnreadBodies } from './unread-bodies.ts'

export interface HttpServerOptions {
  readonly host: string
  readonly port: number
  /** A port that answers the same over TLS. */
  readonly tls?: TlsIdentity & { readonly port: number }
  /** The workspace id, sent with every reply. */
  readonly workspaceId: string
  readonly callers: CallerPort
  readonly routes: readonly ImplementedRoute[]
  readonly log: Logger
  /** Parts that are not routes of the contract: pages, the OAuth server. */
  readonly mount?: (http: FastifyInstance) => Promise<void>
  /** Names under which clients reach the workspace, beside localhost and addresses in digits. */
  readonly hostNames?: readonly string[]
  readonly rateLimit?: RateLimit
  /** How long a request may take to arrive; 60 s where absent. */
  readonly requestTimeoutMs?: number
  /** Connections that may wait for their client to send a request; 2000 where absent. */
  readonly maxWaiting?: number
  readonly clock?: Clock
  /** What a browser shows a person in the place of an error's JSON. */
  readonly errorPage?: ErrorPages
}

export interface HttpServer extends AsyncDisposable {
  readonly port: number
  /** Presents another certificate where it answers over TLS. */
  useCertificate(tls: TlsIdentity): void
}

const REQUEST_TIMEOUT_MS = 60_000
/** A connection on which nothing moved for this long is closed: also one whose client does not read its answer. */
const SILENCE_TIMEOUT_MS = 5 * 60_000
/** Far above what people and tools open, far below what the process has descriptors for. */
const MOST_CONNECTIONS = 4000
/** Of these, connections that wait for their client: for each more the one that waits longest is closed. */
const MOST_WAITING = 2000
const BODY_LIMIT_BYTES = 1024 * 1024

/** Listens and serves; disposing stops accepting and lets running requests end, within a deadline. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const guards: Guards = {
    callers: options.callers,
    checkOrigin: createOriginGuard([options.host, ...(options.hostNames ?? [])]),
    takeRequest: createRateLimiter(options.rateLimit ?? DEFAULT_RATE_LIMIT, options.clock ?? systemClock),
  }
  const http = createHttpServer(options, guards)
  await options.mount?.(http)
  for (const implemented of options.routes) register(http, implemented, guards)
  await http.listen({ host: options.host, port: options.port })
  const address = http.server.address()
  if (address === null || typeof address === 'string') throw new Error('the HTTP server has no port')
  const door = options.tls && (await openTlsDoor(http.server, { host: options.host, ...options.tls }))
  return {
    port: address.port,
    useCertificate: (tls) => door?.useCertificate(tls),
    [Symbol.asyncDispose]: async () => {
      // Those who come this way are apps, which end before the server does.
      await door?.[Symbol.asyncDispose]()
      await closeServer(http, options)
    },
  }
}

function createHttpServer(options: HttpServerOptions, guards: Guards): FastifyInstance {
  // Naming the wider type keeps fastify's instance type the plain one.
  const loggerInstance: FastifyBaseLogger = options.log
  const requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
  const { errorPage } = options
  const refuse = (error: LakeletError, request: FastifyRequest, reply: FastifyReply) => {
    if (errorPage && wantsPage(request)) void sendErrorPage(error, request, reply, errorPage)
    else sendError(error, request, reply)
  }
  const http = fastify({
    loggerInstance,
    // Nothing is logged per request but failures, which name it; a child logger for each would cost more than the handler.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    forceCloseConnections: 'idle',
    requestTimeout,
    connectionTimeout: SILENCE_TIMEOUT_MS,
    http: {
      connectionsCheckingInterval: Math.min(1000, requestTimeout),
      headersTimeout: requestTimeout,
      maxHeaderSize: MOST_HEADER_BYTES,
    },
    clientErrorHandler: (error, socket) => {
      if (!isTakingItsTime(error, socket)) answerClientError(error, socket, requestTimeout)
    },
    frameworkErrors: (error, request, reply) => sendError(toLakeletError(error, request), request, reply),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 },
    // The contract's own schemas check and no route has one of fastify's, so its compilers (ajv and more) are not loaded.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
  })
  http.server.maxConnections = MOST_CONNECTIONS
  boundConnections(http.server, options.maxWaiting ?? MOST_WAITING)
  lingerWhereUnread(http.server)
  readBodies(http)
  http.decorateRequest(CALLER, undefined)
  http.addHook('onRequest', (request, reply, done) => {
    reply.header('x-databricks-org-id', options.workspaceId)
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    const head = headOf(request)
    guards.checkOrigin(head)
    // Routes of the contract count by principal; sign-in and the OAuth server, which anybody may call, by address.
    if (!head.path.startsWith('/api/')) guards.takeRequest(`address ${request.ip}`)
    done()
  })
  if (calls.hasSubscribers) http.addHook('onResponse', publishCall)
  http.setErrorHandler((error, request, reply) => {
    refuse(toLakeletError(error, request), request, reply)
  })
  http.setNotFoundHandler((request, reply) => {
    refuse(nothingAt(headOf(request)), request, reply)
  })
  return http
}

/** Whole, as bytes. By name the usual type is found without being taken apart again; every other one goes the same way. */
function readBodies(http: FastifyInstance): void {
  http.removeAllContentTypeParsers()
  for (const type of ['application/json', '*']) {
    http.addContentTypeParser(type, { parseAs: 'buffer' }, (_request, body, done) => {
      done(null, body)
    })
  }
}

/** A service that a local workspace does not have is named: reading finds nothing there, writing is refused. */
function nothingAt({ method, path }: RequestHead): LakeletError {
  const shown = path.slice(0, 200)
  const feature = absentFeatureAt(path)
  if (feature === undefined) return new LakeletError('endpoint_not_found', { method, path: shown })
  const reads = method === 'GET' || method === 'HEAD'
  return reads
    ? new LakeletError('feature_has_nothing', { feature, path: shown })
    : new LakeletError('feature_disabled', { feature })
}

/** Where whoever subscribed before the server started is told of every answer; the tests learn there which routes they called. */
const calls = channel('lakelet:http:answer')

function publishCall(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const { method, routeOptions } = request
  calls.publish({ method, route: routeOptions.url, status: reply.statusCode })
  done()
}

function noCompiler(): never {
  throw new Error('a route has a schema of fastify, which this server does not compile')
}

function register(http: FastifyInstance, implemented: ImplementedRoute, guards: Guards): void {
  if (implemented.route.body !== 'stream') addRoute(http, implemented, guards)
  else withUnreadBodies(http, (scope) => addRoute(scope, implemented, guards))
}

function addRoute(http: FastifyInstance, { route, handle }: ImplementedRoute, guards: Guards): void {
  http.route({
    method: route.method,
    url: route.path,
    bodyLimit: route.bodyLimit ?? BODY_LIMIT_BYTES,
    // Before the body is read, so that nobody without a right to send one can make the server take it.
    onRequest: (request, _reply, done) => {
      const passed = admit(route, request, guards)
      if (passed === undefined) done()
      return passed
    },
    handler: async (request, reply) => {
      if (route.body === 'stream') takeItsTime(request, reply)
      const result: unknown = await handle(new HandledRequest(route, request, reply))
      if (route.reply === 'stream') return sendStream(route, result, request, reply, guards)
      return reply.sent ? reply : sendResult(route, result, reply)
    },
  })
}

/** What a handler is given; the signal is made when one is asked for. */
class HandledRequest implements RequestOf<RouteDefinition> {
  readonly params: Record<string, never>
  readonly query: Record<string, never>
  readonly body: undefined
  readonly caller: Caller
  readonly http: { readonly request: FastifyRequest; readonly reply: FastifyReply }
  #signal: AbortSignal | undefined

  constructor(route: RouteDefinition, request: FastifyRequest, reply: FastifyReply) {
    const input = readInput(route, request)
    // Each route's schemas have checked what its handler expects.
    this.params = input.params as Record<string, never>
    this.query = input.query as Record<string, never>
    this.body = input.body as undefined
    // Public routes get undefined here; for every other one the hook has found a caller.
    this.caller = request[CALLER] as Caller
    this.http = { request, reply }
  }

  get requestId(): string {
    return this.http.request.id
  }

  get signal(): AbortSignal {
    return (this.#signal ??= signalOf(this.http.reply))
  }
}

function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new LakeletError('client_gone'))
  })
  return controller.signal
}
