// The HTTP server of the workspace: registers the routes of the contract and everything that all of them share.
// Order of a request: Host check → authenticate → parse and limit the body → validate → authorize → handle → validate nothing, send.
import { randomUUID } from 'node:crypto'
import type { RouteDefinition } from '@lakelet/api'
import {
  fastify,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import type { z } from 'zod'
import { LakeletError } from '../../base/errors.ts'
import type { Caller } from '../../base/caller.ts'
import type { Logger } from '../../base/log.ts'
import type { CallerPort } from './caller.ts'
import { sendError, toLakeletError } from './error-reply.ts'
import type { ImplementedRoute } from './implementation.ts'

export interface HttpServerOptions {
  readonly host: string
  readonly port: number
  /** The workspace id, sent with every reply. */
  readonly workspaceId: string
  readonly callers: CallerPort
  readonly routes: readonly ImplementedRoute[]
  readonly log: Logger
  /** Parts that are not routes of the contract: pages, the OAuth server. */
  readonly mount?: (http: FastifyInstance) => Promise<void>
}

export interface HttpServer extends AsyncDisposable {
  readonly port: number
}

/** Listens and serves; disposing stops accepting and lets running requests end. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const http = createHttpServer(options)
  await options.mount?.(http)
  for (const implemented of options.routes) register(http, implemented, options)
  await http.listen({ host: options.host, port: options.port })
  const address = http.server.address()
  if (address === null || typeof address === 'string') throw new Error('the HTTP server has no port')
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      await http.close()
    },
  }
}

function createHttpServer(options: HttpServerOptions): FastifyInstance {
  // Naming the wider type keeps fastify's instance type the plain one.
  const loggerInstance: FastifyBaseLogger = options.log
  const http = fastify({
    loggerInstance,
    disableRequestLogging: true,
    genReqId: () => randomUUID(),
    forceCloseConnections: 'idle',
    requestTimeout: 120_000,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4096 },
  })
  http.removeAllContentTypeParsers()
  http.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => {
    done(null, body)
  })
  http.addHook('onSend', async (request, reply) => {
    reply.header('x-databricks-org-id', options.workspaceId)
    reply.header('x-request-id', request.id)
  })
  http.setErrorHandler((error, request, reply) => {
    sendError(toLakeletError(error, request.id), request, reply)
  })
  http.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? '/'
    sendError(new LakeletError('endpoint_not_found', { method: request.method, path }), request, reply)
  })
  return http
}

function register(
  http: FastifyInstance,
  { route, handle }: ImplementedRoute,
  options: HttpServerOptions,
): void {
  http.route({
    method: route.method,
    url: route.path,
    bodyLimit: route.bodyLimit ?? 1024 * 1024,
    handler: async (request, reply) => {
      const caller = await authenticate(request, options.callers)
      if (!caller && route.permission.kind !== 'public') throw new LakeletError('unauthenticated')
      const input = {
        params: parsePart(route.params, request.params),
        query: parsePart(route.query, request.query),
        body: parseBody(route, request),
      }
      if (caller) await authorize(route, caller, input.params, options.callers)
      const result: unknown = await handle({
        ...(input as { params: Record<string, never>; query: Record<string, never>; body: undefined }),
        // Public routes get undefined here; for every other one the check above has passed.
        caller: caller as Caller,
        requestId: request.id,
        signal: signalOf(reply),
        http: { request, reply },
      })
      return reply.sent ? reply : sendResult(route, result, reply)
    },
  })
}

async function authenticate(request: FastifyRequest, callers: CallerPort): Promise<Caller | undefined> {
  const [scheme, token] = (request.headers.authorization ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'bearer' || !token) return undefined
  return callers.authenticate(token)
}

async function authorize(
  route: RouteDefinition,
  caller: Caller,
  params: unknown,
  callers: CallerPort,
): Promise<void> {
  const { permission } = route
  if (permission.kind === 'admin' && !caller.isAdmin)
    throw new LakeletError('permission_denied', { action: route.summary })
  if (permission.kind !== 'object') return
  const id = (params as Record<string, string>)[permission.param] ?? ''
  const answer = await callers.authorize(caller, { type: permission.type, id }, permission.level)
  if (answer === 'hidden') throw new LakeletError('object_not_found', { type: permission.type, id })
  if (answer === 'denied') throw new LakeletError('permission_denied', { action: route.summary })
}

function parsePart(schema: z.ZodType | undefined, value: unknown): unknown {
  return schema ? parse(schema, value) : {}
}

function parseBody(route: RouteDefinition, request: FastifyRequest): unknown {
  if (route.body === undefined) return undefined
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  if (route.body === 'raw') return bytes
  return parse(route.body, parseJson(bytes))
}

function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) return {}
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'not JSON'
    throw new LakeletError(
      'malformed_request',
      { reason: `The request body is not valid JSON: ${reason}` },
      { cause: error },
    )
  }
}

function parse(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.path.map(String).join('.') ?? ''
  const reason = issue?.message ?? 'invalid value'
  throw new LakeletError('invalid_parameter', {
    reason: field === '' ? reason : `Field '${field}': ${reason}`,
  })
}

function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new LakeletError('client_gone'))
  })
  return controller.signal
}

async function sendResult(
  route: RouteDefinition,
  result: unknown,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (route.reply !== 'raw') return reply.send(result)
  if (!reply.hasHeader('content-type')) reply.type('application/octet-stream')
  return reply.send(result)
}
