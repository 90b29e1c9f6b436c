// The address of an app that runs on this machine without a deployment: what comes there goes to the app as if one person had signed in.
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import { Failure } from '../command/failure.ts'

export interface Visitor {
  readonly userName: string
  readonly displayName: string
  readonly email: string
}

export interface VisitorProxyOptions {
  readonly port: number
  readonly appPort: number
  readonly visitor: Visitor
}

/** Listens on loopback; a Failure where the port is taken. */
export async function startVisitorProxy(options: VisitorProxyOptions): Promise<AsyncDisposable> {
  const { port } = options
  const server = createServer((incoming, reply) => forward(incoming, reply, options))
  const tunnels = new Set<Duplex>()
  server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    tunnels.add(socket)
    socket.once('close', () => tunnels.delete(socket))
    upgrade(incoming, socket, head, options)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new Failure(`Port ${port} cannot be had: ${cause.message}.`, {
          todo: 'Name another one with --port.',
          cause,
        }),
      )
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of tunnels) socket.destroy()
      server.closeAllConnections()
      await closed
    },
  }
}

function forward(incoming: IncomingMessage, reply: ServerResponse, options: VisitorProxyOptions): void {
  const { appPort } = options
  const { method, url } = incoming
  const sent = request({
    host: '127.0.0.1',
    port: appPort,
    ...(method === undefined ? {} : { method }),
    ...(url === undefined ? {} : { path: url }),
    headers: headersFor(incoming, options),
  })
  sent.once('response', (answer) => {
    reply.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    pipeline(answer, reply, () => undefined)
  })
  sent.once('error', () => {
    if (reply.headersSent) reply.destroy()
    else
      reply
        .writeHead(502, { 'content-type': 'text/plain' })
        .end(`The app does not answer on port ${appPort}.\n`)
  })
  reply.once('close', () => sent.destroy())
  pipeline(incoming, sent, () => undefined)
}

/** The handshake is written anew, and the rest passed on. */
function upgrade(
  incoming: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  options: VisitorProxyOptions,
): void {
  const app = connect({ host: '127.0.0.1', port: options.appPort }, () => {
    const headers = headersFor(incoming, options)
    let text = `${incoming.method} ${incoming.url} HTTP/1.1\r\n`
    for (let index = 0; index + 1 < headers.length; index += 2)
      text += `${headers[index]}: ${headers[index + 1]}\r\n`
    app.write(`${text}\r\n`, 'latin1')
    app.write(head)
  })
  pipeline(socket, app, socket, () => {
    app.destroy()
    socket.destroy()
  })
}

/** Nobody claims to be somebody else here either. */
function headersFor(incoming: IncomingMessage, { visitor }: VisitorProxyOptions): string[] {
  const kept: string[] = []
  const raw = incoming.rawHeaders
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    if (!/^(x-forwarded-.*|x-real-ip|x-request-id|forwarded)$/i.test(name))
      kept.push(name, raw[index + 1] ?? '')
  }
  const added = {
    'X-Forwarded-Host': 'localhost',
    'X-Forwarded-Preferred-Username': inLatin1(visitor.displayName, visitor.userName),
    'X-Forwarded-User': visitor.userName,
    'X-Forwarded-Email': visitor.email,
    'X-Real-Ip': incoming.socket.remoteAddress ?? '127.0.0.1',
    'X-Request-Id': randomUUID(),
  }
  return [...kept, ...Object.entries(added).flat()]
}

/** Headers hold no other letters. */
function inLatin1(text: string, otherwise: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what must not be there
  return /^[^\u0000-\u001f\u0100-\uffff]*$/.test(text) ? text : otherwise
}
