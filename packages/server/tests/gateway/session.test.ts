// What goes on after a login: bytes both ways, cancelling, leaving, limits, stopping.
import { createHash } from 'node:crypto'
import { connect as connectUnix, createServer } from 'node:net'
import {
  encodeBind,
  encodeCancelRequest,
  encodeCopyData,
  encodeCopyDone,
  encodeExecute,
  encodeParse,
  encodePassword,
  encodeQuery,
  encodeStartup,
  encodeSync,
  encodeSslRequest,
  encodeTerminate,
} from '@lakelet/wire'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ManualClock } from '../manual-clock.ts'
import { connectPostgresJs } from './postgres-js.ts'
import {
  dial,
  eventually,
  GATEWAYS,
  HOST_DOMAIN,
  type RawClient,
  startTestWorkspace,
  type TestWorkspace,
  USER,
} from './test-workspace.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

const servername = `ep-one.${HOST_DOMAIN}`
const startup = { user: USER.name, database: 'databricks_postgres' }

describe.each(GATEWAYS)('a gateway $name', ({ workers }) => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one', 'ep-two'], workers)
  })
  afterAll(() => workspace[Symbol.asyncDispose]())
  afterEach(async () => {
    await eventually(async () => (await workspace.gateway.sessions()).length === 0, 'every session ends')
    expect(workspace.sessions.size).toBe(0)
    // Postgres may still recover from what a test did to it.
    await eventually(async () => (await backends().catch(() => -1)) === 0, 'no backend is left')
  })

  /** Client backends of both computes, our own admin connections left out. */
  async function backends(): Promise<number> {
    const query = `select count(*)::int as n from pg_stat_activity where backend_type = 'client backend' and application_name not like 'lakelet\\_%'`
    const counts = await Promise.all([...workspace.endpoints.keys()].map((id) => workspace.sql(id, query)))
    return counts.reduce((sum, rows) => sum + Number(rows[0]?.['n']), 0)
  }

  async function logIn(
    parameters: Record<string, string> = {},
    port = workspace.gateway.address.port,
  ): Promise<RawClient & { key: { processId: number; secret: Buffer } }> {
    const client = await (await dial(port)).encrypt({ servername })
    client.write(encodeStartup({ ...startup, ...parameters }))
    await client.until('authenticationCleartextPassword')
    client.write(encodePassword(await workspace.token(USER.name)))
    const key = await client.until('backendKeyData')
    await client.until('readyForQuery')
    if (!key) throw new Error('no key')
    return Object.assign(client, { key: { processId: key.processId, secret: key.secret } })
  }

  async function isRunning(pid: number): Promise<boolean> {
    const rows = await workspace.sql(
      'ep-one',
      `select 1 from pg_stat_activity where pid = ${pid} and state = 'active'`,
    )
    return rows.length > 0
  }

  describe('the session is that of Postgres', () => {
    test('greeting, byte for byte but for the secret', async () => {
      using throughGateway = await logIn()
      const cluster = await workspace.start('ep-one')
      const direct = await new Promise<Buffer>((resolve, reject) => {
        const socket = connectUnix({ path: cluster.socketPath })
        const chunks: Buffer[] = []
        socket.on('error', reject)
        socket.on('data', (chunk: Buffer) => {
          chunks.push(chunk)
          if (Buffer.concat(chunks).includes(Buffer.from('Z\0\0\0\x05I', 'latin1'))) {
            socket.destroy()
            resolve(Buffer.concat(chunks))
          }
        })
        socket.write(encodeStartup(startup))
      })
      const keyData = new RegExp(`K${'\\0'.repeat(3)}\\x0c[^]{8}`)
      const withoutKey = (bytes: Buffer) => bytes.toString('latin1').replace(keyData, 'K')
      const challenge = 'R\0\0\0\x08\0\0\0\x03'
      expect(withoutKey(Buffer.concat(throughGateway.received))).toBe(challenge + withoutKey(direct))
    })

    test('errors keep every field', async () => {
      await using client = await workspace.connect()
      await client.query(
        'create table if not exists public.fruit (name text constraint has_name check (name <> $$$$))',
      )
      await expect(client.query(`insert into public.fruit values ('')`)).rejects.toMatchObject({
        code: '23514',
        severity: 'ERROR',
        schema: 'public',
        table: 'fruit',
        constraint: 'has_name',
        routine: 'ExecConstraints',
        detail: expect.stringContaining('Failing row') as string,
      })
    })

    test('notices and parameter changes arrive', async () => {
      await using client = await workspace.connect()
      const notices: (string | undefined)[] = []
      client.on('notice', (notice) => notices.push(notice.message))
      await client.query(`do $$ begin raise notice 'hello'; end $$`)
      expect(notices).toEqual(['hello'])
      using raw = await logIn()
      raw.query(`set timezone to 'Asia/Tokyo'`)
      expect(await raw.until('parameterStatus')).toMatchObject({ name: 'TimeZone', value: 'Asia/Tokyo' })
    })

    test('a pipeline of a thousand statements, an error in the middle', async () => {
      using client = await logIn()
      const one = (text: string) =>
        Buffer.concat([encodeParse('', text), encodeBind('', ''), encodeExecute('')])
      for (let i = 0; i < 1000; i++) client.write(one(i === 500 ? 'select 1/0' : `select ${i}`), encodeSync())
      client.write(one('select 4711'), encodeSync())
      let ready = 0
      let failed = 0
      while (ready < 1001) {
        try {
          await client.until('readyForQuery')
          ready++
        } catch {
          failed++
        }
      }
      expect(failed).toBe(1)
      const values = client.messages.flatMap((message) =>
        message.type === 'dataRow' ? [String(message.values[0])] : [],
      )
      expect(values).toHaveLength(1000)
      expect(values.at(-1)).toBe('4711')
    })

    test('LISTEN and NOTIFY between sessions; the sender knows its own', async () => {
      await using listener = await workspace.connect()
      await using sender = await workspace.connect()
      const heard = new Promise<{ payload?: string; processId: number }>((resolve) =>
        listener.once('notification', resolve),
      )
      await listener.query('listen news')
      await sender.query(`select pg_notify('news', 'hot')`)
      expect(await heard).toMatchObject({
        payload: 'hot',
        processId: (sender as unknown as { processID: number }).processID,
      })
    })

    test('COPY in and out, with a Sync in the middle of it', async () => {
      using client = await logIn()
      client.query('create temp table numbers (i int)')
      await client.until('readyForQuery')
      client.write(encodeParse('', 'copy numbers from stdin'), encodeBind('', ''), encodeExecute(''))
      client.write(
        encodeCopyData(Buffer.from('1\n2\n')),
        encodeSync(),
        encodeCopyData(Buffer.from('3\n')),
        encodeCopyDone(),
        encodeSync(),
      )
      expect(await client.until('commandComplete')).toMatchObject({ tag: 'COPY 3' })
      await client.until('readyForQuery')
      client.query('copy numbers to stdout')
      expect(await client.until('commandComplete')).toMatchObject({ tag: 'COPY 3' })
      expect(client.text).toContain('d\0\0\0\x062\n')
    })

    test('COPY of 50 MB in each direction through postgres.js', async () => {
      const sql = connectPostgresJs(workspace)
      await sql`create temp table wide (line text)`
      const line = Buffer.from(`${'0123456789'.repeat(100)}\n`)
      const block = Buffer.concat(Array.from({ length: 500 }, () => line))
      const input = await sql`copy wide from stdin`.writable()
      for (let i = 0; i < 100; i++)
        if (!input.write(block)) await new Promise((resolve) => input.once('drain', resolve))
      await new Promise<void>((resolve, reject) => {
        input.once('error', reject)
        input.once('finish', resolve)
        input.end()
      })
      expect([...(await sql`select count(*)::int as n from wide`)]).toEqual([{ n: 50_000 }])
      const output = await sql`copy wide to stdout`.readable()
      let bytes = 0
      for await (const chunk of output) bytes += (chunk as Buffer).length
      expect(bytes).toBe(50_000 * line.length)
      await sql.end()
    })

    test('rows of 64 MB and parameters of 32 MB', async () => {
      await using client = await workspace.connect()
      const { rows } = await client.query<{ big: string }>(`select repeat('x', 64 * 1024 * 1024) as big`)
      expect(rows[0]?.big.length).toBe(64 * 1024 * 1024)
      const big = 'y'.repeat(32 * 1024 * 1024)
      const back = await client.query<{ hash: string }>('select md5($1) as hash', [big])
      expect(back.rows[0]?.hash).toBe(createHash('md5').update(big).digest('hex'))
    })

    test('large objects, cursors, prepared statements', async () => {
      await using client = await workspace.connect()
      await client.query('begin')
      const { rows } = await client.query<{ oid: number }>('select lo_from_bytea(0, $1) as oid', [
        Buffer.alloc(300_000, 7),
      ])
      const size = await client.query<{ n: number }>('select length(lo_get($1)) as n', [rows[0]?.oid])
      expect(size.rows[0]?.n).toBe(300_000)
      await client.query('declare c cursor for select generate_series(1, 10)')
      expect((await client.query('fetch 3 from c')).rowCount).toBe(3)
      await client.query('rollback')
      const named = { name: 'twice', text: 'select $1::int * 2 as n' }
      for (const n of [1, 2])
        expect((await client.query({ ...named, values: [n] })).rows).toEqual([{ n: n * 2 }])
    })

    test('replication=database reaches the walsender, which knows what the role may not', async () => {
      using client = await (await dial(workspace.gateway.address.port)).encrypt({ servername })
      client.write(encodeStartup({ ...startup, replication: 'database' }))
      await client.until('authenticationCleartextPassword')
      client.write(encodePassword(await workspace.token(USER.name)))
      expect((await client.until('errorResponse'))?.fields).toMatchObject({
        code: '42501',
        routine: 'InitPostgres',
      })
    })
  })

  describe('flow', () => {
    test('a client that reads nothing stops the server, not the memory', async () => {
      using client = await logIn()
      client.socket.pause()
      client.query(`select repeat('x', 1000) from generate_series(1, 60000)`)
      await eventually(async () => {
        const rows = await workspace.sql(
          'ep-one',
          `select wait_event from pg_stat_activity where pid = ${client.key.processId}`,
        )
        return rows[0]?.['wait_event'] === 'ClientWrite'
      }, 'the backend waits for its client')
      // Of 60 MB, the server could hand over only what kernels and pipes hold on the way.
      client.socket.resume()
      await client.until('readyForQuery')
      expect(client.messages.filter(({ type }) => type === 'dataRow')).toHaveLength(60_000)
    })

    test('a server that reads nothing stops the client', async () => {
      using client = await logIn()
      client.query('select pg_sleep(1)')
      let accepted = 0
      const chunk = encodeQuery(`-- ${'x'.repeat(60_000)}`)
      while (client.socket.write(chunk) && accepted < 2_000) accepted++
      await eventually(
        () => client.socket.writableLength === 0 || client.socket.writableNeedDrain,
        'the pipe is full',
      )
      for (let i = 0; i < 500; i++) client.socket.write(chunk)
      expect(client.socket.writableLength).toBeGreaterThan(1_000_000)
      await client.until('commandComplete')
    })

    test('activity is told, but not per byte', async () => {
      const before = workspace.activity
      const startedMs = performance.now()
      await using client = await workspace.connect()
      while (workspace.activity - before < 2) {
        for (let i = 0; i < 100; i++) await client.query('select 1')
      }
      const seconds = (performance.now() - startedMs) / 1000
      expect(workspace.activity - before).toBeLessThanOrEqual(seconds)
    })
  })

  /** The type of the last TLS record of a stream that begins with the one-byte answer to an SSLRequest. */
  function lastRecordType(bytes: Buffer): number | undefined {
    let type: number | undefined
    for (let at = 1; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3)) type = bytes[at]
    return type
  }

  describe('cancel', () => {
    async function sendCancel(
      key: { processId: number; secret: Buffer },
      isEncrypted: boolean,
    ): Promise<void> {
      const plain = await dial(workspace.gateway.address.port)
      using client = isEncrypted ? await plain.encrypt({ servername }) : plain
      client.write(encodeCancelRequest(key.processId, key.secret))
      await client.closed()
      expect(client.text).toBe('')
    }

    test.each([
      ['in plain text', false],
      ['over TLS', true],
    ])('%s reaches its own backend and no other', async (_, isEncrypted) => {
      using victim = await logIn()
      using neighbour = await logIn()
      victim.query('select pg_sleep(60)')
      neighbour.query('select pg_sleep(1.5)')
      await eventually(() => isRunning(victim.key.processId), 'the query runs')
      await sendCancel(victim.key, isEncrypted)
      await expect(victim.until('commandComplete')).rejects.toThrow('canceling statement due to user request')
      await victim.until('readyForQuery')
      await neighbour.until('commandComplete')
      victim.query('select 1')
      await victim.until('commandComplete')
    })

    test('a wrong key is met with silence and does nothing', async () => {
      using client = await logIn()
      client.query('select pg_sleep(1)')
      await eventually(() => isRunning(client.key.processId), 'the query runs')
      const wrong = Buffer.from(client.key.secret.map((byte) => byte ^ 1))
      await sendCancel({ ...client.key, secret: wrong }, false)
      await sendCancel({ processId: client.key.processId + 1, secret: client.key.secret }, true)
      await sendCancel({ ...client.key, secret: Buffer.concat([client.key.secret, client.key.secret]) }, true)
      expect(await client.until('commandComplete')).toMatchObject({ tag: 'SELECT 1' })
    })

    test('thousands of wrong keys from an address do not stop its right ones', async () => {
      expectInLog(/many cancel requests with wrong keys/)
      using victim = await logIn()
      const wrong = Buffer.from(victim.key.secret.map((byte) => byte ^ 1))
      for (let round = 0; round < 40; round += 1) {
        await Promise.all(
          Array.from({ length: 50 }, () => sendCancel({ ...victim.key, secret: wrong }, false)),
        )
      }
      victim.query('select pg_sleep(60)')
      await eventually(() => isRunning(victim.key.processId), 'the query runs')
      await sendCancel(victim.key, false)
      await expect(victim.until('commandComplete')).rejects.toThrow('canceling statement due to user request')
      await victim.until('readyForQuery')
    })

    test.each([
      ['a cancel request', encodeCancelRequest(1, Buffer.alloc(4))],
      ['a refused login', encodeStartup({ database: 'nobody' })],
    ])('%s over TLS ends with close_notify', async (_, packet) => {
      const fromServer: Buffer[] = []
      const relay = createServer((client) => {
        const server = connectUnix(workspace.gateway.address.port, '127.0.0.1')
        server.on('data', (chunk: Buffer) => fromServer.push(chunk))
        client.on('error', () => server.destroy())
        server.on('error', () => client.destroy())
        client.pipe(server).pipe(client)
        client.on('close', () => server.destroy())
        server.on('close', () => client.destroy())
      })
      await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve))
      const { port } = relay.address() as { port: number }
      // In TLS 1.2 the type of a record is readable: 21 is an alert (RFC 5246 §6.2.1), and the last one is the farewell.
      using client = await (await dial(port)).encrypt({ servername, maxVersion: 'TLSv1.2' })
      client.write(packet)
      await client.closed()
      relay.close()
      expect(lastRecordType(Buffer.concat(fromServer))).toBe(21)
    })

    test('the key is not that of the backend', async () => {
      using client = await logIn()
      const cluster = await workspace.start('ep-one')
      client.query('select pg_sleep(0.5)')
      await eventually(() => isRunning(client.key.processId), 'the query runs')
      const direct = connectUnix({ path: cluster.socketPath })
      direct.write(encodeCancelRequest(client.key.processId, client.key.secret))
      await new Promise((resolve) => direct.once('close', resolve))
      expect(await client.until('commandComplete')).toMatchObject({ tag: 'SELECT 1' })
    })

    test('after the session the key is worth nothing, and nothing is woken', async () => {
      const client = await logIn()
      client.write(encodeTerminate())
      await client.closed()
      await workspace.sleep('ep-one', true)
      const before = workspace.wakes
      await sendCancel(client.key, true)
      expect(workspace.wakes).toBe(before)
      expect(workspace.endpoint('ep-one').cluster).toBeUndefined()
    })

    test('cancels at the very end of a query never hit the next one of another session', async () => {
      using client = await logIn()
      using other = await logIn()
      for (let i = 0; i < 30; i++) {
        client.query('select 1')
        void sendCancel(client.key, false)
        other.query(`select ${i}, pg_sleep(0.002)`)
        await other.until('commandComplete')
        await client.until('readyForQuery').catch(() => client.until('readyForQuery'))
      }
      expect(other.messages.filter(({ type }) => type === 'errorResponse')).toEqual([])
    })

    test('postgres.js cancels through its own means', async () => {
      const sql = connectPostgresJs(workspace)
      const query = sql`select pg_sleep(60)`
      const failure = query.then(
        () => undefined,
        (error: unknown) => error,
      )
      await eventually(
        async () =>
          (
            await workspace.sql(
              'ep-one',
              `select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and backend_type = 'client backend' and application_name = 'postgres.js'`,
            )
          ).length > 0,
        'the query runs',
      )
      query.cancel()
      expect(await failure).toMatchObject({ code: '57014' })
      await sql.end()
    })
  })

  describe('leaving', () => {
    test('a query whose client vanished is cancelled', async () => {
      const client = await logIn()
      client.query('select pg_sleep(60)')
      await eventually(() => isRunning(client.key.processId), 'the query runs')
      client.socket.destroy()
      await eventually(async () => !(await isRunning(client.key.processId)), 'the query is gone')
      expect(await backends()).toBe(0)
    })

    test('a reset does the same', async () => {
      const plain = await dial(workspace.gateway.address.port)
      const client = await plain.encrypt({ servername })
      await client.logIn(startup, await workspace.token(USER.name))
      client.query('select pg_sleep(60)')
      await eventually(async () => (await backends()) === 1, 'there is a backend')
      plain.socket.resetAndDestroy()
      await eventually(async () => (await backends()) === 0, 'the backend is gone')
      expect((await workspace.gateway.sessions()).filter(({ stage }) => stage === 'relaying')).toEqual([])
    })

    test('a client that closes its sending side still gets its answer', async () => {
      using client = await logIn()
      client.query(`select 'last words', pg_sleep(0.3)`)
      client.socket.end()
      expect((await client.until('dataRow'))?.values[0]?.toString()).toBe('last words')
      await client.closed()
    })

    test('Terminate ends the backend, and the client sees the end', async () => {
      using client = await logIn()
      client.write(encodeTerminate())
      await client.closed()
      expect(client.error).toBeUndefined()
    })

    test('a backend that is terminated says so through the gateway', async () => {
      await using client = await workspace.connect()
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      await workspace.sql('ep-one', `select pg_terminate_backend(${rows[0]?.pid})`)
      await eventually(() => client.errors.length > 0, 'the client hears')
      expect(client.errors[0]).toMatchObject({
        code: '57P01',
        message: 'terminating connection due to administrator command',
      })
    })

    test('a compute that goes to sleep sends its idle clients 57P01', async () => {
      await using client = await workspace.connect()
      await workspace.sleep('ep-one', true)
      await eventually(() => client.errors.length > 0, 'the client hears')
      expect(client.errors[0]).toMatchObject({ code: '57P01' })
    })

    test('a backend that is killed closes its client at once', async () => {
      using client = await logIn()
      process.kill(client.key.processId, 'SIGKILL')
      await client.closed()
      const answers = () =>
        workspace.sql('ep-one', 'SELECT 1').then(
          () => true,
          () => false,
        )
      await eventually(answers, 'Postgres has recovered')
      expect(client.isClosed).toBe(true)
    })

    test('nothing is left of two hundred short connections', async () => {
      const handles = () =>
        process.getActiveResourcesInfo().filter((name) => /TCP|Pipe|TLS/.test(name)).length
      const before = handles()
      const password = await workspace.token(USER.name)
      for (let round = 0; round < 10; round++) {
        const clients = await Promise.all(Array.from({ length: 20 }, () => workspace.connect({ password })))
        await Promise.all(
          clients.map((client, at) =>
            at % 2 ? client.end() : client.query('select 1').then(() => client.end()),
          ),
        )
      }
      await eventually(() => handles() <= before, 'every socket is closed')
      expect(await workspace.gateway.sessions()).toEqual([])
    })
  })

  describe('limits', () => {
    test.each([
      ['maxConnections', 'to this workspace'],
      ['maxConnectionsPerEndpoint', 'to this endpoint'],
      ['maxConnectionsPerAddress', 'from this address'],
    ])('%s gives 53300 and frees the place afterwards', async (limit, scope) => {
      await using gateway = await workspace.startGateway({ [limit]: 2 })
      const { port } = gateway.address
      const first = await workspace.connect({ port })
      await using _second = await workspace.connect({ port })
      await expect(workspace.connect({ port })).rejects.toMatchObject({
        code: '53300',
        message: `Too many connections ${scope}; the limit is 2. Close idle connections or try again later.`,
      })
      await first.end()
      await eventually(async () => (await gateway.sessions()).length === 1, 'the place is free')
      await using third = await workspace.connect({ port })
      await third.query('select 1')
    })

    test('max_connections of Postgres reaches the client as it is', async () => {
      const rows = await workspace.sql('ep-two', 'show max_connections')
      const limit = Number(rows[0]?.['max_connections'])
      const password = await workspace.token(USER.name)
      const clients = []
      let refusal: unknown
      while (!refusal && clients.length <= limit) {
        try {
          clients.push(await workspace.connect({ endpoint: 'ep-two', password }))
        } catch (error) {
          refusal = error
        }
      }
      await Promise.all(clients.map((client) => client.end()))
      expect(refusal).toMatchObject({ code: '53300' })
    })

    test('who does not log in keeps nobody out, whatever stage it stays in', async () => {
      await using gateway = await workspace.startGateway({ maxUnauthenticated: 6, maxConnections: 2 })
      const { port } = gateway.address
      const plain = await Promise.all([dial(port), dial(port), dial(port)])
      const halfway = await dial(port)
      halfway.write(encodeSslRequest())
      const challenged = await (await dial(port)).encrypt({ servername })
      challenged.write(encodeStartup(startup))
      await challenged.until('authenticationCleartextPassword')
      const strangers = [...plain, halfway, challenged]
      for (let round = 0; round < 20; round += 1) {
        await using client = await workspace.connect({ port })
        expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
        strangers.push(await dial(port))
      }
      await eventually(() => strangers.filter((each) => !each.isClosed).length <= 6, 'the oldest are closed')
      expect(challenged.isClosed && halfway.isClosed).toBe(true)
      for (const each of strangers) each.socket.destroy()
      await eventually(async () => (await gateway.sessions()).length === 0, 'all are gone')
    })

    test('connections idle for a day and older than three days are retired', async () => {
      const clock = new ManualClock()
      await using gateway = await workspace.startGateway({}, clock)
      const { port } = gateway.address
      await using idle = await workspace.connect({ port })
      await using busy = await workspace.connect({ port })
      const hour = 3_600_000
      for (let i = 0; i < 25; i++) {
        await clock.advance(hour)
        // Asked after the gateway's own look, so that there is one in each hour however slow its threads are.
        await gateway.sessions()
        await busy.query('select 1')
      }
      await eventually(() => idle.errors.length > 0, 'the idle one is told')
      expect(idle.errors[0]).toMatchObject({
        code: '57P01',
        message: 'terminating connection: it was idle for too long',
      })
      expect(busy.errors).toEqual([])
      // The reason comes instead of an answer, or before the next question.
      const told = () => busy.errors[0] ?? refusal
      let refusal: unknown
      for (let i = 0; i < 50 && !told(); i++) {
        await clock.advance(hour)
        // So that the look finds the session between two queries.
        await gateway.sessions()
        await busy.query('select 1').catch((error: unknown) => (refusal = error))
      }
      expect(told()).toMatchObject({
        code: '57P01',
        message: 'terminating connection: it was open for too long',
      })
      await clock.advance(10 * hour)
    })
  })

  async function isRefused(port: number): Promise<boolean> {
    try {
      await using _client = await workspace.connect({ port })
      return false
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
    }
  }

  describe('stopping', () => {
    test('no new connections, idle clients get 57P01 after the deadline, nothing is left', async () => {
      const gateway = await workspace.startGateway({ drainMs: 300 })
      const { port } = gateway.address
      await using client = await workspace.connect({ port })
      using busy = await logIn({}, port)
      busy.query('select pg_sleep(30)')
      await eventually(() => isRunning(busy.key.processId), 'the query runs')
      const stopping = gateway[Symbol.asyncDispose]()
      // A thread of its own hears of the stop a moment later.
      await eventually(() => isRefused(port), 'no new connection is taken')
      await stopping
      await busy.closed()
      await eventually(() => client.errors.length > 0, 'the client hears')
      expect(client.errors[0]).toMatchObject({
        code: '57P01',
        message: 'terminating connection due to administrator command',
      })
      expect(await gateway.sessions()).toEqual([])
    })

    test('a stop waits for clients that leave by themselves', async () => {
      const gateway = await workspace.startGateway({ drainMs: 20_000 })
      const client = await workspace.connect({ port: gateway.address.port })
      const stopping = gateway[Symbol.asyncDispose]()
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      await client.end()
      await stopping
      expect(client.errors).toEqual([])
    })

    test('a client that reads nothing does not hold up a stop', async () => {
      expectInLog(/sessions did not end in time/)
      const gateway = await workspace.startGateway({ drainMs: 100, stopMs: 500 })
      using client = await logIn({}, gateway.address.port)
      client.socket.pause()
      client.query("select repeat('x', 1000000) from generate_series(1, 50)")
      await eventually(() => isRunning(client.key.processId), 'the query runs')
      const startedMs = performance.now()
      await gateway[Symbol.asyncDispose]()
      expect(performance.now() - startedMs).toBeLessThan(30_000)
      expect(await gateway.sessions()).toEqual([])
    })

    test('a busy port is an error that names the reason', async () => {
      expectInLog(/EADDRINUSE/)
      const { port } = workspace.gateway.address
      const { startGateway } = await import('../../src/gateway/gateway.ts')
      const { systemClock } = await import('../../src/base/clock.ts')
      const { loadCertificates } = await import('../../src/main/certificates.ts')
      const tls = await loadCertificates(`${workspace.home}/tls`, [servername], systemClock)
      const options = {
        host: '127.0.0.1',
        port,
        tls,
        control: workspace,
        clock: systemClock,
        logger: workspace.logger,
        workers,
      }
      await expect(startGateway(options)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    })
  })
})
