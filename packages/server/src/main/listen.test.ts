import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { choosePort } from './listen.ts'

const host = '127.0.0.1'
const holder = createServer()
let busy: number

beforeEach(async () => {
  holder.listen(0, host)
  await once(holder, 'listening')
  busy = (holder.address() as { port: number }).port
})

afterEach(async () => {
  holder.close()
  await once(holder, 'close')
})

it('moves on from a busy default port and says so', async () => {
  const chosen = await choosePort({ host, asked: undefined, fallback: busy, flag: '--http-port' })
  expect(chosen.port).toBeGreaterThan(busy)
  expect(chosen.movedFrom).toBe(busy)
})

it('refuses a busy port that was asked for, naming it and the flag', async () => {
  await expect(choosePort({ host, asked: busy, fallback: 1, flag: '--http-port' })).rejects.toThrow(
    `Port ${busy} on ${host} is taken by another program. Stop it, or choose another port with --http-port`,
  )
})

it('leaves out ports promised to others', async () => {
  const first = await choosePort({ host, asked: undefined, fallback: busy, flag: '--x' })
  const second = await choosePort({
    host,
    asked: undefined,
    fallback: busy,
    flag: '--x',
    taken: [first.port],
  })
  expect(second.port).toBeGreaterThan(first.port)
})

it('says why an address cannot be listened on', async () => {
  await expect(
    choosePort({ host: '192.0.2.1', asked: 0, fallback: 1, flag: '--host' }),
  ).rejects.toMatchObject({
    code: 'port_refused',
  })
})
