// Logins whose bytes are wrong in any place, inside TLS: nobody gets in, nothing is woken, nothing is left, and the gateway goes on without a complaint.
import {
  encodeCancelRequest,
  encodePassword,
  encodeQuery,
  encodeSaslInitialResponse,
  encodeSaslResponse,
  encodeSslRequest,
  encodeStartup,
  PROTOCOL_3_2,
} from '@lakelet/wire'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scaled } from '../../../../tests/hostile/duration.ts'
import {
  dial,
  eventually,
  GATEWAYS,
  HOST_DOMAIN,
  startTestWorkspace,
  type TestWorkspace,
  USER,
} from './test-workspace.ts'

const servername = `ep-one.${HOST_DOMAIN}`
const database = 'databricks_postgres'
const first = Buffer.from('n,,n=,r=fyko+d2lbbFgONRv9qkxdawL')
const final = Buffer.from(`c=biws,r=fyko+d2lbbFgONRv9qkxdawL,p=${Buffer.alloc(32).toString('base64')}`)

/** The corpus: what clients say before they are let in, none of it with a password or a token that is right. */
const MESSAGES: readonly Buffer[] = [
  encodeStartup({ user: USER.name, database }),
  encodeStartup({ user: 'native', database, options: '-c work_mem=1MB endpoint=ep-one' }),
  encodeStartup({ user: 'native', database, '_pq_.command_tag': 'on' }, PROTOCOL_3_2),
  encodeStartup({ user: 'nobody', database, replication: 'database' }),
  encodeStartup({ user: 'native', database, options: 'pool=transaction' }),
  encodeSslRequest(),
  encodeCancelRequest(1, Buffer.alloc(4)),
  encodeCancelRequest(-1, Buffer.alloc(256, 7)),
  encodePassword('wrong'),
  encodePassword('eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln'),
  encodeSaslInitialResponse('SCRAM-SHA-256', first),
  encodeSaslInitialResponse('SCRAM-SHA-256-PLUS', Buffer.from('p=tls-server-end-point,,n=,r=abc')),
  encodeSaslResponse(final),
  encodeQuery('select 1'),
]

/** One place of a conversation that is changed. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.nat({ max: 40 }),
  added: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ maxLength: 40 })),
})

const conversation = fc
  .tuple(
    fc.constantFrom(...MESSAGES.slice(0, 5)),
    fc.array(fc.constantFrom(...MESSAGES), { maxLength: 4 }),
    fc.array(change, { maxLength: 3 }),
  )
  .map(([start, rest, changes]) =>
    changes.reduce(
      (bytes, { at, removed, added }) => {
        const from = Math.floor(at * bytes.length)
        return Buffer.concat([bytes.subarray(0, from), added, bytes.subarray(from + removed)])
      },
      Buffer.concat([start, ...rest]),
    ),
  )

describe.each(GATEWAYS)('a gateway $name', ({ workers }) => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one'], workers)
  })
  afterAll(() => workspace[Symbol.asyncDispose]())

  test('is not brought down, and wakes nothing, for any login that is none', async () => {
    await using gateway = await workspace.startGateway({
      handshakeTimeoutMs: 1_000,
      authenticationTimeoutMs: 1_000,
    })
    const { port } = gateway.address
    await workspace.start('ep-one')
    await workspace.sleep('ep-one', true)
    const { wakes } = workspace
    const complaints = () => workspace.log.lines.filter((line) => Number(line['level']) > 40).length
    const before = complaints()
    let told = 0
    await fc.assert(
      fc.asyncProperty(fc.array(conversation, { minLength: 4, maxLength: 12 }), async (conversations) => {
        const answers = conversations.map(async (bytes) => {
          using client = await (await dial(port)).encrypt({ servername })
          client.write(bytes)
          client.socket.end()
          await client.closed()
          return client.text
        })
        for (const answer of await Promise.all(answers)) {
          // AuthenticationOk, whose four bytes are zero.
          expect(answer).not.toContain('R\0\0\0\b\0\0\0\0')
          if (answer !== '') told += 1
        }
        expect(workspace.wakes).toBe(wakes)
      }),
      { numRuns: scaled(15, 1_000) },
    )
    expect(told).toBeGreaterThan(0)
    expect(workspace.endpoint('ep-one').cluster).toBeUndefined()
    await eventually(async () => (await gateway.sessions()).length === 0, 'every session ends')
    expect(complaints()).toBe(before)
    await using client = await workspace.connect({ port })
    expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })
})
