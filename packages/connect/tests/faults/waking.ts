// F14 to F17, F22: an endpoint that sleeps, refuses, is full, or cannot be found.
import assert from 'node:assert/strict'
import dns from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { createConnector } from '../../src/index.ts'
import { createPool } from '../../src/pg/index.ts'
import type { ConnectionFault } from '../../src/testing/index.ts'
import { connectAtOnce, connectOnce, shown, timed, wait } from './measure.ts'
import type { Scenario } from './scenario.ts'

const starting: ConnectionFault = {
  at: 'login',
  action: { code: '57P03', message: 'the database system is starting up' },
}

export const wakingScenarios: readonly Scenario[] = [
  {
    id: 'F14',
    fault:
      'the endpoint is asleep: refuses with 57P03, resets, says nothing, holds the login for 0.3 s or 20 s',
    expected: 'succeeds within the budget, with one probe at a time',
    async run(rig) {
      const results: string[] = []
      const cases: readonly [string, ConnectionFault, number][] = [
        ['57P03', starting, 1500],
        ['reset', { at: 'accept', action: 'reset' }, 1500],
        ['silence', { at: 'startup', action: 'silence' }, 1500],
        ['held 0.3 s', { at: 'login', action: { holdMs: 300 } }, 0],
        ['held 20 s', { at: 'login', action: { holdMs: 20_000 } }, 0],
      ]
      await Promise.all(
        cases.map(async ([name, fault, asleepMs]) => {
          const lakebase = await rig.start()
          const connect = name === 'silence' ? { connect: { loginTimeoutMs: 700 } } : {}
          const pool = createPool({ ...rig.options(lakebase.env, connect), max: 20 })
          rig.defer(() => pool.end())
          await pool.connector.getCredential()
          if (asleepMs > 0) lakebase.proxy.asleepFor(asleepMs, fault)
          else lakebase.proxy.next(...Array.from({ length: 20 }, () => fault))
          const { ms, value } = await timed(() => connectAtOnce(pool, 20))
          assert.deepEqual(value, [], name)
          const attempts = lakebase.proxy.accepted
          // Those who came before anything was known dial together; then one at a time until it is awake.
          assert.ok(attempts <= 60, `${name}: ${attempts} dials for 20 connections`)
          results.push(`${name}: 20 of 20 in ${shown(ms)}, ${attempts} dials`)
        }),
      )
      return results.join('; ')
    },
  },
  {
    id: 'F15',
    fault: 'the endpoint is disabled, or unknown, or the host is wrong',
    expected: 'one clear error, no storm of retries',
    async run(rig) {
      const lakebase = await rig.start()
      const results: string[] = []
      for (const message of [
        'Control plane request failed: endpoint is disabled',
        'Control plane request failed: endpoint cannot be found',
      ]) {
        lakebase.proxy.always({ at: 'login', action: { code: '08006', message } })
        const before = lakebase.proxy.accepted
        const pool = createPool({ ...rig.options(lakebase.env) })
        const { ms, error } = await timed(() => connectOnce(pool))
        await pool.end()
        assert.equal(error?.message, message)
        assert.equal(lakebase.proxy.accepted - before, 1)
        results.push(`'${message.slice(30)}' after ${shown(ms)}`)
      }
      const lost = createPool({ ...rig.options({ ...lakebase.env, PGHOST: 'no-such-host.invalid' }) })
      rig.defer(() => lost.end())
      const { ms, error } = await timed(() => connectOnce(lost))
      assert.equal(error?.code, 'CONNECT_FAILED')
      assert.match(error.message, /no-such-host\.invalid/)
      results.push(`unknown host after ${shown(ms)}`)
      lakebase.proxy.always(undefined)
      const other = createConnector(rig.options({ ...lakebase.env, PGHOST: 'localhost' }))
      rig.defer(() => other.close())
      const mismatch = await timed(() => other.ready())
      assert.equal(mismatch.error?.code, 'HOST_MISMATCH')
      return `${results.join(', ')}; another endpoint's host: HOST_MISMATCH from ready()`
    },
  },
  {
    id: 'F16',
    fault: 'an endpoint that is being suspended denies, then wakes',
    expected: 'succeeds',
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start()
      const pool = rig.subject.createPool(lakebase.env, { max: 5 })
      rig.defer(() => pool.end())
      lakebase.proxy.next(
        { at: 'login', action: { code: '57P03', message: 'the database system is shutting down' } },
        { at: 'login', action: { code: '08006', message: "Couldn't connect to compute node" } },
        { at: 'accept', action: 'reset' },
        { at: 'login', action: { holdMs: 300 } },
      )
      const { ms, error } = await timed(() => connectOnce(pool))
      assert.equal(error, undefined)
      return `connected after ${shown(ms)}, 3 denials and a held login`
    },
  },
  {
    id: 'F17',
    fault: 'too many connections (53300)',
    expected: "tried again with growing pauses within the budget, then the server's own error",
    isComparable: true,
    async run(rig) {
      const lakebase = await rig.start()
      const full: ConnectionFault = {
        at: 'login',
        action: { code: '53300', message: 'sorry, too many clients already' },
      }
      lakebase.proxy.next(full, full)
      const pool = rig.subject.createPool(lakebase.env, { max: 2 })
      rig.defer(() => pool.end())
      const passing = await timed(() => connectOnce(pool))
      assert.equal(passing.error, undefined)
      const stuck = createPool({ ...rig.options(lakebase.env, { connect: { timeoutMs: 1500 } }) })
      rig.defer(() => stuck.end())
      lakebase.proxy.always(full)
      const before = lakebase.proxy.accepted
      const { ms, error } = await timed(() => connectOnce(stuck))
      assert.equal(error?.code, '53300')
      const attempts = lakebase.proxy.accepted - before
      assert.ok(attempts >= 2 && attempts < 20, `${attempts} attempts`)
      return `connected after ${shown(passing.ms)} when it passed; 53300 after ${shown(ms)} and ${attempts} attempts when it did not`
    },
  },
  {
    id: 'F22',
    fault: 'DNS fails for a moment, an address moves, IPv6 leads nowhere',
    expected: 'tried again; the other address is used',
    async run(rig) {
      const lakebase = await rig.start()
      const results: string[] = []
      const cases: readonly [string, readonly (LookupAddress[] | string)[]][] = [
        ['DNS failed twice', ['EAI_AGAIN', 'ENOTFOUND', [v4]]],
        [
          'the address moved',
          [[{ address: '127.0.0.9', family: 4 }], [{ address: '127.0.0.9', family: 4 }], [v4]],
        ],
        ['no IPv6', [[{ address: '::1', family: 6 }, v4]]],
      ]
      for (const [name, answers] of cases) {
        const restore = scriptLookups('lakebase.test', answers)
        const options = rig.options(
          { ...lakebase.env, PGHOST: 'lakebase.test' },
          { tls: { serverName: 'localhost' } },
        )
        const pool = createPool({ ...options })
        const { ms, error } = await timed(() => connectOnce(pool))
        await pool.end()
        restore()
        assert.equal(error, undefined, `${name}: ${error?.message}`)
        results.push(`${name}: connected after ${shown(ms)}`)
        await wait(1)
      }
      return results.join('; ')
    },
  },
]

const v4: LookupAddress = { address: '127.0.0.1', family: 4 }

type LookupCallback = (error: Error | null, addresses?: LookupAddress[] | string, family?: number) => void

/** Answers lookups of one name from a list, the last entry for ever; other names as usual. */
function scriptLookups(name: string, answers: readonly (LookupAddress[] | string)[]): () => void {
  const original = dns.lookup
  let asked = 0
  const scripted = (host: string, options: { all?: boolean }, callback: LookupCallback) => {
    if (host !== name) {
      original(host, options, callback as never)
      return
    }
    const answer = answers[Math.min(asked++, answers.length - 1)] ?? []
    if (typeof answer === 'string') {
      process.nextTick(callback, Object.assign(new Error(`getaddrinfo ${answer} ${host}`), { code: answer }))
    } else if (options.all) process.nextTick(callback, null, answer)
    else process.nextTick(callback, null, answer[0]?.address, answer[0]?.family)
  }
  dns.lookup = scripted as unknown as typeof dns.lookup
  return () => {
    dns.lookup = original
  }
}
