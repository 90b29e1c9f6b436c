// Computes that do not behave as Postgres does: frozen, endless, or something else altogether. The client is told, and nothing is kept.
import { type Server, type ServerOpts, type Socket, createServer } from 'node:net'
import path from 'node:path'
import {
  encodeAuthenticationOk,
  encodeBackendKeyData,
  encodeErrorResponse,
  encodeParameterStatus,
  encodeReadyForQuery,
} from '@lakelet/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, GATEWAYS, startTestWorkspace, type TestWorkspace } from './test-workspace.ts'

/** Codes of protocol 3 (pqcomm.h). */
const CANCEL_REQUEST = 80_877_102
const KEY = encodeBackendKeyData(4711, Buffer.from('abcd'))

describe.each(GATEWAYS)('a gateway $name', ({ workers }) => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one'], workers)
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  /** A server on a unix socket that does to each connection what `behave` says, and a gateway that finds it behind `ep-one`. */
  async function inFrontOf(behave: (socket: Socket) => void, limits = {}, options: ServerOpts = {}) {
    const socketPath = path.join(workspace.home, `hostile-${Math.random().toString(36).slice(2)}.sock`)
    const sockets = new Set<Socket>()
    const server: Server = createServer(options, (socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      // Only who reads sees that the other side is gone.
      socket.resume()
      socket.once('close', () => sockets.delete(socket))
      behave(socket)
    })
    await new Promise<void>((resolve) => server.listen(socketPath, resolve))
    const wake = workspace.wake.bind(workspace)
    workspace.wake = () => Promise.resolve({ unix: socketPath })
    const gateway = await workspace.startGateway(limits)
    return {
      gateway,
      sockets,
      connect: () => workspace.connect({ port: gateway.address.port }),
      async [Symbol.asyncDispose]() {
        await gateway[Symbol.asyncDispose]()
        workspace.wake = wake
        for (const socket of sockets) socket.destroy()
        await new Promise((resolve) => server.close(resolve))
      },
    }
  }

  /** Sends `chunk` as long as the other side takes it. */
  function pour(socket: Socket, chunk: Buffer): void {
    while (socket.write(chunk));
    socket.on('drain', () => {
      while (socket.write(chunk));
    })
  }

  describe('a login at a compute that', () => {
    test.each<[string, (socket: Socket) => void, RegExp]>([
      ['never answers', () => {}, /did not answer within 0.5 s/],
      [
        'sends an error of a gigabyte',
        (socket) => {
          socket.write(Buffer.from([0x45, 0x3f, 0xff, 0xff, 0xff]))
          pour(socket, Buffer.alloc(1 << 20, 'x'))
        },
        /cannot be read/,
      ],
      [
        'sends parameters without end',
        (socket) => {
          socket.write(encodeAuthenticationOk())
          pour(socket, encodeParameterStatus('application_name', 'x'.repeat(1000)))
        },
        /more than 1048576 bytes before it was ready/,
      ],
      ['speaks HTTP', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), /cannot be read/],
      [
        'sends a message that ends too early',
        (socket) => socket.write(Buffer.from([0x52, 0, 0, 0, 4])),
        /cannot be read/,
      ],
    ])('%s is refused with what is wrong', async (_, behave, text) => {
      await using hostile = await inFrontOf(behave, { loginTimeoutMs: 500 })
      await expect(hostile.connect()).rejects.toMatchObject({
        code: '57P03',
        message: expect.stringMatching(text) as string,
      })
      await eventually(async () => (await hostile.gateway.sessions()).length === 0, 'the session is over')
      await eventually(() => hostile.sockets.size === 0, 'its connection is closed')
    })

    test('refuses in its own words reaches the client so', async () => {
      const refusal = encodeErrorResponse({ severity: 'FATAL', code: '28000', message: 'not you' })
      await using hostile = await inFrontOf((socket) => socket.end(refusal))
      await expect(hostile.connect()).rejects.toMatchObject({ code: '28000', message: 'not you' })
    })
  })

  test.each([
    ['idle', false, 0],
    ['with a query on its way', true, 1],
  ])('a client that leaves %s has what runs cancelled, and nothing else', async (_, isBusy, cancels) => {
    let seen = 0
    // A server that is at work does not see that its client is gone.
    const options = { allowHalfOpen: isBusy }
    await using compute = await inFrontOf(
      (socket) => {
        socket.once('data', (packet) => {
          if (packet.readUInt32BE(4) === CANCEL_REQUEST) {
            seen += 1
            socket.end()
          } else socket.write(Buffer.concat([encodeAuthenticationOk(), KEY, encodeReadyForQuery('I')]))
        })
      },
      {},
      options,
    )
    const client = await compute.connect()
    if (isBusy) client.query('select 1').catch(() => undefined)
    const state = isBusy ? 'active' : 'idle'
    await eventually(async () => (await compute.gateway.sessions())[0]?.state === state, `it is ${state}`)
    client.connection.stream.destroy()
    await eventually(async () => (await compute.gateway.sessions()).length === 0, 'the session is over')
    expect(seen).toBe(cancels)
  })

  test('a frozen server holds up neither a client that leaves nor the stop', async () => {
    const cluster = await workspace.start('ep-one')
    const gateway = await workspace.startGateway({ drainMs: 100, loginTimeoutMs: 500 })
    const { port } = gateway.address
    await using client = await workspace.connect({ port })
    const pid = Number((await client.query('select pg_backend_pid() as pid')).rows[0].pid)
    const frozen = [pid, Number(cluster.pid)]
    for (const each of frozen) process.kill(each, 'SIGSTOP')
    try {
      const started = performance.now()
      client.query('select 1').catch(() => undefined)
      await gateway[Symbol.asyncDispose]()
      expect(performance.now() - started).toBeLessThan(20_000)
      expect(await gateway.sessions()).toEqual([])
    } finally {
      for (const each of frozen) process.kill(each, 'SIGCONT')
    }
    expect(await workspace.sql('ep-one', `select 1 as one`)).toEqual([{ one: 1 }])
  })
})
