import { createServer } from 'node:net'
import { describe, expect, it } from 'vitest'
import {
  hasProcessTable,
  listeningSockets,
  ownerOfPort,
  parseListener,
  startTimeOf,
} from './process-table.ts'

describe('parseListener', () => {
  const rest = '00000000:00000000 00:00000000 00000000     0        0'
  it.each([
    ['0100007F:1F90', '127.0.0.1', 8080],
    ['00000000:1F40', '127.0.0.1', 8000],
    ['00000000000000000000000001000000:1F90', '::1', 8080],
    ['00000000000000000000000000000000:0050', '127.0.0.1', 80],
    ['0200A8C0:0050', '192.168.0.2', 80],
  ])('reads %s', (address, host, port) => {
    expect(parseListener(`   0: ${address} 00000000:0000 0A ${rest} 123456 1 x`)).toEqual([
      { host, port, inode: '123456' },
    ])
  })

  it('leaves connections and broken lines out', () => {
    expect(parseListener(`   0: 0100007F:1F90 0100007F:9999 01 ${rest} 123456 1 x`)).toEqual([])
    expect(parseListener('')).toEqual([])
    expect(parseListener('   7: garbage')).toEqual([])
  })
})

describe.runIf(hasProcessTable)('the process table of this system', () => {
  it('finds a socket of this process and its owner', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address ? address.port : 0
    expect(await listeningSockets([process.pid])).toContainEqual(
      expect.objectContaining({ host: '127.0.0.1', port }),
    )
    expect(await ownerOfPort(port)).toMatchObject({ pid: process.pid })
    await new Promise((resolve) => server.close(resolve))
    expect(await ownerOfPort(port)).toBeUndefined()
  })

  it('knows when a process started, and that one does not exist', async () => {
    expect(await startTimeOf(process.pid)).toMatch(/^\d+$/)
    expect(await startTimeOf(2 ** 22 + 1)).toBeUndefined()
  })
})
