import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { holdPort } from './listen.ts'

const host = '127.0.0.1'
const other = createServer()
let busy: number

beforeEach(async () => {
  other.listen(0, host)
  await once(other, 'listening')
  busy = (other.address() as { port: number }).port
})

afterEach(async () => {
  other.close()
  await once(other, 'close')
})

it('moves on from a busy default port and says so', async () => {
  await using held = await holdPort({ host, asked: undefined, fallback: busy, flag: '--http-port' })
  expect(held.port).toBeGreaterThan(busy)
  expect(held.movedFrom).toBe(busy)
})

it('takes the default port of another address before another port', async (context) => {
  if (process.platform !== 'linux') context.skip('needs more than one loopback address')
  const request = { host, asked: undefined, fallback: busy, flag: '--postgres-port' }
  await using held = await holdPort({ ...request, otherHosts: ['127.0.0.2'] })
  expect(held).toMatchObject({ host: '127.0.0.2', port: busy, movedFrom: busy })
  await using next = await holdPort({ ...request, otherHosts: ['127.0.0.2', '127.0.0.3'] })
  expect(next).toMatchObject({ host: '127.0.0.3', port: busy })
})

it('refuses a busy port that was asked for, naming it and the flag', async () => {
  await expect(holdPort({ host, asked: busy, fallback: 1, flag: '--http-port' })).rejects.toThrow(
    `Port ${busy} on ${host} is taken by another program. Stop it, or choose another port with --http-port`,
  )
})

it('holds a port until it is released', async () => {
  await using held = await holdPort({ host, asked: 0, fallback: 1, flag: '--x' })
  await expect(holdPort({ host, asked: held.port, fallback: 1, flag: '--x' })).rejects.toMatchObject({
    code: 'port_busy',
  })
  await held.release()
  await using again = await holdPort({ host, asked: held.port, fallback: 1, flag: '--x' })
  expect(again.port).toBe(held.port)
})

it('takes the port of the last start again when any free one will do, unless it is busy', async () => {
  const first = await holdPort({ host, asked: 0, fallback: 1, flag: '--x' })
  await first.release()
  await using again = await holdPort({ host, asked: 0, fallback: 1, flag: '--x', last: first.port })
  expect(again.port).toBe(first.port)
  await using other = await holdPort({ host, asked: 0, fallback: 1, flag: '--x', last: busy })
  expect(other.port).not.toBe(busy)
})

it('says why an address cannot be listened on', async () => {
  await expect(holdPort({ host: '192.0.2.1', asked: 0, fallback: 1, flag: '--host' })).rejects.toMatchObject({
    code: 'port_refused',
  })
})
