import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import tls from 'node:tls'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { ManualClock } from '../../tests/manual-clock.ts'
import { loadCertificates } from './certificates.ts'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'lakelet-certificates-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true })
})

const clockNow = () => new ManualClock(new Date())

it('makes a certificate that a verifying TLS client accepts for each of its names', async () => {
  const made = await loadCertificates(
    directory,
    ['localhost', '127.0.0.1', '*.database.local.test'],
    clockNow(),
  )
  const server = tls.createServer({ cert: made.certificate, key: made.key }, (socket) => socket.end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  for (const servername of ['localhost', 'ep-a.database.local.test']) {
    const ca = await readFile(made.caFile)
    const authorized = await new Promise((resolve, reject) => {
      const socket = tls.connect({ host: '127.0.0.1', port, servername, ca }, () => {
        resolve(socket.authorized)
        socket.destroy()
      })
      socket.on('error', reject)
    })
    expect(authorized).toBe(true)
  }
  await new Promise((resolve) => server.close(resolve))
})

it('keeps what it made, and renews the server certificate before it ends under the same authority', async () => {
  const clock = clockNow()
  const names = ['localhost', '127.0.0.1', '::1', '*.database.local.localhost']
  const first = await loadCertificates(directory, names, clock)
  const again = await loadCertificates(directory, names, clock)
  expect(again).toEqual(first)
  await clock.advance(390 * 86_400_000)
  const renewed = await loadCertificates(directory, names, clock)
  expect(renewed.certificate).not.toBe(first.certificate)
  const ca = new X509Certificate(await readFile(renewed.caFile))
  expect(new X509Certificate(renewed.certificate).verify(ca.publicKey)).toBe(true)
})

it('makes a new server certificate when a name is added', async () => {
  const clock = clockNow()
  await loadCertificates(directory, ['localhost'], clock)
  const wider = await loadCertificates(directory, ['localhost', '192.0.2.7'], clock)
  expect(new X509Certificate(wider.certificate).subjectAltName).toBe('DNS:localhost, IP Address:192.0.2.7')
})
