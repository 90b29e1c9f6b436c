// F1 to F13: the credential API and the tokens it gives.
import assert from 'node:assert/strict'
import { createConnector } from '../../src/index.ts'
import { createPool } from '../../src/pg/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { connectAtOnce, connectOnce, shown, timed, until, wait } from './measure.ts'
import type { Scenario } from './scenario.ts'

const HOUR = 3_600_000
const MINUTE = 60_000

export const credentialScenarios: readonly Scenario[] = [
  {
    id: 'F1',
    fault: 'cold start, 200 connections at once',
    expected: 'one credential request, every connection succeeds',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start()
      const pool = rig.subject.createPool(lakebase.env, { max: 200 })
      rig.defer(() => pool.end())
      const { ms, value } = await timed(() => connectAtOnce(pool, 200))
      assert.deepEqual(value, [])
      assert.equal(lakebase.controlPlane.credentialCalls, 1)
      return `200 of 200 in ${shown(ms)}, 1 request`
    },
  },
  {
    id: 'F2',
    fault: 'the credential reaches half of its life under load, and the API is slow',
    expected: 'refreshed in the background; nobody who connects waits for it',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start({ ttlMs: 6000 })
      const pool = rig.subject.createPool(lakebase.env, { max: 2 })
      rig.defer(() => pool.end())
      await connectOnce(pool)
      const delayMs = 2000
      lakebase.controlPlane.always({ kind: 'delay', ms: delayMs })
      let slowest = 0
      let connects = 0
      for (const end = performance.now() + 7000; performance.now() < end; connects++) {
        const { ms, error } = await timed(() => connectOnce(pool))
        assert.equal(error, undefined)
        slowest = Math.max(slowest, ms)
      }
      assert.ok(slowest < delayMs, `a connection waited ${slowest} ms for the API`)
      assert.ok(lakebase.controlPlane.credentialCalls >= 2)
      return `${connects} connects, the slowest ${shown(slowest)} while a refresh took ${shown(delayMs)}`
    },
  },
  {
    id: 'F3',
    fault: 'the process is frozen past the end of the credential and its timers are missed',
    expected: 'the next connect notices, gets a new one, succeeds',
    async run(rig) {
      const clock = new ManualClock()
      const lakebase = await rig.start({ clock })
      const pool = createPool({ ...rig.options(lakebase.env, { clock }) })
      rig.defer(() => pool.end())
      await connectOnce(pool)
      clock.freeze(2 * HOUR)
      await connectOnce(pool)
      assert.equal(lakebase.controlPlane.credentialCalls, 2)
      assert.equal(lakebase.proxy.rejected, 0)
      return 'next connect succeeded, 1 more request'
    },
  },
  {
    id: 'F4',
    fault: 'the credential API is down for 30 minutes while the credential is good',
    expected: 'no failed connect',
    async run(rig) {
      const clock = new ManualClock()
      const lakebase = await rig.start({ clock })
      const pool = createPool({ ...rig.options(lakebase.env, { clock }) })
      rig.defer(() => pool.end())
      await connectOnce(pool)
      await clock.advance(20 * MINUTE)
      lakebase.controlPlane.always({ kind: 'status', status: 503 })
      for (let minute = 0; minute < 35; minute++) {
        await clock.advance(MINUTE)
        await connectOnce(pool)
      }
      lakebase.controlPlane.always(undefined)
      await until('the API is asked again', async () => {
        await clock.advance(MINUTE / 2)
        return lakebase.tokens.issued > 1
      })
      await connectOnce(pool)
      return '35 connects over 35 minutes, none failed'
    },
  },
  {
    id: 'F5',
    fault: "the credential API is down past the credential's end",
    expected:
      'connects fail fast with one clear error, one request per step of the backoff; open connections go on; recovery within 2 s',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start({ ttlMs: 1500 })
      const pool = rig.subject.createPool(lakebase.env, { max: 5, connectionTimeoutMillis: 5000 })
      rig.defer(() => pool.end())
      const open = await pool.connect()
      await lakebase.controlPlane.stop()
      await wait(1600)
      const first = await timed(() => connectOnce(pool))
      assert.ok(first.error, 'the credential was not at its end')
      const failures: number[] = []
      for (const end = performance.now() + 2000; performance.now() < end; await wait(20)) {
        const { ms, error } = await timed(() => connectOnce(pool))
        assert.ok(error)
        assert.match(error.message, /127\.0\.0\.1|ECONNREFUSED|credential|fetch failed/i)
        failures.push(ms)
      }
      await open.query('select 1')
      await lakebase.controlPlane.start()
      const { ms: recovery } = await timed(() =>
        until('a connect succeeds', async () => !(await timed(() => connectOnce(pool))).error),
      )
      assert.ok(recovery < 2500, `recovery took ${recovery} ms`)
      open.release()
      const fast = failures.filter((ms) => ms < 100).length
      assert.ok(
        fast / failures.length > 0.9,
        `${failures.length - fast} of ${failures.length} failures were slow`,
      )
      return `${failures.length} failed connects, median ${shown(median(failures))}; recovered ${shown(recovery)} after the API was back`
    },
  },
  {
    id: 'F6',
    fault: 'the credential API takes a request and never answers, once, then always',
    expected: 'bounded by the deadline of one request, or by that of the connect; never stuck',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start()
      lakebase.controlPlane.next({ kind: 'hang' })
      const pool = rig.subject.createPool(lakebase.env, { max: 2 })
      rig.defer(() => pool.end())
      const once = await timed(() => connectOnce(pool))
      assert.equal(once.error, undefined)
      assert.ok(once.ms < 12_000)
      if (rig.subject.name !== 'lakelet-connect') return `answered after ${shown(once.ms)}`
      lakebase.controlPlane.always({ kind: 'hang' })
      const options = rig.options(lakebase.env, {
        credential: { timeoutMs: 300, ttlSeconds: 600 },
        connect: { timeoutMs: 3000 },
      })
      const other = createPool({ ...options })
      rig.defer(() => other.end())
      const always = await timed(() => connectOnce(other))
      assert.equal(always.error?.code, 'CREDENTIAL_UNAVAILABLE')
      assert.ok(always.ms < 3500)
      return `one lost request: connected after ${shown(once.ms)}; all lost: clear error after ${shown(always.ms)} (deadlines of 0.3 s)`
    },
  },
  {
    id: 'F7',
    fault: 'the credential API answers 429 with Retry-After, 503, an HTML page, half a JSON document',
    expected:
      'Retry-After is honoured, the rest retried; a clear error without the body when it does not end',
    async run(rig) {
      const lakebase = await rig.start()
      const faults = [
        { kind: 'status', status: 429, retryAfter: '1' },
        { kind: 'status', status: 503 },
        { kind: 'status', status: 200, contentType: 'text/html', body: '<html>secret-page</html>' },
        { kind: 'truncated' },
      ] as const
      const times: number[] = []
      for (const [index, fault] of faults.entries()) {
        lakebase.controlPlane.next(fault)
        const pool = createPool({ ...rig.options(lakebase.env, { credential: { ttlSeconds: 600 + index } }) })
        const { ms, error } = await timed(() => connectOnce(pool))
        await pool.end()
        assert.equal(error, undefined)
        times.push(ms)
      }
      assert.ok((times[0] ?? 0) >= 990, 'Retry-After was not honoured')
      lakebase.controlPlane.always(faults[2])
      const pool = createPool({ ...rig.options(lakebase.env, { credential: { ttlSeconds: 700 } }) })
      rig.defer(() => pool.end())
      const { error } = await timed(() => connectOnce(pool))
      assert.equal(error?.code, 'CREDENTIAL_MALFORMED')
      assert.ok(!String(error).includes('secret-page'))
      return `connected after ${times.map(shown).join(', ')}; endless HTML: CREDENTIAL_MALFORMED`
    },
  },
  {
    id: 'F8',
    fault: 'the credential API answers 401, 403, 404',
    expected: 'no retries; the message names endpoint, identity and what is missing',
    async run(rig) {
      const lakebase = await rig.start()
      const codes: string[] = []
      for (const [status, code] of [
        [401, 'WORKSPACE_LOGIN_FAILED'],
        [403, 'CREDENTIAL_DENIED'],
        [404, 'ENDPOINT_NOT_FOUND'],
      ] as const) {
        lakebase.controlPlane.always({ kind: 'status', status })
        const before = lakebase.controlPlane.credentialCalls
        const pool = createPool({ ...rig.options(lakebase.env, { credential: { ttlSeconds: status } }) })
        const { error } = await timed(() => connectOnce(pool))
        await pool.end()
        assert.equal(error?.code, code)
        assert.equal(lakebase.controlPlane.credentialCalls - before, 1)
        assert.match(error.message, /projects\/test\/branches\/main\/endpoints\/primary/)
        assert.match(error.message, /DATABRICKS_TOKEN/)
        codes.push(code)
      }
      return `1 request each; ${codes.join(', ')}`
    },
  },
  {
    id: 'F9',
    fault: '`expire_time` is unreadable, past, 30 s away, 10 years away, without a zone',
    expected: 'works, without a request per connection',
    isComparable: true,
    async run(rig) {
      const at = (ms: number) => new Date(Date.now() + ms).toISOString()
      const cases = ['NaN', at(-HOUR), at(30_000), at(10 * 365 * 24 * HOUR), at(HOUR).replace('Z', '')]
      const calls: number[] = []
      for (const expireTime of cases) {
        const lakebase = await rig.start()
        lakebase.controlPlane.always({ kind: 'expireTime', expireTime })
        const pool = rig.subject.createPool(lakebase.env, { max: 2 })
        for (let i = 0; i < 10; i++) await connectOnce(pool)
        await pool.end()
        assert.ok(
          lakebase.controlPlane.credentialCalls <= 2,
          `${lakebase.controlPlane.credentialCalls} requests for '${expireTime}'`,
        )
        calls.push(lakebase.controlPlane.credentialCalls)
      }
      return `10 connects each: ${calls.join(', ')} requests`
    },
  },
  {
    id: 'F10',
    fault: 'the local clock is an hour off, or is set while running, or the laptop sleeps',
    expected: 'works',
    async run(rig) {
      for (const skewMs of [HOUR, -HOUR]) {
        const lakebase = await rig.start()
        lakebase.controlPlane.skewMs = skewMs
        const pool = createPool({ ...rig.options(lakebase.env) })
        for (let i = 0; i < 5; i++) await connectOnce(pool)
        await pool.end()
        assert.equal(lakebase.controlPlane.credentialCalls, 1)
      }
      const clock = new ManualClock()
      const serverClock = new ManualClock()
      const lakebase = await rig.start({ clock: serverClock })
      const pool = createPool({ ...rig.options(lakebase.env, { clock }) })
      rig.defer(() => pool.end())
      await connectOnce(pool)
      clock.stepWallClock(-10 * MINUTE)
      await connectOnce(pool)
      assert.equal(lakebase.controlPlane.credentialCalls, 1)
      // Asleep for two hours: for the server the time passed, for this machine's monotonic clock it did not.
      clock.stepWallClock(2 * HOUR)
      serverClock.freeze(2 * HOUR)
      await connectOnce(pool)
      await connectOnce(pool)
      assert.ok(lakebase.controlPlane.credentialCalls <= 3)
      return 'an hour off: 1 request for 5 connects; after two hours of sleep the first connect succeeds'
    },
  },
  {
    id: 'F11',
    fault: 'the cached token is refused (28P01) to 50 clients at once',
    expected: 'one forced refresh, all succeed',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start()
      const pool = rig.subject.createPool(lakebase.env, { max: 50 })
      rig.defer(() => pool.end())
      await connectOnce(pool)
      lakebase.tokens.revokeAll()
      const before = lakebase.controlPlane.credentialCalls
      const { ms, value } = await timed(() => connectAtOnce(pool, 50))
      assert.deepEqual(value, [])
      assert.equal(lakebase.controlPlane.credentialCalls - before, 1)
      return `50 of 50 in ${shown(ms)}, 1 request`
    },
  },
  {
    id: 'F12',
    fault: 'a token that was just issued is refused',
    expected: "fails at once with the server's code; with the grace for new roles it is tried again",
    async run(rig) {
      const lakebase = await rig.start()
      const stranger = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"x"}').toString('base64url')}.c2ln`
      lakebase.controlPlane.always({ kind: 'token', token: stranger })
      const pool = createPool({ ...rig.options(lakebase.env) })
      rig.defer(() => pool.end())
      const { ms, error } = await timed(() => connectOnce(pool))
      assert.equal(error?.code, '28P01')
      assert.equal(lakebase.proxy.rejected, 1)
      for (let i = 0; i < 20; i++) assert.equal((await timed(() => connectOnce(pool))).error?.code, '28P01')
      assert.ok(
        lakebase.controlPlane.credentialCalls <= 4,
        `${lakebase.controlPlane.credentialCalls} requests`,
      )
      const options = rig.options(lakebase.env, {
        credential: { ttlSeconds: 900 },
        connect: { newRoleGraceMs: 5000 },
      })
      const patient = createPool({ ...options })
      rig.defer(() => patient.end())
      lakebase.controlPlane.always(undefined)
      lakebase.proxy.asleepFor(1000, {
        at: 'login',
        action: { code: '28000', message: 'External authorization failed' },
      })
      const graceful = await timed(() => connectOnce(patient))
      assert.equal(graceful.error, undefined)
      return `28P01 after ${shown(ms)}; with the grace connected after ${shown(graceful.ms)}`
    },
  },
  {
    id: 'F13',
    fault: 'a personal access token, or junk, is given as the credential',
    expected: 'a clear local error; nothing is dialled',
    async run(rig) {
      const lakebase = await rig.start()
      for (const [index, token] of ['dapi0123456789abcdef0123456789abcdef', 'not a token'].entries()) {
        lakebase.controlPlane.always({ kind: 'token', token })
        const connector = createConnector(
          rig.options(lakebase.env, { credential: { ttlSeconds: 1000 + index } }),
        )
        rig.defer(() => connector.close())
        const { error } = await timed(() => connector.getCredential())
        assert.equal(error?.code, 'CREDENTIAL_MALFORMED')
        assert.ok(!error.message.includes(token))
      }
      assert.equal(lakebase.proxy.accepted, 0)
      return 'CREDENTIAL_MALFORMED, 0 connections'
    },
  },
]

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0
}
