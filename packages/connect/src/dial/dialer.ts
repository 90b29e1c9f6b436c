// From "connect" to a logged-in connection: waits at the gate, gets a token, opens the transport, logs in, and does it
// again while that makes sense and there is time. Nothing has been sent by the app at this point, so repeating is safe;
// after the login nothing is ever repeated.
import type { Socket } from 'node:net'
import { backoffMs } from '../backoff.ts'
import { untilAborted } from '../clock.ts'
import type { Clock } from '../clock.ts'
import type { TokenCache } from '../credentials/token-cache.ts'
import { LakebaseError, codeOf, messageOf } from '../errors.ts'
import type { Attempt } from '../errors.ts'
import { ServerRefusal, judge } from './failures.ts'
import type { ConnectFailure } from './connect-failure.ts'
import { describeFailure, DialFailure, TokenRejected } from './dial-failure.ts'
import type { Verdict } from './failures.ts'
import type { Finding, Gate, Ticket } from './gate.ts'
import { login } from './login.ts'
import { PhaseLimit } from './phase-limit.ts'
import type { LoginResult } from './login.ts'
import type { TlsOptions } from './tls.ts'
import { openTransport } from './transport.ts'
import type { Address } from './transport.ts'

/** A name that does not resolve is tried this often, then believed. */
const RESOLVE_TRIES = 4
/** After so long in front of the gate the token is looked at again, in ms. */
const STALE_AFTER_MS = 1000

export interface DialEvents {
  retry(event: { attempt: number; code: string; delayMs: number }): void
  rejected(event: { code: string; generation: number }): void
  woke(event: { durationMs: number; attempts: number }): void
  connected(event: { durationMs: number; attempts: number }): void
  failed(event: { durationMs: number; attempts: number; code: string }): void
}

export interface DialOptions {
  readonly address: Address
  readonly tls: TlsOptions
  /** Undefined: the driver has a password of its own and answers the server itself. */
  readonly tokens: TokenCache | undefined
  readonly gate: Gate
  readonly clock: Clock
  /** All attempts together, in ms. */
  readonly timeoutMs: number
  /** One attempt's TCP and TLS, in ms. */
  readonly attemptTimeoutMs: number
  /** How long a login may be held, in ms: an endpoint that wakes holds it until it is up. */
  readonly loginTimeoutMs: number
  /** For how long after the first refusal a role or branch that was just made is given, in ms. */
  readonly newRoleGraceMs: number
  readonly retryOn: ((failure: ConnectFailure) => boolean | undefined) | undefined
  readonly events: DialEvents
}

export interface Dialled extends LoginResult {
  readonly socket: Socket
}

/** Connects and logs in with this startup packet. Rejects with DialFailure. */
export async function dial(startup: Buffer, options: DialOptions, signal: AbortSignal): Promise<Dialled> {
  return new Dial(startup, options, signal).run()
}

const findings: Readonly<Record<Verdict, Finding>> = {
  wake: 'asleep',
  busy: 'awake',
  token: 'other',
  resolve: 'other',
  final: 'other',
}

class Dial {
  readonly #startup: Buffer
  readonly #options: DialOptions
  readonly #signal: AbortSignal
  readonly #startedAtMs: number
  readonly #attempts: Attempt[] = []
  #phase: Attempt['phase'] = 'waiting'
  #hasReplacedToken = false
  #foundAsleep = false
  #lastFailure: unknown

  constructor(startup: Buffer, options: DialOptions, signal: AbortSignal) {
    this.#startup = startup
    this.#options = options
    this.#signal = signal
    this.#startedAtMs = options.clock.monotonicMs()
  }

  async run(): Promise<Dialled> {
    const { clock, timeoutMs } = this.#options
    const over = new AbortController()
    const budget = new AbortController()
    clock.sleep(timeoutMs, { signal: over.signal }).then(
      () => budget.abort(new LakebaseError('CONNECT_TIMEOUT', `no connection within ${timeoutMs} ms`)),
      () => {},
    )
    const signal = AbortSignal.any([this.#signal, budget.signal])
    try {
      return await this.#tryUntil(signal)
    } catch (error) {
      throw this.#failure(error, budget.signal)
    } finally {
      over.abort()
    }
  }

  async #tryUntil(signal: AbortSignal): Promise<Dialled> {
    for (;;) {
      const startedAt = new Date(this.#options.clock.now())
      const startedAtMs = this.#options.clock.monotonicMs()
      try {
        const dialled = await this.#attempt(signal)
        this.#succeeded()
        return dialled
      } catch (error) {
        const durationMs = this.#options.clock.monotonicMs() - startedAtMs
        this.#attempts.push({
          phase: this.#phase,
          startedAt,
          durationMs,
          code: codeOf(error),
          message: messageOf(error),
        })
        if (signal.aborted) throw error
        this.#lastFailure = error
        const delayMs = await this.#delayBeforeNext(error, signal)
        this.#options.events.retry({ attempt: this.#attempts.length, code: codeOf(error), delayMs })
        if (delayMs > 0) await this.#options.clock.sleep(delayMs, { signal })
      }
    }
  }

  async #attempt(signal: AbortSignal): Promise<Dialled> {
    const { gate, clock, tokens } = this.#options
    this.#phase = 'credential'
    // Before the gate: nobody should hold up others while waiting for the control plane.
    let credential = await tokens?.get(signal)
    this.#phase = 'waiting'
    const ticket = await gate.enter(clock, signal)
    try {
      if (ticket.waitedMs > STALE_AFTER_MS) {
        const earlier = credential
        credential = await tokens?.get(signal)
        if (credential && earlier?.generation === credential.generation) credential = earlier
      }
      return await this.#connectAndLogin(credential, ticket, signal)
    } catch (error) {
      const verdict = this.#verdict(error)
      if (verdict === 'wake') this.#foundAsleep = true
      ticket.leave(findings[verdict], error)
      throw error
    }
  }

  async #connectAndLogin(
    credential: Awaited<ReturnType<TokenCache['get']>> | undefined,
    ticket: Ticket,
    signal: AbortSignal,
  ): Promise<Dialled> {
    const { address, tls, clock, attemptTimeoutMs, loginTimeoutMs, tokens } = this.#options
    const limits = new PhaseLimit(clock, signal)
    try {
      limits.start(attemptTimeoutMs)
      const socket = await openTransport({
        ...address,
        tls,
        signal: limits.signal,
        onPhase: (phase) => {
          this.#phase = phase
        },
      })
      try {
        this.#phase = 'login'
        limits.start(loginTimeoutMs)
        const result = await untilAborted(login(socket, this.#startup, credential?.token), limits.signal)
        ticket.leave('awake')
        if (credential && result.isDone) tokens?.accepted()
        return { ...result, socket }
      } catch (error) {
        socket.destroy()
        if (credential && this.#verdict(error) === 'token') throw new TokenRejected(error, credential)
        throw error
      }
    } finally {
      limits.end()
    }
  }

  #verdict(error: unknown): Verdict {
    return error instanceof LakebaseError ? 'final' : judge(error)
  }

  /** How long to wait before the next attempt; rejects with the failure when there is to be none. */
  async #delayBeforeNext(failure: unknown, signal: AbortSignal): Promise<number> {
    const error = failure instanceof TokenRejected ? failure.refusal : failure
    const verdict = this.#verdict(error)
    const choice = this.#options.retryOn?.({
      code: codeOf(error),
      message: messageOf(error),
      attempt: this.#attempts.length,
    })
    if (choice === false) throw error
    switch (verdict) {
      case 'wake':
        // The gate spaces out the attempts.
        return 0
      case 'busy':
        return backoffMs(this.#attempts.length)
      case 'resolve':
        if (this.#attempts.length >= RESOLVE_TRIES && choice !== true) throw error
        return backoffMs(this.#attempts.length)
      case 'token':
        return this.#delayAfterRejection(failure, signal)
      case 'final':
        if (choice !== true) throw error
        return backoffMs(this.#attempts.length)
    }
  }

  /** One forced refresh when the refused token came out of the cache; then the server's word stands, but for the grace. */
  async #delayAfterRejection(failure: unknown, signal: AbortSignal): Promise<number> {
    if (!(failure instanceof TokenRejected)) throw failure
    const { credential, refusal } = failure
    this.#options.events.rejected({ code: refusal.code, generation: credential.generation })
    if (!this.#hasReplacedToken && !credential.isFresh) {
      this.#hasReplacedToken = true
      const other = await this.#replacement(failure, signal)
      if (other) return 0
    }
    const elapsedMs = this.#options.clock.monotonicMs() - this.#startedAtMs
    if (elapsedMs < this.#options.newRoleGraceMs) return backoffMs(this.#attempts.length + 2)
    throw refusal
  }

  async #replacement({ credential, refusal }: TokenRejected, signal: AbortSignal) {
    try {
      return await this.#options.tokens?.replaceRejected(credential.generation, signal)
    } catch (error) {
      if (signal.aborted || !(error instanceof LakebaseError)) throw error
      const { isRetryable, httpStatus, retryAfterMs } = error
      throw new LakebaseError(
        error.code,
        `the server refused the token (${refusal.code} ${refusal.message}) and there is no other: ${error.message}`,
        { cause: error, isRetryable, httpStatus, retryAfterMs },
      )
    }
  }

  #succeeded(): void {
    const event = {
      durationMs: this.#options.clock.monotonicMs() - this.#startedAtMs,
      attempts: this.#attempts.length + 1,
    }
    if (this.#foundAsleep) this.#options.events.woke(event)
    this.#options.events.connected(event)
  }

  #failure(error: unknown, budget: AbortSignal): DialFailure {
    const durationMs = this.#options.clock.monotonicMs() - this.#startedAtMs
    const last = budget.aborted ? (this.#options.gate.lastError ?? this.#lastFailure ?? error) : error
    const cause = last instanceof TokenRejected ? last.refusal : last
    const refusal = cause instanceof ServerRefusal ? cause : undefined
    this.#options.events.failed({ durationMs, attempts: this.#attempts.length, code: codeOf(cause) })
    const { address, timeoutMs } = this.#options
    const ending = {
      given: this.#signal,
      budget,
      address,
      timeoutMs,
      attempts: this.#attempts,
      phase: this.#phase,
    }
    return new DialFailure(describeFailure(cause, ending), refusal)
  }
}
