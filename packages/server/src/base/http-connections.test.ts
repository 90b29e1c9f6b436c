import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { boundConnections } from './http-connections.ts'

const open = new Set<Socket>()
let server: Server | undefined

afterEach(async () => {
  for (const socket of open) socket.destroy()
  open.clear()
  server?.closeAllConnections()
  await new Promise((resolve) => server?.close(resolve))
})

async function listen(answer: (finish: () => void) => void): Promise<number> {
  server = createServer((request, reply) => {
    request.resume()
    answer(() => reply.end('answered'))
  })
  boundConnections(server, 3)
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

async function dial(port: number, text = ''): Promise<Socket & { text: string }> {
  const socket = Object.assign(connect(port, '127.0.0.1'), { text: '' })
  socket.on('data', (chunk: Buffer) => (socket.text += chunk.toString()))
  socket.on('error', () => {})
  open.add(socket)
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.write(text)
  return socket
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 5 }).toBe(true)
}

describe('connections that wait for their client', () => {
  test('go in the order of their age when there are too many', async () => {
    const port = await listen((finish) => finish())
    const silent = await dial(port)
    const dribbling = await dial(port, 'GET / HT')
    const uploading = await dial(port, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx')
    const request = await dial(port, 'GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await until(() => request.text.includes('answered'))
    await until(() => silent.closed)
    await dial(port)
    await dial(port)
    await until(() => dribbling.closed)
    await dial(port)
    await until(() => uploading.closed)
    expect(request.text).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('one that offers an upgrade which nobody wants is answered', async () => {
    const port = await listen((finish) => finish())
    const offer = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'
    const asking = await dial(port, `GET / HTTP/1.1\r\nHost: x\r\n${offer}\r\n`)
    await until(() => asking.text.includes('answered'))
    expect(asking.text).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('one that is being answered stays', async () => {
    let finish = () => {}
    const port = await listen((end) => (finish = end))
    const asking = await dial(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => finish.toString() !== (() => {}).toString())
    for (let i = 0; i < 10; i += 1) await dial(port)
    await until(() => [...open].filter((socket) => socket.closed).length === 7)
    expect(asking.closed).toBe(false)
    finish()
    await until(() => asking.text.includes('answered'))
  })
})
