// The API over TLS, for programs that keep only the host name of the workspace's address.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { startHttpServer } from '../../src/control/http/server.ts'
import { loadCertificates } from '../../src/main/certificates.ts'
import { freePort } from '../../src/apps/free-port.ts'

const NAMES = ['127.0.0.1']

it('answers as the plain port does, with the certificate it was given last, and ends its connections at the end', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'lakelet-tls-door-'))
  try {
    const first = await loadCertificates(path.join(directory, 'one'), NAMES, systemClock)
    const port = await freePort('127.0.0.1', 0)
    await using server = await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      tls: { ...first, port },
      workspaceId: '42',
      callers: { authenticate: async () => undefined } as never,
      routes: [],
      log: pino({ level: 'silent' }),
      mount: async (http) => {
        http.get('/hello', (_request, reply) => reply.send({ hello: 'world' }))
      },
    })
    const ask = (caFile: string, headers = {}) => askOverTls(port, caFile, headers)
    expect(await ask(first.caFile)).toEqual({ status: 200, text: '{"hello":"world"}' })
    expect(await ask(first.caFile, { host: 'elsewhere.example' })).toMatchObject({ status: 421 })

    const other = await loadCertificates(path.join(directory, 'two'), NAMES, systemClock)
    server.useCertificate(other)
    expect(await ask(other.caFile)).toMatchObject({ status: 200 })
    await expect(ask(first.caFile)).rejects.toThrow(/certificate/)

    const idle = await dial(port, other.caFile)
    // Its end is not seen by who does not read.
    idle.resume()
    const ended = new Promise((resolve) => idle.once('close', resolve))
    await server[Symbol.asyncDispose]()
    await ended
    await expect(ask(other.caFile)).rejects.toThrow(/ECONNREFUSED/)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

async function askOverTls(port: number, caFile: string, headers: Record<string, string>) {
  const ca = await readFile(caFile)
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const request = get(
      {
        host: '127.0.0.1',
        port,
        path: '/hello',
        ca,
        agent: false,
        headers,
        checkServerIdentity: (_host, certificate) => checkServerIdentity('127.0.0.1', certificate),
      },
      (reply) => {
        let text = ''
        reply.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        reply.once('end', () => {
          resolve({ status: reply.statusCode, text })
        })
      },
    )
    request.on('error', reject)
  })
}

async function dial(port: number, caFile: string): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: await readFile(caFile) })
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  return socket
}
