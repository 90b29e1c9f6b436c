// A load generator that costs little itself: keep-alive sockets, each with one request at a time, and no parsing beyond
// the length of the reply.
import { connect, type Socket } from 'node:net'

export interface Load {
  readonly requestsPerSecond: number
  /** In milliseconds. */
  readonly p99: number
}

export interface LoadOptions {
  readonly port: number
  /** The whole request, head and body. */
  readonly request: string
  readonly connections: number
  readonly forMs: number
}

/** Sends the request over and over from all connections; throws at the first reply that is not 200. */
export async function load(options: LoadOptions): Promise<Load> {
  const latencies: number[] = []
  const began = performance.now()
  const until = began + options.forMs
  const one = () => repeat(options, until, latencies)
  await Promise.all(Array.from({ length: options.connections }, one))
  const seconds = (performance.now() - began) / 1000
  latencies.sort((a, b) => a - b)
  return {
    requestsPerSecond: latencies.length / seconds,
    p99: latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN,
  }
}

/** The request as it goes over the wire. */
export function requestText(options: {
  readonly method: string
  readonly path: string
  readonly host?: string
  readonly token?: string
  readonly body?: string
}): string {
  const { method, path, host = '127.0.0.1', token, body } = options
  return [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    ...(token === undefined ? [] : [`Authorization: Bearer ${token}`]),
    ...(body === undefined
      ? []
      : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
    '',
    body ?? '',
  ].join('\r\n')
}

async function repeat({ port, request }: LoadOptions, until: number, latencies: number[]): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  try {
    const replies = replyReader(socket)
    while (performance.now() < until) {
      const sent = performance.now()
      socket.write(request)
      await replies.next()
      latencies.push(performance.now() - sent)
    }
  } finally {
    socket.destroy()
  }
}

/** Resolves each time a whole reply has arrived. */
function replyReader(socket: Socket): { next(): Promise<void> } {
  let received = ''
  let waiting: PromiseWithResolvers<void> | undefined
  const look = () => {
    const head = received.indexOf('\r\n\r\n')
    if (head === -1 || !waiting) return
    const length = Number(/content-length: (\d+)/i.exec(received)?.[1])
    if (!received.startsWith('HTTP/1.1 200')) waiting.reject(new Error(received.slice(0, 500)))
    else if (received.length < head + 4 + length) return
    received = received.slice(head + 4 + length)
    waiting.resolve()
  }
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
    look()
  })
  socket.on('error', (error) => waiting?.reject(error))
  return {
    next() {
      waiting = Promise.withResolvers<void>()
      look()
      return waiting.promise
    },
  }
}
