import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ProtocolError } from './protocol-error.ts'
import { preparedPassword } from './saslprep.ts'
import {
  buildScramVerifier,
  formatScramVerifier,
  mockScramVerifier,
  parseScramVerifier,
  SCRAM_SHA_256,
  SCRAM_SHA_256_PLUS,
  scramKeys,
  saltedPassword,
} from './scram.ts'
import { ScramClient } from './scram-client.ts'
import { ScramServer } from './scram-server.ts'

const binding = Buffer.alloc(32, 1)

async function exchange(client: ScramClient, server: ScramServer) {
  const serverFirst = server.start(client.mechanism, client.start())
  const outcome = server.finish(await client.respond(serverFirst))
  if (outcome.ok) client.verify(outcome.serverFinal)
  return outcome
}

/** Decoders may refuse bytes, but only with a ProtocolError. */
function refusesOrAccepts(decode: () => unknown): boolean {
  try {
    decode()
    return true
  } catch (error) {
    return error instanceof ProtocolError
  }
}

describe('SCRAM', () => {
  test('the client answers the example of RFC 7677 section 3 but for the name, which Postgres leaves empty', async () => {
    const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64')
    const client = new ScramClient({
      password: 'pencil',
      mechanisms: [SCRAM_SHA_256],
      nonce: 'rOprNGfwEbeRWgbNEkqO',
    })
    const verifier = await buildScramVerifier('pencil', { salt })
    const server = new ScramServer({ verifier, nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0' })
    const serverFirst = server.start(SCRAM_SHA_256, client.start())
    expect(serverFirst.toString()).toBe(
      'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    )
    const outcome = server.finish(await client.respond(serverFirst))
    expect(outcome.ok).toBe(true)
  })

  test('the server accepts the client messages of RFC 7677 and signs as it says', async () => {
    const verifier = await buildScramVerifier('pencil', {
      salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
    })
    const server = new ScramServer({ verifier, nonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0' })
    server.start(SCRAM_SHA_256, Buffer.from('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'))
    const outcome = server.finish(
      Buffer.from(
        'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
      ),
    )
    expect(outcome.ok && outcome.serverFinal.toString()).toBe(
      'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
    )
  })

  test.each([
    ['with channel binding', binding, SCRAM_SHA_256_PLUS],
    ['without', undefined, SCRAM_SHA_256],
  ])('logs in %s and hands on the client key', async (_, channelBinding, mechanism) => {
    const verifier = await buildScramVerifier('geheim', { iterations: 2 })
    const server = new ScramServer({ verifier, channelBinding })
    const client = new ScramClient({ password: 'geheim', mechanisms: server.mechanisms, channelBinding })
    expect(client.mechanism).toBe(mechanism)
    const outcome = await exchange(client, server)
    expect(outcome.ok && outcome.clientKey).toEqual(
      scramKeys(await saltedPassword('geheim', verifier.salt, 2)).clientKey,
    )
  })

  test('a wrong password is an outcome, not an exception', async () => {
    const server = new ScramServer({ verifier: await buildScramVerifier('right', { iterations: 2 }) })
    expect(
      await exchange(new ScramClient({ password: 'wrong', mechanisms: server.mechanisms }), server),
    ).toEqual({ ok: false })
  })

  test('a client that could bind is not talked down', async () => {
    const server = new ScramServer({
      verifier: await buildScramVerifier('p', { iterations: 2 }),
      channelBinding: binding,
    })
    const client = new ScramClient({ password: 'p', mechanisms: [SCRAM_SHA_256], channelBinding: binding })
    expect(() => server.start(client.mechanism, client.start())).toThrow(
      'SCRAM channel binding negotiation error',
    )
    expect(
      () => new ScramClient({ password: 'p', mechanisms: [SCRAM_SHA_256], requireChannelBinding: true }),
    ).toThrow(ProtocolError)
  })

  test('a certificate in between is noticed', async () => {
    const server = new ScramServer({
      verifier: await buildScramVerifier('p', { iterations: 2 }),
      channelBinding: binding,
    })
    const client = new ScramClient({
      password: 'p',
      mechanisms: server.mechanisms,
      channelBinding: Buffer.alloc(32, 2),
    })
    await expect(exchange(client, server)).rejects.toMatchObject({
      sqlState: '28000',
      message: 'SCRAM channel binding check failed',
    })
  })

  test('the client refuses a server that does not know the verifier, and a foreign nonce', async () => {
    const client = new ScramClient({ password: 'p', mechanisms: [SCRAM_SHA_256], nonce: 'abc' })
    await expect(client.respond(Buffer.from('r=xyz,s=AAAA,i=1'))).rejects.toThrow('nonce mismatch')
    await expect(client.respond(Buffer.from('r=abcd,s=AAAA,i=99999999'))).rejects.toThrow('too many')
    await client.respond(Buffer.from('r=abcd,s=AAAA,i=1'))
    expect(() => client.verify(Buffer.from(`v=${Buffer.alloc(32).toString('base64')}`))).toThrow(
      'incorrect server signature',
    )
  })

  test('no message makes the server fail otherwise than with a protocol error', async () => {
    const verifier = await buildScramVerifier('p', { iterations: 2 })
    const almost = fc.oneof(
      fc.string(),
      fc.constantFrom(
        'n,,n=,r=',
        'p=tls-server-end-point,,n=,r=a',
        'y,,n=,r=a',
        'n,a=x,n=,r=a',
        'n,,m=x,n=,r=a',
        'c=biws,r=,p=AAAA',
      ),
    )
    fc.assert(
      fc.property(almost, almost, fc.boolean(), (first, final, binds) => {
        const server = new ScramServer({ verifier, channelBinding: binds ? binding : undefined })
        const attempt = () => {
          server.start(SCRAM_SHA_256, Buffer.from(first))
          server.finish(Buffer.from(final))
        }
        expect(refusesOrAccepts(attempt)).toBe(true)
      }),
    )
  })
})

describe('verifiers', () => {
  test('text and value round-trip', async () => {
    const verifier = await buildScramVerifier('x', { iterations: 3 })
    const text = formatScramVerifier(verifier)
    expect(text).toMatch(/^SCRAM-SHA-256\$3:/)
    expect(parseScramVerifier(text)).toEqual(verifier)
  })

  test.each([
    '',
    'md5d41d8cd98f00b204e9800998ecf8427e',
    'SCRAM-SHA-256$0:AAAA$AAAA:AAAA',
    'SCRAM-SHA-256$4096:AAAA$AAAA:AAAA',
    'secret',
  ])('%j is not a verifier', (text) => {
    expect(parseScramVerifier(text)).toBeUndefined()
  })

  test('a mock verifier has the same salt each time, another per role', () => {
    const secret = Buffer.from('s')
    expect(mockScramVerifier('a', secret).salt).toEqual(mockScramVerifier('a', secret).salt)
    expect(mockScramVerifier('a', secret).salt).not.toEqual(mockScramVerifier('b', secret).salt)
    expect(mockScramVerifier('a', secret)).toMatchObject({ iterations: 4096, salt: { length: 16 } })
  })
})

test.each([
  ['plain', 'plain'],
  ['non-breaking\u00a0space', 'non-breaking space'],
  ['soft\u00adhyphen', 'softhyphen'],
  ['\u2168', 'IX'],
  ['a\u0007b', 'a\u0007b'],
  ['\u0627\u0031', '\u0627\u0031'],
])('SASLprep of %j', (given, prepared) => {
  expect(preparedPassword(given).toString()).toBe(prepared)
})
