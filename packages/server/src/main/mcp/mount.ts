// The workspace for agents over HTTP, at `/mcp`: streamable HTTP of the Model Context Protocol, and where its clients learn how to sign in (RFC 9728).
// The server itself is loaded when it is first asked for.
import { Readable } from 'node:stream'
import { createClient } from '@lakelet/api'
import type { HttpHandler } from '@lakelet/mcp'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isLakeletError } from '../../base/errors.ts'
import type { Logger } from '../../base/log.ts'
import type { RequestCallers } from '../../identity/request-caller.ts'
import type { Identity } from '../../identity/start.ts'
import { VERSION } from '../version.ts'

const PATH = '/mcp'
const METADATA = '/.well-known/oauth-protected-resource'
/** `offline_access`: an agent is signed in for longer than an hour. */
const SCOPES = ['all-apis', 'offline_access']

interface McpParts {
  readonly callers: RequestCallers
  /** Base URL of the API. */
  readonly host: string
  readonly log: Logger
}

/** What serves agents of a workspace at `host`. */
export function mcpMountOf({ log }: { readonly log: Logger }, { callers }: Identity, host: string): McpMount {
  return new McpMount({ callers, host, log: log.child({ component: 'mcp' }) })
}

/** Serves agents until it is disposed. */
class McpMount implements AsyncDisposable {
  readonly #parts: McpParts
  #handler: Promise<HttpHandler> | undefined

  constructor(parts: McpParts) {
    this.#parts = parts
  }

  /** Adds the routes. */
  async mount(http: FastifyInstance): Promise<void> {
    for (const place of [METADATA, `${METADATA}${PATH}`])
      http.get(place, (request, reply) => this.#metadata(request, reply))
    http.route({
      method: ['GET', 'POST', 'DELETE'],
      url: PATH,
      bodyLimit: 1024 * 1024,
      // Before the body is read.
      onRequest: (request, reply, done) => {
        if (this.#isRefused(request, reply) === undefined) done()
      },
      handler: (request, reply) => this.#answer(request, reply),
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#handler)?.[Symbol.asyncDispose]()
  }

  #metadata(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    return reply.header('access-control-allow-origin', '*').send(
      Buffer.from(
        JSON.stringify({
          resource: `${addressOf(request)}${PATH}`,
          resource_name: 'Lakelet',
          authorization_servers: [`${this.#parts.host}/oidc`],
          scopes_supported: SCOPES,
          bearer_methods_supported: ['header'],
        }),
      ),
    )
  }

  /** Answers who may not call; undefined for who may. A cookie counts for nothing here: any page could make a browser send it. */
  #isRefused(request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined {
    const bearer = bearerOf(request)
    const challenge = (parameters: string) =>
      `Bearer ${parameters}resource_metadata="${addressOf(request)}${METADATA}${PATH}", scope="${SCOPES.join(' ')}"`
    try {
      const caller = bearer && this.#parts.callers.authenticate(bearer, { path: PATH })
      if (caller) return undefined
    } catch (error) {
      if (!isLakeletError(error)) throw error
      reply.header('www-authenticate', challenge('error="insufficient_scope", '))
      return refuse(reply, 403, 'insufficient_scope', error.message)
    }
    reply.header('www-authenticate', challenge(bearer === undefined ? '' : 'error="invalid_token", '))
    return refuse(reply, 401, 'invalid_token', 'Sign in: this takes a bearer token of the workspace.')
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { createHttpHandler } = await import('@lakelet/mcp')
    const { log } = this.#parts
    this.#handler ??= Promise.resolve(
      createHttpHandler({
        version: VERSION,
        onError: (error) => log.debug({ err: error }, 'a request of an agent failed'),
      }),
    )
    const handler = await this.#handler
    const bearer = bearerOf(request) ?? ''
    const client = createClient({
      host: this.#parts.host,
      token: () => bearer,
      userAgent: `lakelet-mcp/${VERSION}`,
    })
    const gone = new AbortController()
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) gone.abort()
    })
    const answer = await handler.handle(requestOf(request, gone.signal), client, gone.signal)
    reply.code(answer.status)
    for (const [name, value] of answer.headers) reply.header(name, value)
    return reply.send(answer.body ? Readable.fromWeb(answer.body) : undefined)
  }
}

function refuse(reply: FastifyReply, status: number, error: string, description: string): FastifyReply {
  return reply
    .code(status)
    .type('application/json')
    .send(Buffer.from(JSON.stringify({ error, error_description: description })))
}

function bearerOf({ headers: { authorization } }: FastifyRequest): string | undefined {
  return authorization === undefined ? undefined : /^bearer +(\S+)$/i.exec(authorization)?.[1]
}

/** As the client calls the workspace; the name was checked, and is one of this machine. */
function addressOf({ headers: { host = 'localhost' } }: FastifyRequest): string {
  return `http://${host}`
}

function requestOf(request: FastifyRequest, signal: AbortSignal): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (typeof value === 'string' && !CONNECTION.has(name)) headers.set(name, value)
  }
  const { body } = request
  return new Request(`${addressOf(request)}${request.url}`, {
    method: request.method,
    headers,
    signal,
    ...(body instanceof Uint8Array && request.method === 'POST' ? { body: new Uint8Array(body) } : {}),
  })
}

/** Of the connection, and not of the message. */
const CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'content-length', 'upgrade'])
