// WebSockets (RFC 6455) to an app. After the handshake the proxy passes bytes and checks nothing more, so the handshake itself is
// checked on both sides: a tunnel that only one of them believes in would carry requests that nobody has looked at.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { LakeletError } from '../base/errors.ts'
import { type AnswerLimits, answerOf, openRequest, type RequestPlan } from './forward-request.ts'
import { headersToVisitor } from './forwarded-headers.ts'
import { hasBody } from './framing.ts'
import type { ListeningSocket } from './process-table.ts'

/** RFC 6455 §1.3: what is hashed together with the key. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'

/** Whether a request is a WebSocket handshake (RFC 6455 §4.2.1); any other request to upgrade is served as if it had not asked. */
export function isWebSocketHandshake(request: IncomingMessage): boolean {
  const { headers, method, httpVersion } = request
  return (
    method === 'GET' &&
    httpVersion === '1.1' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    keyOf(request) !== undefined
  )
}

/** Passes the handshake on and joins both sides when the app agrees; an app that answers instead has its answer shown. */
export async function forwardWebSocket(
  options: AnswerLimits & {
    readonly request: IncomingMessage
    readonly socket: Duplex
    /** What came after the head of the handshake. */
    readonly head: Buffer
    readonly plan: RequestPlan
    readonly upstream: ListeningSocket
  },
): Promise<void> {
  const { request, socket, head, plan } = options
  if (hasBody(plan.framing))
    throw new LakeletError('malformed_request', { reason: 'A WebSocket handshake cannot have a body.' })
  const toApp = openRequest(options.upstream, plan, ['Connection', 'Upgrade', 'Upgrade', 'websocket'])
  let switched:
    | { readonly response: IncomingMessage; readonly socket: Socket; readonly head: Buffer }
    | undefined
  toApp.once('upgrade', (response, appSocket: Socket, appHead: Buffer) => {
    switched = { response, socket: appSocket, head: appHead }
  })
  socket.once('close', () => toApp.destroy())
  const answer = answerOf(toApp, options, true)
  toApp.end()
  const response = await answer
  if (response) {
    const refused = [...headersToVisitor(response.rawHeaders), 'Connection', 'close']
    socket.write(headOf(response, refused), 'latin1')
    pipeline(response, socket, () => socket.destroy())
    return
  }
  if (!switched || !agrees(switched.response, keyOf(request))) {
    switched?.socket.destroy()
    throw new LakeletError('app_broken_answer', { name: options.name })
  }
  join(socket, head, switched)
}

function join(
  socket: Duplex,
  head: Buffer,
  app: { readonly response: IncomingMessage; readonly socket: Socket; readonly head: Buffer },
): void {
  const headers = [
    ...headersToVisitor(app.response.rawHeaders),
    'Connection',
    'Upgrade',
    'Upgrade',
    'websocket',
  ]
  socket.write(headOf(app.response, headers), 'latin1')
  if (app.head.length > 0) socket.write(app.head)
  if (head.length > 0) app.socket.write(head)
  pipeline(socket, app.socket, socket, () => {
    app.socket.destroy()
    socket.destroy()
  })
}

/** RFC 6455 §4.1: an app that speaks WebSocket answers with the hash of the visitor's key. */
function agrees(response: IncomingMessage, key: string | undefined): boolean {
  const expected = createHash('sha1').update(`${key}${KEY_SUFFIX}`).digest('base64')
  return (
    response.headers.upgrade?.toLowerCase() === 'websocket' &&
    response.headers['sec-websocket-accept'] === expected
  )
}

function keyOf(request: IncomingMessage): string | undefined {
  const key = request.headers['sec-websocket-key']
  return typeof key === 'string' && /^[\w+/]{22}==$/.test(key) ? key : undefined
}

function headOf(response: IncomingMessage, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\n`
  for (let index = 0; index + 1 < headers.length; index += 2)
    head += `${headers[index]}: ${headers[index + 1]}\r\n`
  return `${head}\r\n`
}
