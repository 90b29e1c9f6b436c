// What a network and an overloaded store do: a proxy before an S3 server that breaks requests in the ways that it is told.
import http from 'node:http'
import type { AddressInfo } from 'node:net'

export type Fault =
  /** 503 SlowDown with Retry-After. */
  | 'busy'
  /** The store does what it is asked, and nobody hears of it. */
  | 'lost-answer'
  /** The connection ends when half of what is sent came. */
  | 'cut-upload'
  /** The answer ends in the middle. */
  | 'cut-answer'
  /** The answer comes later. */
  | 'slow'
  /** Nobody is there. */
  | 'down'

export interface FaultProxy extends AsyncDisposable {
  readonly port: number
  /** Asked for each request; undefined lets it through. */
  choose: (request: { readonly method: string; readonly url: string }) => Fault | undefined
  /** How often each fault happened. */
  readonly happened: Map<Fault, number>
}

export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const happened = new Map<Fault, number>()
  const server = http.createServer((request, response) => {
    const { method = '', url = '' } = request
    const fault = proxy.choose({ method, url })
    if (fault) happened.set(fault, (happened.get(fault) ?? 0) + 1)
    if (fault === 'down') {
      request.socket.destroy()
      return
    }
    const chunks: Buffer[] = []
    let bytes = 0
    const half = Number(request.headers['content-length'] ?? 0) / 2
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      chunks.push(chunk)
      if (fault === 'cut-upload' && bytes >= half) request.socket.destroy()
    })
    request.on('error', () => {})
    request.on('end', () => {
      if (fault === 'cut-upload') request.socket.destroy()
      else if (fault === 'busy') {
        response.writeHead(503, { 'retry-after': '1', 'content-type': 'application/xml' })
        response.end(
          '<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>',
        )
      } else void forward(Buffer.concat(chunks), { method, url, fault, request, response })
    })
  })
  const forward = async (
    body: Buffer,
    {
      method,
      url,
      fault,
      request,
      response,
    }: {
      readonly method: string
      readonly url: string
      readonly fault: Fault | undefined
      readonly request: http.IncomingMessage
      readonly response: http.ServerResponse
    },
  ) => {
    const options = { host: '127.0.0.1', port: target, method, path: url, headers: request.headers }
    const onward = http.request(options, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part: Buffer) => parts.push(part))
      answer.on('end', () => {
        if (fault === 'lost-answer') {
          request.socket.destroy()
          return
        }
        const content = Buffer.concat(parts)
        const send = () => {
          response.writeHead(answer.statusCode ?? 502, answer.headers)
          if (fault === 'cut-answer') {
            response.write(content.subarray(0, content.length / 2), () => request.socket.destroy())
          } else response.end(content)
        }
        if (fault === 'slow') setTimeout(send, 300).unref()
        else send()
      })
    })
    onward.on('error', () => request.socket.destroy())
    onward.end(body)
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: FaultProxy = {
    port: (server.address() as AddressInfo).port,
    choose: () => undefined,
    happened,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
