// Who gets in, who does not, and that only the former wake anything.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import {
  encodePassword,
  encodeQuery,
  encodeSaslInitialResponse,
  encodeSaslResponse,
  encodeStartup,
  ScramClient,
} from '@lakelet/wire'
import { generateKeyPair } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { connectPostgresJs } from './postgres-js.ts'
import {
  APP,
  dial,
  eventually,
  GATEWAYS,
  GROUP,
  HOST_DOMAIN,
  startTestWorkspace,
  type TestWorkspace,
  USER,
} from './test-workspace.ts'
import { expectInLog } from '../../../../tests/guards/log-guard.ts'

const PSQL = '/usr/bin/psql'
const run = promisify(execFile)
const servername = `ep-one.${HOST_DOMAIN}`

describe.each(GATEWAYS)('a gateway $name', ({ workers }) => {
  let workspace: TestWorkspace

  beforeAll(async () => {
    workspace = await startTestWorkspace(['ep-one'], workers)
    await writeFile(path.join(workspace.home, 'ca.pem'), workspace.ca)
  })
  afterAll(() => workspace[Symbol.asyncDispose]())
  afterEach(async () => {
    workspace.beforeStart = () => Promise.resolve()
    workspace.endpoint('ep-one').isDisabled = false
    await eventually(async () => (await workspace.gateway.sessions()).length === 0, 'every session ends')
    expect(workspace.sessions.size).toBe(0)
  })

  async function challenge(user: string) {
    const client = await (await dial(workspace.gateway.address.port)).encrypt({ servername })
    client.write(encodeStartup({ user, database: 'databricks_postgres' }))
    return client
  }

  /** What a client sees that answers the challenge for a password role with a password. */
  async function refusalOf(user: string, password: string) {
    using client = await challenge(user)
    const sasl = await client.until('authenticationSasl')
    const scram = new ScramClient({ password, mechanisms: ['SCRAM-SHA-256'] })
    client.write(encodeSaslInitialResponse(scram.mechanism, scram.start()))
    const first = await client.until('authenticationSaslContinue')
    client.write(encodeSaslResponse(await scram.respond(first?.data ?? Buffer.alloc(0))))
    const salt = /s=([^,]+),i=(\d+)/.exec(String(first?.data))
    return {
      mechanisms: sasl?.mechanisms,
      iterations: salt?.[2],
      salt: salt?.[1],
      error: (await client.until('errorResponse'))?.fields,
    }
  }

  describe('tokens', () => {
    test.each([
      ['a user', USER.name, USER.name],
      ['a service principal', APP.name, APP.name],
      ['a member of a group, as the group', USER.name, GROUP.name],
    ])('%s logs in', async (_, subject, user) => {
      await using client = await workspace.connect({ user, password: await workspace.token(subject) })
      const { rows } = await client.query('select session_user as role')
      expect(rows).toEqual([{ role: user }])
    })

    test.each([
      [
        'no JWT (a personal access token)',
        async () => 'dapi0123456789abcdef',
        USER.name,
        '28P01',
        'Provided authentication token is not a valid JWT encoding',
      ],
      [
        'expired',
        () => workspace.token(USER.name, { expiresInSeconds: -10 }),
        USER.name,
        '28000',
        /^JWT token has expired \(exp=\d+\)$/,
      ],
      [
        'of another workspace',
        () => workspace.token(USER.name, { audience: 'elsewhere' }),
        USER.name,
        '28000',
        /not issued for database access in this workspace/,
      ],
      [
        'signed by someone else',
        async () => workspace.token(USER.name, { key: (await generateKeyPair('ES256')).privateKey }),
        USER.name,
        '28P01',
        /no valid signature/,
      ],
      ['of another identity', () => workspace.token(APP.name), USER.name, '28000', /identity did not match/],
      [
        'of a stranger to the group',
        () => workspace.token(APP.name),
        GROUP.name,
        '28000',
        /identity did not match/,
      ],
      [
        'for a role that is not there',
        () => workspace.token(USER.name),
        'nobody@example.com',
        '28P01',
        "password authentication failed for user 'nobody@example.com'",
      ],
      [
        'for a role without a label',
        () => workspace.token(USER.name),
        'unlabelled@example.com',
        '28000',
        'An oauth token was supplied but no role security label was configured in postgres for role "unlabelled@example.com"',
      ],
      [
        'for a role without LOGIN',
        () => workspace.token(USER.name),
        'nologin@example.com',
        '28000',
        'role "nologin@example.com" is not permitted to log in',
      ],
      [
        'for a role past VALID UNTIL',
        () => workspace.token(USER.name),
        'past@example.com',
        '28P01',
        /password authentication failed/,
      ],
      ['empty', async () => '', USER.name, '08P01', 'empty password returned by client'],
    ])('a token that is %s is refused', async (_, token, user, code, message) => {
      await expect(workspace.connect({ user, password: await token() })).rejects.toMatchObject({
        code,
        severity: 'FATAL',
        message: expect.stringMatching(message) as string,
      })
    })

    test('an empty password is answered with how to get one, and as whom', async () => {
      await expect(workspace.connect({ user: USER.name, password: '' })).rejects.toMatchObject({
        message: 'empty password returned by client',
        hint: expect.stringMatching(
          `^The password of role "${USER.name}" is a token: PGPASSWORD=.*lakelet env --with-password.*PGUSER or -U`,
        ) as string,
      })
      const another = workspace.connect({ password: await workspace.token(APP.name), user: USER.name })
      await expect(another).rejects.toMatchObject({
        hint: expect.stringContaining(`PGUSER=${APP.name}`) as string,
      })
    })

    test('tokens of 8 KB and nearly 64 KB are taken', async () => {
      for (const padding of [6_000, 48_000]) {
        await using client = await workspace.connect({
          password: await workspace.token(USER.name, { padding }),
        })
        expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      }
    })

    test('a password message over 64 KB, one with a zero byte, and something else instead are refused', async () => {
      for (const bytes of [
        encodePassword('x'.repeat(70_000)),
        Buffer.from('p\0\0\0\x08a\0b\0', 'latin1'),
        encodeQuery('select 1'),
      ]) {
        using client = await challenge(USER.name)
        await client.until('authenticationCleartextPassword')
        client.write(bytes)
        expect((await client.until('errorResponse'))?.fields.code).toBe('08P01')
        await client.closed()
      }
    })

    test('a session outlives its token', async () => {
      await using client = await workspace.connect({
        password: await workspace.token(USER.name, { expiresInSeconds: 3 }),
      })
      const over = Date.now() + 3_000
      await eventually(() => Date.now() > over, 'the token has expired')
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    })

    test('CONNECTION LIMIT is kept by Postgres', async () => {
      await workspace.sql('ep-one', `ALTER ROLE "${APP.name}" CONNECTION LIMIT 1`)
      const password = await workspace.token(APP.name)
      await using first = await workspace.connect({ user: APP.name, password })
      await expect(workspace.connect({ user: APP.name, password })).rejects.toMatchObject({
        code: '53300',
        routine: 'InitializeSessionUserId',
      })
      await first.query(`select 1`)
      await workspace.sql('ep-one', `ALTER ROLE "${APP.name}" CONNECTION LIMIT -1`)
    })

    test('no token and no password is in the log', async () => {
      const token = await workspace.token(USER.name)
      await using client = await workspace.connect({ password: token })
      await client.query('select 1')
      await workspace.connect({ password: `${token}x` }).catch(() => undefined)
      await workspace.connect({ user: 'native', password: 'very secret words' }).catch(() => undefined)
      expect(workspace.log.text).toContain('session opened')
      expect(workspace.log.text).not.toContain(token.slice(0, 30))
      expect(workspace.log.text).not.toContain(token.slice(-30))
      expect(workspace.log.text).not.toContain('very secret words')
    })
  })

  describe('passwords', () => {
    test.each([
      ['SCRAM-SHA-256', false],
      ['SCRAM-SHA-256-PLUS', true],
    ])('%s with pg', async (_, enableChannelBinding) => {
      await using client = await workspace.connect({
        user: 'native',
        password: 'correct horse',
        enableChannelBinding,
      })
      expect((await client.query('select current_user as role')).rows).toEqual([{ role: 'native' }])
    })

    test('a wrong password is refused', async () => {
      await expect(workspace.connect({ user: 'native', password: 'wrong' })).rejects.toMatchObject({
        code: '28P01',
        message: "password authentication failed for user 'native'",
      })
    })

    test('a role that does not exist cannot be told from a wrong password, a second try included', async () => {
      const known = await refusalOf('native', 'wrong')
      const unknown = await refusalOf('native_not', 'wrong')
      const again = await refusalOf('native_not', 'wrong')
      expect(unknown.mechanisms).toEqual(known.mechanisms)
      expect(unknown.iterations).toBe(known.iterations)
      expect(unknown.salt?.length).toBe(known.salt?.length)
      expect(again.salt).toBe(unknown.salt)
      expect({ ...unknown.error, message: '' }).toEqual({ ...known.error, message: '' })
      expect(unknown.error?.message?.replace('native_not', 'native')).toBe(known.error?.message)
    })

    test('a role of the system and a role without a password look like a wrong password', async () => {
      for (const role of ['cloud_admin', 'plain_role']) {
        expect((await refusalOf(role, 'x')).error).toMatchObject({
          code: '28P01',
          message: `password authentication failed for user '${role}'`,
        })
      }
    })

    test('a client that could bind but was not offered to is not talked down', async () => {
      using client = await challenge('native')
      await client.until('authenticationSasl')
      client.write(encodeSaslInitialResponse('SCRAM-SHA-256', Buffer.from('y,,n=,r=abcdefgh')))
      expect((await client.until('errorResponse'))?.fields).toMatchObject({ severity: 'FATAL' })
    })

    test('an expired password is refused although it is right', async () => {
      await workspace.sql('ep-one', `ALTER ROLE native VALID UNTIL '2020-01-01'`)
      await expect(workspace.connect({ user: 'native', password: 'correct horse' })).rejects.toMatchObject({
        code: '28P01',
      })
      await workspace.sql('ep-one', `ALTER ROLE native VALID UNTIL 'infinity'`)
      await using client = await workspace.connect({ user: 'native', password: 'correct horse' })
      await client.query('select 1')
    })

    test('a changed password counts at once', async () => {
      await workspace.sql('ep-one', `ALTER ROLE native PASSWORD 'new one'`)
      await expect(workspace.connect({ user: 'native', password: 'correct horse' })).rejects.toMatchObject({
        code: '28P01',
      })
      await using client = await workspace.connect({ user: 'native', password: 'new one' })
      await client.query('select 1')
      await workspace.sql('ep-one', `ALTER ROLE native PASSWORD 'correct horse'`)
    })

    test('guessing becomes slow', async () => {
      await using gateway = await workspace.startGateway()
      const started = performance.now()
      for (let i = 0; i < 8; i++) {
        await workspace
          .connect({ port: gateway.address.port, user: 'guessed', password: `no ${i}` })
          .catch(() => undefined)
      }
      // The sixth to eighth failures are held back for 100, 200 and 400 ms.
      expect(performance.now() - started).toBeGreaterThan(690)
    })
  })

  describe('other clients', () => {
    test('postgres.js', async () => {
      const sql = connectPostgresJs(workspace, 2)
      const rows = await sql`select ${1}::int as one, session_user as role`
      expect([...rows]).toEqual([{ one: 1, role: USER.name }])
      await sql.end()
    })

    const psql = async (
      user: string,
      password: string,
      extra: string[] = [],
      env: Record<string, string> = {},
    ) =>
      run(PSQL, ['-XAtw', '-c', 'select session_user', ...extra], {
        env: {
          PGHOST: servername,
          PGHOSTADDR: '127.0.0.1',
          PGPORT: String(workspace.gateway.address.port),
          PGUSER: user,
          PGPASSWORD: password,
          PGDATABASE: 'databricks_postgres',
          PGSSLMODE: 'require',
          PGCONNECT_TIMEOUT: '20',
          ...env,
        },
      })

    // psql comes with the system; where it is missing, the drivers above stand for it.
    describe.skipIf(!existsSync(PSQL))('psql (needs /usr/bin/psql)', () => {
      test('with a token', async () => {
        expect((await psql(USER.name, await workspace.token(USER.name))).stdout).toBe(`${USER.name}\n`)
      })

      test.each(['verify-full', 'verify-ca', 'require', 'prefer'])(
        'sslmode=%s with a password and channel binding required',
        async (mode) => {
          const env = {
            PGSSLMODE: mode,
            PGSSLROOTCERT: path.join(workspace.home, 'tls', 'ca.pem'),
            PGCHANNELBINDING: 'require',
          }
          expect((await psql('native', 'correct horse', [], env)).stdout).toBe('native\n')
        },
      )

      test('sslmode=disable is refused with the words of the real service', async () => {
        await expect(psql(USER.name, 'x', [], { PGSSLMODE: 'disable' })).rejects.toMatchObject({
          stderr: expect.stringContaining('connection is insecure (try using `sslmode=require`)') as string,
        })
      })

      test('gssencmode=prefer goes on to TLS', async () => {
        expect(
          (await psql(USER.name, await workspace.token(USER.name), [], { PGGSSENCMODE: 'prefer' })).stdout,
        ).toBe(`${USER.name}\n`)
      })

      test('PGOPTIONS names the endpoint where there is no SNI', async () => {
        const env = { PGSSLSNI: '0', PGOPTIONS: 'endpoint=ep-one -c work_mem=7MB' }
        const { stdout } = await psql(
          USER.name,
          await workspace.token(USER.name),
          ['-c', 'show work_mem'],
          env,
        )
        expect(stdout).toBe(`${USER.name}\n7MB\n`)
      })
    })
  })

  describe('waking', () => {
    test('fifty clients, one start, nobody refused', async () => {
      await workspace.sleep('ep-one', true)
      const before = workspace.starts
      const password = await workspace.token(USER.name)
      const clients = await Promise.all(Array.from({ length: 50 }, () => workspace.connect({ password })))
      const answers = await Promise.all(clients.map((client) => client.query('select 1 as one')))
      expect(answers.every(({ rows }) => (rows as { one: number }[])[0]?.one === 1)).toBe(true)
      expect(workspace.starts - before).toBe(1)
      await Promise.all(clients.map((client) => client.end()))
    })

    test('who does not get in wakes nothing', async () => {
      for (const remember of [true, false]) {
        await workspace.start('ep-one')
        await workspace.sleep('ep-one', remember)
        const before = workspace.wakes
        const attempts = [
          { password: 'dapi123' },
          { password: await workspace.token(USER.name, { expiresInSeconds: -5 }) },
          { password: await workspace.token(USER.name, { audience: 'elsewhere' }) },
          { password: await workspace.token(APP.name) },
          { user: 'native', password: 'wrong' },
          { user: 'native_not', password: 'wrong' },
          { user: 'nobody@example.com', password: await workspace.token(USER.name) },
        ]
        for (const attempt of attempts)
          await expect(workspace.connect(attempt)).rejects.toThrow(/authentication|JWT|token/)
        using scan = await dial(workspace.gateway.address.port)
        scan.write(Buffer.from('GET / HTTP/1.0\r\n\r\n'))
        await scan.closed()
        expect(workspace.wakes).toBe(before)
        expect(workspace.endpoint('ep-one').cluster).toBeUndefined()
      }
    })

    test('a password that is known wakes', async () => {
      await workspace.sleep('ep-one', true)
      await using client = await workspace.connect({ user: 'native', password: 'correct horse' })
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    })

    test('with nothing known, a valid token of the same name wakes, and the role is judged then', async () => {
      await workspace.sql('ep-one', `ALTER ROLE "${APP.name}" NOLOGIN`)
      await workspace.sleep('ep-one', false)
      await expect(
        workspace.connect({ user: APP.name, password: await workspace.token(APP.name) }),
      ).rejects.toMatchObject({
        code: '28000',
        message: `role "${APP.name}" is not permitted to log in`,
      })
      await workspace.sql('ep-one', `ALTER ROLE "${APP.name}" LOGIN`)
      await workspace.sleep('ep-one', false)
      await using client = await workspace.connect({
        user: APP.name,
        password: await workspace.token(APP.name),
      })
      expect((await client.query('select current_user as role')).rows).toEqual([{ role: APP.name }])
    })

    test('a client that leaves during the wake leaves nothing behind, and the others are served', async () => {
      await workspace.sleep('ep-one', true)
      const gate = Promise.withResolvers<void>()
      workspace.beforeStart = () => gate.promise
      const staying = workspace.connect()
      using leaving = await challenge(USER.name)
      await leaving.until('authenticationCleartextPassword')
      leaving.write(encodePassword(await workspace.token(USER.name)))
      await eventually(
        async () =>
          (await workspace.gateway.sessions()).filter(({ stage }) => stage === 'waking').length === 2,
        'two wait',
      )
      leaving.socket.destroy()
      await eventually(
        async () => (await workspace.gateway.sessions()).length === 1,
        'the one that left is forgotten',
      )
      expect(workspace.sessions.size).toBe(1)
      gate.resolve()
      await using client = await staying
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
    })

    test('a disabled endpoint is not woken', async () => {
      await workspace.sleep('ep-one', true)
      workspace.endpoint('ep-one').isDisabled = true
      const before = workspace.starts
      await expect(workspace.connect()).rejects.toMatchObject({
        code: '55000',
        message: 'Control plane request failed: endpoint is disabled',
      })
      expect(workspace.starts).toBe(before)
    })

    test('a start that fails is told, and the next attempt may work', async () => {
      expectInLog(/disk full at/)
      await workspace.sleep('ep-one', true)
      workspace.beforeStart = () => Promise.reject(new Error('disk full at /secret/path'))
      await expect(workspace.connect()).rejects.toMatchObject({
        code: 'XX000',
        message: expect.not.stringContaining('secret') as string,
      })
      workspace.beforeStart = () => Promise.resolve()
      await using client = await workspace.connect()
      await client.query('select 1')
    })

    test('a wake that takes too long ends with 57P03', async () => {
      await workspace.sleep('ep-one', true)
      await using gateway = await workspace.startGateway({ wakeTimeoutMs: 200 })
      const gate = Promise.withResolvers<void>()
      workspace.beforeStart = () => gate.promise
      await expect(workspace.connect({ port: gateway.address.port })).rejects.toMatchObject({ code: '57P03' })
      gate.resolve()
      await workspace.start('ep-one')
    })

    test('a client that comes while Postgres stops is held and served by the next start', async () => {
      for (let round = 0; round < 5; round++) {
        const cluster = await workspace.start('ep-one')
        const stopping = cluster.stop()
        await new Promise((resolve) => setTimeout(resolve, round * 3))
        await using client = await workspace.connect()
        expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
        await stopping
      }
    })

    test('a client that comes during crash recovery is held', async () => {
      await workspace.sql(
        'ep-one',
        'create table if not exists public.filler as select generate_series(1, 20000) as i',
      )
      const { pid } = await workspace.start('ep-one')
      if (pid === undefined) throw new Error('no process')
      await using bystander = await workspace.connect()
      const crashing = await workspace.connect()
      const { rows } = await crashing.query<{ pid: number }>('select pg_backend_pid() as pid')
      process.kill(rows[0]?.pid ?? -1, 'SIGKILL')
      await using client = await workspace.connect()
      expect((await client.query('select 1 as one')).rows).toEqual([{ one: 1 }])
      await eventually(() => bystander.errors.length > 0, 'the bystander hears of the crash')
      await crashing.end().catch(() => undefined)
    })
  })
})
