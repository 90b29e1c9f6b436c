// A control plane that does what it is told: the few REST calls a connector makes, over HTTP or HTTPS, with faults.
import { createServer as createHttp } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { systemClock } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { CertificateAndKey } from './certificates.ts'
import type { TokenTable } from './token-table.ts'

/** What to do with a request for a credential. */
export type ControlPlaneFault =
  /** Takes the request and never answers. */
  | { kind: 'hang' }
  /** Closes the connection without an answer. */
  | { kind: 'reset' }
  | { kind: 'status'; status: number; body?: string; contentType?: string; retryAfter?: string }
  /** Half of a JSON document. */
  | { kind: 'truncated' }
  /** Answers as usual, but late. */
  | { kind: 'delay'; ms: number }
  /** Answers with this instead of a real token. */
  | { kind: 'token'; token: string }
  /** Answers with a good token and this `expire_time`. */
  | { kind: 'expireTime'; expireTime: string }

export interface ControlPlaneOptions {
  tokens: TokenTable
  user: string
  endpoint: string
  /** The life of a credential, in ms. Default: an hour. */
  ttlMs?: number
  clock?: Clock
  /** What is served at the endpoint's `status.hosts`. */
  hosts?: () => string[]
  /** Serves HTTPS with it. */
  certificate?: CertificateAndKey | undefined
  /** Extra bytes in each token: real ones have well over a kilobyte. */
  tokenPadding?: number
}

export class FakeControlPlane {
  /** Requests for credentials, since the start. */
  credentialCalls = 0
  /** Sign-ins (`client_credentials`). */
  loginCalls = 0
  /** The most credential requests that were under way at once. */
  mostAtOnce = 0
  /** Every Authorization header seen, without its value. */
  readonly schemes: string[] = []
  readonly requests: { method: string; path: string; body: string }[] = []
  ttlMs: number
  /** Added to the Date header and to `expire_time`: a server whose clock is off. */
  skewMs = 0
  /** The client secret and PAT that are accepted. */
  secret = 'test-secret'
  user: string
  readonly #options: ControlPlaneOptions
  readonly #queue: ControlPlaneFault[] = []
  readonly #sockets = new Set<Socket>()
  #always: ControlPlaneFault | undefined
  #server: Server | undefined
  #port = 0
  #underWay = 0

  constructor(options: ControlPlaneOptions) {
    this.#options = options
    this.ttlMs = options.ttlMs ?? 3_600_000
    this.user = options.user
  }

  /** `http(s)://127.0.0.1:PORT`. */
  get origin(): string {
    return `${this.#options.certificate ? 'https' : 'http'}://127.0.0.1:${this.#port}`
  }

  get openSockets(): number {
    return this.#sockets.size
  }

  /** The next requests for a credential get these, in order; the following ones `always`, or a credential. */
  next(...faults: ControlPlaneFault[]): void {
    this.#queue.push(...faults)
  }

  /** Every request for a credential gets this, until told otherwise. */
  always(fault: ControlPlaneFault | undefined): void {
    this.#always = fault
  }

  /** Listens; after `stop` again on the same port. */
  async start(): Promise<void> {
    if (this.#server) return
    const { certificate } = this.#options
    const onRequest = (request: IncomingMessage, response: ServerResponse) =>
      void this.#serve(request, response)
    const server = certificate ? createHttps(certificate, onRequest) : createHttp(onRequest)
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Stops listening: connections are refused. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    for (const socket of this.#sockets) socket.destroy()
    if (server) await new Promise((resolve) => server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    const path = (request.url ?? '').split('?')[0] ?? ''
    this.requests.push({ method: request.method ?? '', path, body })
    const [scheme = ''] = (request.headers.authorization ?? '').split(' ')
    this.schemes.push(scheme)
    response.setHeader('date', new Date(this.#now()).toUTCString())
    if (path === '/api/2.0/postgres/credentials') await this.#credential(request, response)
    else if (path === '/oidc/.well-known/oauth-authorization-server') {
      json(response, 200, {
        token_endpoint: `${this.origin}/oidc/v1/token`,
        authorization_endpoint: `${this.origin}/oidc/v1/authorize`,
      })
    } else if (path === '/oidc/v1/token') this.#login(request, response)
    else if (!this.#isSignedIn(request))
      json(response, 401, {
        error_code: 'UNAUTHENTICATED',
        message: 'Credential was not sent or was of an unsupported type',
      })
    else if (path === '/api/2.0/preview/scim/v2/Me') json(response, 200, { userName: this.user, id: '1' })
    else if (path === `/api/2.0/postgres/${this.#options.endpoint}`) {
      const [host = '127.0.0.1', ...more] = this.#options.hosts?.() ?? ['127.0.0.1']
      const others = Object.fromEntries(more.map((name, index) => [`other_host_${index}`, name]))
      json(response, 200, {
        name: this.#options.endpoint,
        status: { current_state: 'ACTIVE', hosts: { host, ...others } },
      })
    } else json(response, 404, { error_code: 'NOT_FOUND', message: `no such path ${path}` })
  }

  #login(request: IncomingMessage, response: ServerResponse): void {
    this.loginCalls++
    const [, encoded = ''] = (request.headers.authorization ?? '').split(' ')
    const [, secret] = Buffer.from(encoded, 'base64').toString().split(':')
    if (secret === this.secret)
      json(response, 200, { access_token: this.#accessToken(), token_type: 'Bearer', expires_in: 3600 })
    else json(response, 401, { error: 'invalid_client', error_description: 'Client authentication failed' })
  }

  #accessToken(): string {
    return `access-${this.secret}`
  }

  #isSignedIn(request: IncomingMessage): boolean {
    const [, value] = (request.headers.authorization ?? '').split(' ')
    return value === this.secret || value === this.#accessToken()
  }

  async #credential(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.credentialCalls++
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#underWay)
    response.once('close', () => this.#underWay--)
    const fault = this.#queue.shift() ?? this.#always
    if (fault?.kind === 'delay')
      await (this.#options.clock ?? systemClock).sleep(fault.ms, { background: true })
    if (this.#misbehaved(fault, request, response)) return
    if (!this.#isSignedIn(request)) {
      json(response, 401, { error_code: 'UNAUTHENTICATED', message: 'Invalid access token' })
      return
    }
    const { tokens, tokenPadding } = this.#options
    const token = fault?.kind === 'token' ? fault.token : tokens.issue(this.user, this.ttlMs, tokenPadding)
    const expireTime =
      fault?.kind === 'expireTime' ? fault.expireTime : new Date(this.#now() + this.ttlMs).toISOString()
    json(response, 200, { token, expire_time: expireTime })
  }

  /** True when the fault was the whole answer. */
  #misbehaved(
    fault: ControlPlaneFault | undefined,
    request: IncomingMessage,
    response: ServerResponse,
  ): boolean {
    switch (fault?.kind) {
      case 'hang':
        return true
      case 'reset':
        request.socket.destroy()
        return true
      case 'truncated':
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"token":"eyJh')
        return true
      case 'status': {
        const headers: Record<string, string> = { 'content-type': fault.contentType ?? 'application/json' }
        if (fault.retryAfter !== undefined) headers['retry-after'] = fault.retryAfter
        const body =
          fault.body ?? JSON.stringify({ error_code: 'TEST_FAULT', message: `status ${fault.status}` })
        response.writeHead(fault.status, headers).end(body)
        return true
      }
      case 'delay':
      case 'token':
      case 'expireTime':
      case undefined:
        return false
    }
  }

  #now(): number {
    return (this.#options.clock ?? systemClock).now() + this.skewMs
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
