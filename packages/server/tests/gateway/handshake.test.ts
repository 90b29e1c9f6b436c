// What happens before a login: negotiation of encryption, framing of the startup packet, versions, routing.
import { createHash } from 'node:crypto'
import type { TLSSocket } from 'node:tls'
import {
  encodeCancelRequest,
  encodeGssEncRequest,
  encodePassword,
  encodeSslRequest,
  encodeStartup,
  PROTOCOL_3_2,
  type StartupParameter,
} from '@lakelet/wire'
import * as fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { defaultPoolSettings } from '../../src/gateway/pool/settings.ts'
import {
  dial,
  eventually,
  GATEWAYS,
  HOST_DOMAIN,
  startTestWorkspace,
  type TestWorkspace,
  upgrade,
  USER,
} from './test-workspace.ts'

describe.each(GATEWAYS)('a gateway $name', ({ workers }) => {
  let workspace: TestWorkspace
  let port: number

  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one', 'ep-two'], workers)
    // A backend of a pool outlives its clients for as long.
    await workspace.restartGateway({ pool: { ...defaultPoolSettings, idleMs: 50 } })
    port = workspace.gateway.address.port
  })
  afterAll(() => workspace[Symbol.asyncDispose]())
  afterEach(async () => {
    await eventually(async () => (await workspace.gateway.sessions()).length === 0, 'every session ends')
    await eventually(() => workspace.sessions.size === 0, 'every backend is released')
  })

  const servername = `ep-one.${HOST_DOMAIN}`
  const startup = { user: USER.name, database: 'databricks_postgres' }

  async function encrypted(options: { servername?: string } = { servername }) {
    return (await dial(port)).encrypt(options)
  }

  describe('encryption', () => {
    test('a plaintext login is refused with the words of the real service', async () => {
      using client = await dial(port)
      client.write(encodeStartup(startup))
      const error = await client.until('errorResponse')
      expect(error?.fields).toEqual({
        severity: 'FATAL',
        severityCode: 'FATAL',
        code: '28000',
        message: 'connection is insecure (try using `sslmode=require`)',
      })
      await client.closed()
    })

    test('GSS is declined, then TLS may be asked for', async () => {
      using client = await dial(port)
      client.write(encodeGssEncRequest())
      expect(await client.byte()).toBe('N')
      using secure = await client.encrypt({ servername })
      expect(await secure.logIn(startup, await workspace.token(USER.name))).toMatchObject({
        type: 'readyForQuery',
      })
    })

    test('GSS is declined once only', async () => {
      using client = await dial(port)
      client.write(encodeGssEncRequest())
      expect(await client.byte()).toBe('N')
      client.write(encodeGssEncRequest())
      expect((await client.until('errorResponse'))?.fields).toMatchObject({
        code: '0A000',
        message: 'unsupported frontend protocol 1234.5680: server supports 3.0 to 3.0',
      })
    })

    test('TLS inside TLS is refused', async () => {
      using secure = await encrypted()
      secure.write(encodeSslRequest())
      expect((await secure.until('errorResponse'))?.fields).toMatchObject({
        code: '0A000',
        message: 'unsupported frontend protocol 1234.5679: server supports 3.0 to 3.0',
      })
      await secure.closed()
    })

    test.each([
      ['SSLRequest', encodeSslRequest(), 'received unencrypted data after SSL request'],
      ['GSSENCRequest', encodeGssEncRequest(), 'received unencrypted data after GSSAPI encryption request'],
    ])('plain bytes behind %s end the connection', async (_, request, message) => {
      using client = await dial(port)
      client.write(request, encodeStartup(startup))
      expect((await client.until('errorResponse'))?.fields).toMatchObject({
        severity: 'FATAL',
        code: '08P01',
        message,
      })
      await client.closed()
    })

    test('direct TLS with the right ALPN logs in', async () => {
      using secure = await upgrade({ host: '127.0.0.1', port, servername, ALPNProtocols: ['postgresql'] })
      expect(await secure.logIn(startup, await workspace.token(USER.name))).toMatchObject({
        type: 'readyForQuery',
      })
    })

    test('direct TLS without ALPN is closed', async () => {
      using secure = await upgrade({ host: '127.0.0.1', port, servername })
      secure.write(encodeStartup(startup))
      await secure.closed()
      expect(secure.text).toBe('')
    })

    test('another ALPN is refused in the TLS handshake', async () => {
      await expect(
        upgrade({ host: '127.0.0.1', port, servername, ALPNProtocols: ['http/1.1'] }),
      ).rejects.toThrow(/no application protocol/i)
    })

    test('TLS 1.1 is refused, 1.2 and 1.3 are taken', async () => {
      const speak = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
        upgrade({
          host: '127.0.0.1',
          port,
          ALPNProtocols: ['postgresql'],
          minVersion: version,
          maxVersion: version,
          ciphers: 'ALL:@SECLEVEL=0',
        })
      await expect(speak('TLSv1.1')).rejects.toThrow(/version|unsupported|alert/i)
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        using client = await speak(version)
        expect((client.socket as TLSSocket).getProtocol()).toBe(version)
      }
    })

    test('a refused login ends with close_notify, so that the client reads the reason and a clean end', async () => {
      using secure = await encrypted()
      let endedCleanly = false
      secure.socket.on('end', () => (endedCleanly = true))
      secure.write(encodeStartup({ database: 'x' }))
      expect((await secure.until('errorResponse'))?.fields.message).toBe(
        'no PostgreSQL user name specified in startup packet',
      )
      await secure.closed()
      expect(endedCleanly).toBe(true)
      expect(secure.error).toBeUndefined()
    })
  })

  describe('framing', () => {
    test('a login split into single bytes works', async () => {
      using secure = await encrypted()
      const drip = async (bytes: Buffer) => {
        for (const byte of bytes) {
          secure.socket.write(Buffer.of(byte))
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      await drip(encodeStartup(startup))
      await secure.until('authenticationCleartextPassword')
      await drip(encodePassword(await workspace.token(USER.name)))
      expect(await secure.until('readyForQuery')).toBeDefined()
    })

    test('an SSLRequest split into single bytes works', async () => {
      using client = await dial(port)
      for (const byte of encodeSslRequest()) {
        client.socket.write(Buffer.of(byte))
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      expect(await client.byte()).toBe('S')
    })

    test('startup and password in one piece work', async () => {
      using secure = await encrypted()
      secure.write(encodeStartup(startup), encodePassword(await workspace.token(USER.name)))
      expect(await secure.until('readyForQuery')).toBeDefined()
    })

    test.each([
      ['length 0', Buffer.from([0, 0, 0, 0])],
      ['length 7', Buffer.from([0, 0, 0, 7, 0, 3, 0])],
      ['length over 10,000', Buffer.from([0, 0, 0x27, 0x15, 0, 3, 0, 0])],
      ['negative length', Buffer.from([0x80, 0, 0, 8, 0, 3, 0, 0])],
      ['length 0xffffffff', Buffer.from([0xff, 0xff, 0xff, 0xff])],
      ['a TLS alert', Buffer.from([0x15, 3, 1, 0, 2, 2, 40])],
      ['a PROXY v2 header', Buffer.from('0d0a0d0a000d0a515549540a2111000c', 'hex')],
      ['broken TLS', Buffer.from('160301000501000000ff', 'hex')],
    ])('%s closes the connection without noise', async (_, bytes) => {
      const linesBefore = workspace.log.lines.filter((line) => Number(line['level']) > 20).length
      using client = await dial(port)
      client.write(bytes)
      await client.closed()
      // TLS has alerts of its own; nothing else may be said.
      expect(client.text === '' || client.text.startsWith('\u0015\u0003')).toBe(true)
      expect(workspace.log.lines.filter((line) => Number(line['level']) > 20).length).toBe(linesBefore)
    })

    test('no bytes bring the gateway down or make it complain', async () => {
      const before = workspace.log.lines.filter((line) => Number(line['level']) > 30).length
      const requests = [Buffer.alloc(0), encodeSslRequest(), encodeGssEncRequest(), encodeStartup(startup)]
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...requests),
          fc.uint8Array({ maxLength: 200 }),
          async (start, bytes) => {
            using client = await dial(port)
            client.write(start, bytes)
            client.socket.end()
            await client.closed()
          },
        ),
        { numRuns: 150 },
      )
      using secure = await encrypted()
      expect(await secure.logIn(startup, await workspace.token(USER.name))).toMatchObject({
        type: 'readyForQuery',
      })
      expect(workspace.log.lines.filter((line) => Number(line['level']) > 30).length).toBe(before)
    })

    test('a port scan is no noise', async () => {
      const before = workspace.log.lines.filter((line) => Number(line['level']) > 20).length
      for (let i = 0; i < 20; i++) (await dial(port)).socket.destroy()
      await eventually(async () => (await workspace.gateway.sessions()).length === 0, 'scans are forgotten')
      expect(workspace.log.lines.filter((line) => Number(line['level']) > 20).length).toBe(before)
    })

    test.each([
      ['without a terminator', 'user\0ada\0'],
      ['with bytes behind the terminator', 'user\0ada\0\0x'],
    ])('a startup packet %s is refused as Postgres does', async (_, rest) => {
      using secure = await encrypted()
      const body = Buffer.concat([Buffer.from([0, 3, 0, 0]), Buffer.from(rest)])
      const length = Buffer.alloc(4)
      length.writeInt32BE(body.length + 4)
      secure.write(length, body)
      expect((await secure.until('errorResponse'))?.fields).toMatchObject({
        code: '08P01',
        message: 'invalid startup packet layout: expected terminator as last byte',
      })
    })

    test('a silent client is closed at the deadline, before TLS, within it and after it', async () => {
      await using gateway = await workspace.startGateway({ handshakeTimeoutMs: 300 })
      using silent = await dial(gateway.address.port)
      using halfway = await dial(gateway.address.port)
      halfway.write(encodeSslRequest())
      using slow = await upgrade({
        host: '127.0.0.1',
        port: gateway.address.port,
        ALPNProtocols: ['postgresql'],
      })
      slow.write(encodeStartup(startup).subarray(0, 9))
      await Promise.all([silent.closed(), halfway.closed(), slow.closed()])
      await eventually(
        async () => (await gateway.sessions()).length === 0,
        'nothing is left of silent clients',
      )
      expect(silent.text + slow.text).toBe('')
    })

    test('a client that never answers the challenge is told and closed', async () => {
      await using gateway = await workspace.startGateway({ authenticationTimeoutMs: 200 })
      using client = await (await dial(gateway.address.port)).encrypt({ servername })
      client.write(encodeStartup(startup))
      expect((await client.until('errorResponse'))?.fields).toMatchObject({
        code: '57014',
        message: 'canceling authentication due to timeout',
      })
      await client.closed()
    })
  })

  describe('versions', () => {
    test('2.0 is refused', async () => {
      using secure = await encrypted()
      secure.write(encodeStartup(startup, 0x0002_0000))
      expect((await secure.until('errorResponse'))?.fields).toMatchObject({
        code: '0A000',
        message: 'unsupported frontend protocol 2.0: server supports 3.0 to 3.0',
      })
    })

    test.each([
      ['3.2', PROTOCOL_3_2, startup, []],
      ['3.9999', 0x0003_270f, startup, []],
      ['3.0 with a protocol option', 0x0003_0000, { ...startup, '_pq_.fancy': 'on' }, ['_pq_.fancy']],
    ])('%s is negotiated down to 3.0 and logs in', async (_, version, parameters, unknownOptions) => {
      using secure = await encrypted()
      secure.write(encodeStartup(parameters, version))
      expect(await secure.until('negotiateProtocolVersion')).toMatchObject({
        version: 0x0003_0000,
        unknownOptions,
      })
      await secure.until('authenticationCleartextPassword')
      secure.write(encodePassword(await workspace.token(USER.name)))
      const key = await secure.until('backendKeyData')
      expect(key?.secret.length).toBe(4)
      expect(await secure.until('readyForQuery')).toBeDefined()
      expect(secure.messages.filter((message) => message.type === 'negotiateProtocolVersion')).toHaveLength(1)
    })
  })

  describe('routing', () => {
    const portOf = async (options: Parameters<TestWorkspace['connect']>[0]) => {
      await using client = await workspace.connect(options)
      const { rows } = await client.query<{ directory: string }>(
        `select setting as directory from pg_settings where name = 'cluster_name'`,
      )
      const pid = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      return { rows, pid: pid.rows[0]?.pid, at: (await workspace.gateway.sessions())[0]?.endpoint?.name }
    }

    test.each([
      ['the SNI name', 'ep-two'],
      ['the SNI name of the pooler', 'ep-two-pooler'],
      ['an upper-case SNI name', 'EP-TWO'],
    ])('by %s', async (_, endpoint) => {
      expect((await portOf({ endpoint })).at).toContain('ep-two')
    })

    test('by the option, whatever the host name of the user is', async () => {
      expect((await portOf({ endpoint: 'my-database', options: 'endpoint=ep-two' })).at).toContain('ep-two')
    })

    test('by the endpoint the token names', async () => {
      const password = await workspace.token(USER.name, { endpoint: 'ep-two' })
      expect((await portOf({ endpoint: 'localhost', password })).at).toContain('ep-two')
    })

    test('without SNI the option decides', async () => {
      using secure = await encrypted({})
      const ready = await secure.logIn(
        { ...startup, options: 'endpoint=ep-one' },
        await workspace.token(USER.name),
      )
      expect(ready).toMatchObject({ type: 'readyForQuery' })
    })

    test.each([
      [
        'an SNI name nobody has',
        { endpoint: 'ep-none' },
        '3D000',
        'Control plane request failed: endpoint cannot be found',
      ],
      [
        'an option nobody has',
        { endpoint: 'x', options: 'endpoint=ep-none' },
        '3D000',
        'endpoint cannot be found',
      ],
      [
        'nothing, among several endpoints, as a role with a password',
        { endpoint: 'localhost', user: 'native', password: 'secret' },
        '08P01',
        'Endpoint ID is not specified',
      ],
      [
        'a junk token on the shared address',
        { endpoint: 'localhost', password: 'junk' },
        '28P01',
        'not a valid JWT',
      ],
      [
        'a personal access token on the shared address',
        { endpoint: 'localhost', password: 'dapi0123456789abcdef0123456789abcdef' },
        '28P01',
        'not a valid JWT',
      ],
      [
        'an option that contradicts SNI',
        { endpoint: 'ep-one', options: 'endpoint=ep-two' },
        '08P01',
        "('ep-one') and endpoint option ('ep-two')",
      ],
      [
        'two options',
        { endpoint: 'x', options: 'endpoint=ep-one endpoint=ep-two' },
        '08P01',
        'more than one endpoint',
      ],
    ])('%s is an error that says so', async (_, options, code, message) => {
      await expect(workspace.connect(options)).rejects.toMatchObject({
        code,
        message: expect.stringContaining(message) as string,
      })
    })

    test('only our word leaves options; the rest stays as it was, escapes included', async () => {
      await using client = await workspace.connect({
        endpoint: 'x',
        options: '-c search_path="a\\ b",public endpoint=ep-one -c work_mem=5MB',
      })
      const { rows } = await client.query(
        `select current_setting('search_path') as path, current_setting('work_mem') as mem`,
      )
      expect(rows).toEqual([{ path: '"a b",public', mem: '5MB' }])
    })

    test('startup parameters reach the server byte for byte, in order, repeated ones too', async () => {
      using secure = await encrypted()
      const parameter = (name: string, value: string | Buffer): StartupParameter => ({
        name: Buffer.from(name),
        value: Buffer.from(value),
      })
      const ready = await secure.logIn(
        [
          parameter('user', USER.name),
          parameter('database', 'databricks_postgres'),
          parameter('client_encoding', 'LATIN1'),
          parameter('application_name', 'first'),
          parameter('application_name', 'second'),
          parameter('DateStyle', 'German'),
          parameter('lakelet.note', Buffer.from([0xe9, 0x41])),
        ],
        await workspace.token(USER.name),
      )
      expect(ready).toMatchObject({ type: 'readyForQuery' })
      secure.query(
        `select current_setting('application_name'), current_setting('DateStyle'), md5(current_setting('lakelet.note')), current_setting('client_encoding')`,
      )
      const row = await secure.until('dataRow')
      expect(row?.values.map(String)).toEqual([
        'second',
        'German, DMY',
        createHash('md5')
          .update(Buffer.from([0xe9, 0x41]))
          .digest('hex'),
        'LATIN1',
      ])
    })

    test('no database given means a database named like the user, as in Postgres', async () => {
      using secure = await encrypted()
      secure.write(encodeStartup({ user: USER.name }))
      await secure.until('authenticationCleartextPassword')
      secure.write(encodePassword(await workspace.token(USER.name)))
      expect((await secure.until('errorResponse'))?.fields).toMatchObject({
        code: '3D000',
        message: `database "${USER.name}" does not exist`,
        routine: 'InitPostgres',
      })
    })
  })

  test('a cancel request before and after TLS is taken without an answer', async () => {
    using plain = await dial(port)
    plain.write(encodeCancelRequest(123, Buffer.alloc(4)))
    await plain.closed()
    using secure = await encrypted()
    secure.write(encodeCancelRequest(123, Buffer.alloc(256)))
    await secure.closed()
    expect(plain.text.length + secure.text.length).toBe(0)
  })
})
