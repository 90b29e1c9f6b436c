import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LakebaseError } from '../errors.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import type { IssuedCredential } from '../workspace/workspace.ts'
import type { CredentialSource, SourceCall } from './credential-source.ts'
import { TokenCache } from './token-cache.ts'

const MINUTE = 60_000

type Behaviour = 'good' | 'unavailable' | 'denied' | 'hang' | 'slow'

/** A source that does what it is told, and counts. */
class ScriptedSource implements CredentialSource {
  readonly key = 'test'
  readonly workspace = undefined
  readonly reasons: string[] = []
  behaviour: Behaviour = 'good'
  lifeMs = 60 * MINUTE
  underWay = 0
  mostUnderWay = 0
  issued = 0
  readonly #clock: ManualClock

  constructor(clock: ManualClock) {
    this.#clock = clock
  }

  async issue({ reason, signal }: SourceCall): Promise<IssuedCredential> {
    this.reasons.push(reason)
    this.mostUnderWay = Math.max(this.mostUnderWay, ++this.underWay)
    try {
      return await this.#answer(signal)
    } finally {
      this.underWay--
    }
  }

  async #answer(signal: AbortSignal): Promise<IssuedCredential> {
    if (this.behaviour === 'unavailable')
      throw new LakebaseError('CREDENTIAL_UNAVAILABLE', 'down', { isRetryable: true })
    if (this.behaviour === 'denied') throw new LakebaseError('CREDENTIAL_DENIED', 'no')
    if (this.behaviour === 'hang') await this.#clock.sleep(2 ** 40, { signal })
    if (this.behaviour === 'slow') await this.#clock.sleep(2000, { signal })
    const serverTimeMs = this.#clock.now()
    return {
      token: `e30.e30.${++this.issued}`,
      expireTime: new Date(serverTimeMs + this.lifeMs).toISOString(),
      serverTimeMs,
    }
  }
}

function setUp() {
  const clock = new ManualClock()
  const source = new ScriptedSource(clock)
  const cache = new TokenCache(source, clock, { random: () => 0.5 })
  return { clock, source, cache }
}

/** Runs time until `promise` has settled. */
async function through<T>(clock: ManualClock, promise: Promise<T>): Promise<PromiseSettledResult<T>> {
  const settled: PromiseSettledResult<T>[] = []
  promise.then(
    (value) => settled.push({ status: 'fulfilled', value }),
    (reason: unknown) => settled.push({ status: 'rejected', reason }),
  )
  for (let i = 0; i < 600 && settled.length === 0; i++) await clock.advance(100)
  const [result] = settled
  if (!result) throw new Error('it did not settle within a minute')
  return result
}

describe('a token cache', () => {
  test('asks once for everybody', async () => {
    const { cache, source } = setUp()
    const tokens = await Promise.all(Array.from({ length: 50 }, () => cache.get()))
    expect(new Set(tokens.map(({ token }) => token)).size).toBe(1)
    expect(source.reasons).toEqual(['first'])
    cache.close()
  })

  test('refreshes in the background at half of its life, and the old token is used meanwhile', async () => {
    const { cache, source, clock } = setUp()
    const first = await cache.get()
    await clock.advance(29 * MINUTE)
    expect(source.reasons).toEqual(['first'])
    source.behaviour = 'slow'
    await clock.advance(MINUTE + 1000)
    expect(source.reasons).toEqual(['first', 'refresh'])
    expect((await cache.get()).token).toBe(first.token)
    await clock.advance(2000)
    expect((await cache.get()).token).not.toBe(first.token)
    cache.close()
  })

  test('is used to its last second while the source is down, then fails fast, then recovers', async () => {
    const { cache, source, clock } = setUp()
    await cache.get()
    await clock.advance(10 * MINUTE)
    source.behaviour = 'unavailable'
    await clock.advance(50 * MINUTE - 1000)
    expect((await cache.get()).generation).toBe(1)
    const asked = source.reasons.length
    // Every two seconds at most over half an hour: not a storm.
    expect(asked).toBeLessThan(30 * 60)
    await clock.advance(2000)
    await expect(cache.get()).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' })
    const after = source.reasons.length
    for (let i = 0; i < 100; i++)
      await expect(cache.get()).rejects.toMatchObject({ code: 'CREDENTIAL_UNAVAILABLE' })
    expect(source.reasons.length - after).toBeLessThanOrEqual(1)
    source.behaviour = 'good'
    await clock.advance(2000)
    expect((await cache.get()).generation).toBe(2)
    cache.close()
  })

  test('a lost request ends at its deadline and is asked again', async () => {
    const { cache, source, clock } = setUp()
    source.behaviour = 'hang'
    const asked = cache.get()
    await clock.advance(7000)
    source.behaviour = 'good'
    const result = await through(clock, asked)
    expect(result.status).toBe('fulfilled')
    expect(source.reasons).toEqual(['first', 'first'])
    cache.close()
  })

  test('a denial is not asked again', async () => {
    const { cache, source, clock } = setUp()
    source.behaviour = 'denied'
    expect((await through(clock, cache.get())).status).toBe('rejected')
    expect(source.reasons).toHaveLength(1)
    cache.close()
  })

  test('a refused token is replaced once for all', async () => {
    const { cache, source } = setUp()
    const { generation } = await cache.get()
    const replaced = await Promise.all(Array.from({ length: 50 }, () => cache.replaceRejected(generation)))
    expect(new Set(replaced.map((each) => each?.generation))).toEqual(new Set([2]))
    expect(source.reasons).toEqual(['first', 'rejected'])
    expect((await cache.replaceRejected(generation))?.generation).toBe(2)
    cache.close()
  })

  test('refusals of new tokens do not make a storm', async () => {
    const { cache, source, clock } = setUp()
    for (let second = 0; second < 600; second++) {
      const { generation } = await cache.get()
      await cache.replaceRejected(generation)
      await clock.advance(1000)
    }
    expect(source.reasons.length).toBeLessThan(30)
    cache.close()
  })

  test('what nobody uses is not refreshed for ever', async () => {
    const { cache, source, clock } = setUp()
    await cache.get()
    await clock.advance(24 * 60 * MINUTE)
    expect(source.reasons.length).toBeLessThan(8)
    expect(clock.sleepers).toBe(0)
    await cache.get()
    cache.close()
  })

  test('a closed cache leaves no timer', async () => {
    const { cache, clock } = setUp()
    await cache.get()
    cache.close()
    await expect(cache.get()).rejects.toMatchObject({ code: 'CLOSED' })
    expect(clock.sleepers).toBe(0)
  })

  test('a caller may give up without taking the others with it', async () => {
    const { cache, source, clock } = setUp()
    source.behaviour = 'slow'
    const impatient = new AbortController()
    const [one, other] = [cache.get(impatient.signal), cache.get()]
    impatient.abort(new Error('enough'))
    await expect(one).rejects.toThrow('enough')
    expect((await through(clock, other)).status).toBe('fulfilled')
    expect(source.reasons).toHaveLength(1)
    cache.close()
  })
})

// Any schedule of faults: at most one request at a time, never a token past its end, no storm, recovery after the last fault.
test('the rules hold under any schedule of faults', async () => {
  const behaviours = fc.constantFrom<Behaviour>('good', 'unavailable', 'denied', 'hang', 'slow')
  const step = fc.record({
    behaviour: behaviours,
    advanceMs: fc.integer({ min: 0, max: 20 * MINUTE }),
    isRejected: fc.boolean(),
    askers: fc.integer({ min: 0, max: 5 }),
    lifeMs: fc.constantFrom(1000, 30_000, 10 * MINUTE, 60 * MINUTE),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const { cache, source, clock } = setUp()
      const issuedAt = new Map<string, { at: number; lifeMs: number }>()
      cache.subscribe({ refreshed: () => {}, refreshFailed: () => {} })
      const started = clock.monotonicMs()
      for (const { behaviour, advanceMs, isRejected, askers, lifeMs } of steps) {
        source.behaviour = behaviour
        source.lifeMs = lifeMs
        const asking = Array.from({ length: askers }, () => through(clock, cache.get()))
        for (const result of await Promise.all(asking)) {
          if (result.status === 'rejected') continue
          const { token, expiresAt, generation } = result.value
          const known = issuedAt.get(token) ?? {
            at: clock.monotonicMs(),
            lifeMs: expiresAt.getTime() - clock.now(),
          }
          issuedAt.set(token, known)
          if (isRejected) await through(clock, cache.replaceRejected(generation))
        }
        await clock.advance(advanceMs)
        const held = await Promise.race([
          cache.get().catch(() => undefined),
          new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
        ])
        expect(held?.expiresAt.getTime() ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(clock.now())
      }
      expect(source.mostUnderWay).toBeLessThanOrEqual(1)
      const elapsed = clock.monotonicMs() - started
      expect(source.reasons.length).toBeLessThan(elapsed / 350 + 3 * steps.length + 5)
      source.behaviour = 'good'
      source.lifeMs = 60 * MINUTE
      // The slowest: a request that hangs to its deadline, then the longest step of the backoff.
      await clock.advance(11_000)
      expect((await through(clock, cache.get())).status).toBe('fulfilled')
      cache.close()
      await clock.advance(0)
      expect(clock.sleepers).toBe(0)
    }),
    { numRuns: 60 },
  )
})
