// Keeps one credential ready. The rules:
// - one request to the source at a time, whoever asks and however many;
// - refreshed in the background from half of its life, used until the end of it, so a source that is down for a while
//   is not noticed;
// - a request has a deadline; after failures the error is remembered for a growing while, so an outage costs one request
//   per step, not one per connection;
// - time is the monotonic clock's: a wrong or stepping wall clock changes nothing. A wall clock that ran ahead of the
//   monotonic one means that the machine slept; then the token is refreshed early, and the server decides about it;
// - a token the server refused is replaced once, however many connections it was refused to: the generation tells.
import { backoffMs, standardBackoff } from '../backoff.ts'
import { abortReason, untilAborted } from '../clock.ts'
import type { Clock } from '../clock.ts'
import { LakebaseError, codeOf, messageOf } from '../errors.ts'
import { credentialLifeMs, tokenFault } from './credential-life.ts'
import type { CredentialReason, CredentialSource } from './credential-source.ts'

const ROUND_TRIES = 3
/** A Retry-After longer than this is not waited for: the callers get the error, and the next request waits. */
const LONGEST_WAIT_MS = 10_000
const MAX_FORCED_PAUSE_MS = 30_000

/** A database credential, ready to be used as the password. */
export interface Credential {
  readonly token: string
  /** By this machine's wall clock. */
  readonly expiresAt: Date
  /** Counts up with every new token of this cache. */
  readonly generation: number
}

export interface CacheEvents {
  refreshed(event: { generation: number; lifeMs: number; durationMs: number; reason: CredentialReason }): void
  refreshFailed(event: { code: string; message: string; failures: number; reason: CredentialReason }): void
}

export interface CacheOptions {
  /** The part of the life after which the background refresh begins; ±10 % of it by chance. Default 0.5. */
  refreshAt?: number | undefined
  /** One request's deadline, in ms. Default 8000. */
  timeoutMs?: number | undefined
  ttlSeconds?: number | undefined
  random?: (() => number) | undefined
}

interface Held extends Credential {
  readonly lifeMs: number
  readonly obtainedAtMs: number
  readonly obtainedAtWallMs: number
  readonly refreshAtMs: number
}

interface Failure {
  readonly error: LakebaseError
  readonly until: number
  readonly count: number
}

export interface CacheCounters {
  requests: number
  refreshes: number
  failures: number
  forced: number
}

export class TokenCache {
  readonly counters: CacheCounters = { requests: 0, refreshes: 0, failures: 0, forced: 0 }
  readonly #source: CredentialSource
  readonly #clock: Clock
  readonly #options: CacheOptions
  readonly #listeners = new Set<CacheEvents>()
  readonly #closing = new AbortController()
  #held: Held | undefined
  #flight: Promise<Held> | undefined
  #failure: Failure | undefined
  #generation = 0
  #usedAtMs = 0
  #timer: AbortController | undefined
  /** Forced refreshes since a token was last accepted, and when the next one may be. */
  #forcedInVain = 0
  #nextForcedAtMs = 0

  constructor(source: CredentialSource, clock: Clock, options: CacheOptions = {}) {
    this.#source = source
    this.#clock = clock
    this.#options = options
  }

  subscribe(listener: CacheEvents): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** A usable credential: the held one while it lives, else a new one. `isFresh`: it was issued during this call. */
  async get(signal?: AbortSignal): Promise<Credential & { isFresh: boolean }> {
    if (this.#closing.signal.aborted) throw abortReason(this.#closing.signal)
    this.#usedAtMs = this.#clock.monotonicMs()
    const held = this.#usable()
    if (held) {
      if (this.#isDue(held)) this.#refreshInBackground()
      return { ...held, isFresh: false }
    }
    // A refresh under way may be one that does not keep the process alive; whoever waits for it does.
    const alive = setInterval(() => {}, 1 << 30)
    try {
      return { ...(await untilAborted(this.#request('first', false), signal)), isFresh: true }
    } finally {
      clearInterval(alive)
    }
  }

  /** A new credential from the source, even when the held one is good; requests under way are shared. */
  async refresh(signal?: AbortSignal): Promise<Credential> {
    return untilAborted(this.#request('refresh', false), signal)
  }

  /**
   * The server refused the token of this generation. Resolves to another one to try, or to undefined when there is no
   * point: the token was new, or new tokens were refused a moment ago.
   */
  async replaceRejected(generation: number, signal?: AbortSignal): Promise<Credential | undefined> {
    const held = this.#usable()
    if (held && held.generation > generation) return held
    if (!this.#flight) {
      const now = this.#clock.monotonicMs()
      if (now < this.#nextForcedAtMs) return undefined
      const pause =
        this.#forcedInVain === 0 ? 0 : Math.min(MAX_FORCED_PAUSE_MS, 1000 * 2 ** (this.#forcedInVain - 1))
      this.#forcedInVain++
      this.#nextForcedAtMs = now + pause
      this.counters.forced++
    }
    return untilAborted(this.#request('rejected', false), signal)
  }

  /** The server took a token of this cache: the next refusal may be answered with a new one at once. */
  accepted(): void {
    this.#forcedInVain = 0
    this.#nextForcedAtMs = 0
  }

  /** Ends the background refresh and aborts a request under way. */
  close(): void {
    this.#timer?.abort()
    this.#closing.abort(new LakebaseError('CLOSED', 'the connector is closed'))
    this.#held = undefined
  }

  #usable(): Held | undefined {
    const held = this.#held
    return held && this.#clock.monotonicMs() - held.obtainedAtMs < held.lifeMs ? held : undefined
  }

  #isDue(held: Held): boolean {
    return this.#clock.monotonicMs() >= held.refreshAtMs || this.#machineSlept(held)
  }

  /** The wall clock says that the life is over and the monotonic clock disagrees: suspended, or the clock was set. */
  #machineSlept(held: Held): boolean {
    return this.#clock.now() - held.obtainedAtWallMs >= held.lifeMs
  }

  #refreshInBackground(): void {
    if (this.#flight || this.#isInPause()) return
    this.#request('refresh', true).catch(() => this.#scheduleRetry())
  }

  #isInPause(): boolean {
    return this.#failure !== undefined && this.#clock.monotonicMs() < this.#failure.until
  }

  #request(reason: CredentialReason, background: boolean): Promise<Held> {
    if (this.#flight) return this.#flight
    if (this.#failure && this.#isInPause()) return Promise.reject(this.#failure.error)
    const flight = this.#round(reason, background).finally(() => {
      if (this.#flight === flight) this.#flight = undefined
    })
    this.#flight = flight
    return flight
  }

  /** Up to three tries when nothing failed before; after a failure one per step of the backoff. */
  async #round(reason: CredentialReason, background: boolean): Promise<Held> {
    const tries = this.#failure || background ? 1 : ROUND_TRIES
    for (let tried = 1; ; tried++) {
      const startedAtMs = this.#clock.monotonicMs()
      try {
        const held = await this.#try(reason, background)
        this.#adopt(held)
        const event = { generation: held.generation, lifeMs: held.lifeMs, reason }
        const durationMs = this.#clock.monotonicMs() - startedAtMs
        for (const each of this.#listeners) each.refreshed({ ...event, durationMs })
        return held
      } catch (error) {
        if (this.#closing.signal.aborted) throw abortReason(this.#closing.signal)
        const failure = asLakebaseError(error)
        this.counters.failures++
        const wait = failure.retryAfterMs ?? backoffMs(tried, standardBackoff, this.#options.random)
        const isLast = tried >= tries || !failure.isRetryable || wait > LONGEST_WAIT_MS
        if (isLast) this.#remember(failure)
        const event = {
          code: failure.code,
          message: failure.message,
          failures: this.#failure?.count ?? tried,
          reason,
        }
        for (const each of this.#listeners) each.refreshFailed(event)
        if (isLast) throw failure
        await this.#clock.sleep(wait, { signal: this.#closing.signal, background })
      }
    }
  }

  async #try(reason: CredentialReason, background: boolean): Promise<Held> {
    const timeoutMs = this.#options.timeoutMs ?? 8000
    const late = new AbortController()
    const signal = AbortSignal.any([late.signal, this.#closing.signal])
    const timeout = new LakebaseError('CREDENTIAL_UNAVAILABLE', `no credential within ${timeoutMs} ms`, {
      isRetryable: true,
    })
    const over = new AbortController()
    // The source is told to stop, and not waited for if it does not listen.
    this.#clock.sleep(timeoutMs, { signal: over.signal, background }).then(
      () => late.abort(timeout),
      () => {},
    )
    try {
      this.counters.requests++
      const obtainedAtMs = this.#clock.monotonicMs()
      const issued = await untilAborted(this.#source.issue({ reason, signal, timeoutMs, background }), signal)
      const fault = typeof issued.token === 'string' ? tokenFault(issued.token) : 'it is not a string'
      if (fault)
        throw new LakebaseError(
          'CREDENTIAL_MALFORMED',
          `the credential cannot be used as a password: ${fault}`,
        )
      const lifeMs = credentialLifeMs(issued, this.#options.ttlSeconds, this.#clock.now())
      return this.#hold(issued.token, lifeMs, obtainedAtMs)
    } finally {
      over.abort()
    }
  }

  #hold(token: string, lifeMs: number, obtainedAtMs: number): Held {
    const random = this.#options.random ?? Math.random
    const jitter = 0.9 + 0.2 * random()
    const obtainedAtWallMs = this.#clock.now() - (this.#clock.monotonicMs() - obtainedAtMs)
    return {
      token,
      lifeMs,
      generation: ++this.#generation,
      obtainedAtMs,
      obtainedAtWallMs,
      expiresAt: new Date(obtainedAtWallMs + lifeMs),
      refreshAtMs: obtainedAtMs + lifeMs * Math.min(0.95, (this.#options.refreshAt ?? 0.5) * jitter),
    }
  }

  #adopt(held: Held): void {
    this.#held = held
    this.#failure = undefined
    this.counters.refreshes++
    this.#wakeAt(held.refreshAtMs)
  }

  #remember(error: LakebaseError): void {
    const count = (this.#failure?.count ?? 0) + 1
    const step = backoffMs(count + 2, standardBackoff, this.#options.random)
    this.#failure = {
      error,
      count,
      until: this.#clock.monotonicMs() + Math.max(step, error.retryAfterMs ?? 0),
    }
  }

  #scheduleRetry(): void {
    if (this.#failure && this.#usable()) this.#wakeAt(this.#failure.until)
  }

  /** Refreshes at that time unless nobody asked for a token for two lives: then the next one who asks will wait. */
  #wakeAt(atMs: number): void {
    this.#timer?.abort()
    const timer = new AbortController()
    this.#timer = timer
    const delay = Math.max(1, atMs - this.#clock.monotonicMs())
    this.#clock.sleep(delay, { signal: timer.signal, background: true }).then(
      () => {
        const held = this.#held
        if (held && this.#clock.monotonicMs() - this.#usedAtMs < 2 * held.lifeMs) this.#refreshInBackground()
      },
      () => {},
    )
  }
}

function asLakebaseError(error: unknown): LakebaseError {
  if (error instanceof LakebaseError) return error
  const message = `the credential provider failed: ${messageOf(error) || codeOf(error)}`
  return new LakebaseError('CREDENTIAL_UNAVAILABLE', message, { cause: error, isRetryable: true })
}
